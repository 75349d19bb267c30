import msgspec
import pytest

from report import sample
from whosaw.model import Cause
from whosaw.report import identity


def test_a_fingerprint_stays_when_the_rank_and_the_counts_change():
    before = sample.enriched()
    after = msgspec.structs.replace(before, id="INC-9", disclosures=before.disclosures + 5, evidence=[])
    assert identity.fingerprint(before) == identity.fingerprint(after)


def test_another_cause_or_beginning_is_another_incident():
    before = sample.enriched()
    other = msgspec.structs.replace(before, cause=Cause("header", "x-msisdn"))
    later = msgspec.structs.replace(before, since=sample.at("2012-06-01T00:00:00"))
    assert len({identity.fingerprint(i) for i in (before, other, later)}) == 3


@pytest.mark.parametrize(
    ("text", "file", "line"),
    [
        ("logs/gw-1.log:118204", "logs/gw-1.log", 118_204),
        ("a:b.log:7", "a:b.log", 7),
        ("no-line.log", "no-line.log", None),
        ("zero.log:0", "zero.log:0", None),
        ("word.log:x", "word.log:x", None),
        ("other-digits.log:\u0664", "other-digits.log:\u0664", None),
    ],
)
def test_an_address_is_a_file_and_a_line(text, file, line):
    assert identity.address(text) == (file, line)
