"""No mask contains its value, and a masked text holds nothing that could be recognised."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.identifiers import WRAPPINGS, mask, mask_runs, profile, recognise, spellings

UK = profile("GB", ["4477009"], networks=["23410"])
OWN = st.integers(0, 99_999).map(lambda n: f"4477009{n:05}")


@pytest.mark.parametrize(
    ("value", "kind", "masked"),
    [
        ("447700900123", "msisdn", "4477…23"),
        ("+447700900123", "", "+4477…23"),
        ("07700900123", "", "0770…23"),
        ("90012345", "", "90…5"),
        ("123456", "", "1…6"),
        ("123", "", "…"),
        ("a", "", "…"),
        ("ann.other@portal.example", "email", "a…@p….example"),
        ("a@b.example", "", "…@….example"),
        ("LTD-0001234", "account", "L…4"),
        ("…", "", "***"),
        ("***", "", "…"),
        ("*", "", "…"),
    ],
)
def test_masks_show_little_and_always_the_same(value, kind, masked):
    assert mask(value, kind) == masked


@given(st.text(min_size=1), st.sampled_from(["", "msisdn", "email", "account"]))
def test_no_mask_contains_its_value(value, kind):
    assert value not in mask(value, kind)


@given(st.text(alphabet="0123456789", min_size=1, max_size=25))
def test_four_digits_of_a_number_are_hidden_and_all_of_a_short_one(digits):
    shown = len(re.findall("[0-9]", mask(digits)))
    assert shown <= len(digits) - 4 if len(digits) >= 7 else shown <= (2 if len(digits) > 3 else 0)


@given(OWN, st.lists(st.sampled_from(WRAPPINGS), min_size=1, max_size=2), st.integers(0, 4))
def test_a_masked_text_holds_no_number_in_any_wrapping(number, path, spelling):
    text = spellings(number, UK)[spelling]
    for wrapping in path:
        text = wrapping.wrap(text)
    masked = mask_runs(f"rejected: GET /x?ref={text}&y=1 from host.example")
    assert recognise(masked, UK) == []
    assert not re.search("[0-9]{7}", masked)
    assert "host.example" in masked


@given(st.text(), st.binary())
def test_masking_never_raises_and_leaves_no_long_run(text, raw):
    for any_text in (text, raw.decode("latin-1"), raw.decode("utf-8", "surrogateescape")):
        assert not re.search("[0-9]{7}", mask_runs(any_text))
        mask(any_text)


def test_spaced_numbers_and_emails_are_masked():
    assert mask_runs("call +44 7700 900123 or ann.other@portal.example") == "call +4477…23 or a…@p….example"


def test_a_digest_is_masked_since_it_is_undone_in_minutes():
    digest = hashlib.new("md5", b"447700900123", usedforsecurity=False).hexdigest()
    assert digest not in mask_runs(f"h={digest}")


def test_dates_addresses_and_words_stay_readable():
    text = "10.1.2.3 - - [12/Jan/2012:10:00:05 +0000] 2012-01-12T10:00:05Z GET /bills/8812 HTTP/1.1 200 512"
    assert mask_runs(text) == text


def test_a_token_too_long_to_look_into_is_masked():
    assert len(mask_runs("x" * 5000)) < 10
