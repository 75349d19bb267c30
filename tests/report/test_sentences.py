import msgspec
import pytest

from report import sample
from whosaw.model import ReadCounts, Recipients, Severity, Verdicts
from whosaw.report import sentences
from whosaw.report.sentences import State


@pytest.mark.parametrize(
    ("result", "state"),
    [(sample.rich, State.FOUND), (sample.clean, State.CLEAN), (sample.unjudged, State.UNJUDGED), (sample.empty, State.NOT_READ)],
)
def test_nothing_found_never_looks_like_not_looked_at(result, state):
    head = sentences.headline(result())
    assert head.state is state
    assert bool(head.warnings) == (state in {State.UNJUDGED, State.NOT_READ})


def test_lines_that_show_nobody_are_not_a_clean_answer():
    result = msgspec.structs.replace(sample.clean(), read=ReadCounts(50, 0, 0, 50), verdicts=Verdicts(0, 0, 0))
    head = sentences.headline(result)
    assert head.state is State.NOT_SHOWN
    assert "not a finding that all was well" in head.warnings[0]
    assert sentences.doubts(result)[0].kind == "not looked at"


def test_the_sentence_says_how_often_in_how_many_incidents_since_when_and_for_how_many():
    assert sentences.headline(sample.rich()).sentence == (
        "Customer data was shown without an entitlement on file: 49,014 disclosures in 5 incidents, from 2012-01-04 00:05 UTC or earlier "
        "to 2012-01-25 14:02 UTC. The largest concerns at least 31,884 and at most 35,940 customers."
    )


def test_a_start_that_is_sure_is_not_told_as_or_earlier():
    result = msgspec.structs.replace(sample.rich(), incidents=[sample.lookup()])
    sentence = sentences.headline(result).sentence
    assert "or earlier" not in sentence
    assert sentence.endswith("It concerns exactly 1 customer.")


def test_an_incident_that_may_have_begun_before_the_first_certain_one_makes_the_start_unsure():
    late = msgspec.structs.replace(sample.enriched(), since_earliest=sample.at("2012-01-01T00:00:00"))
    result = msgspec.structs.replace(sample.rich(), incidents=[sample.lookup(), late])
    assert "from 2012-01-08 10:41 UTC or earlier" in sentences.headline(result).sentence


def test_repairs_alone_are_no_incident():
    result = msgspec.structs.replace(sample.rich(), incidents=[], verdicts=Verdicts(10, 32, 0))
    assert sentences.headline(result).sentence.startswith("No incident was found in what could be judged; 32 disclosures")


def test_poor_coverage_is_said_before_the_verdict():
    shown = sample.rich().read.disclosures
    result = msgspec.structs.replace(sample.rich(), verdicts=Verdicts(100, 49_046, shown - 49_146))
    assert sentences.headline(result).warnings[0].startswith("Only 4.7 % of what was shown could be judged")


def test_many_unreadable_lines_are_said_before_the_verdict():
    read = sample.clean().read
    result = msgspec.structs.replace(sample.clean(), read=ReadCounts(read.lines + 90_000, read.disclosures, 90_000, read.other))
    assert sentences.headline(result).warnings == ("9.0 % of the lines could not be read: 90,000 of 1,004,320.",)


def test_every_doubt_is_told_with_its_count():
    told = [(doubt.kind, doubt.text) for doubt in sentences.doubts(sample.rich())]
    kinds = [kind for kind, _ in told]
    assert kinds == ["cannot judge", "cannot judge", "empty source", "no log", "no log", "no log", "unreadable", "note", "note"]
    assert told[3][1] == "`gw-2` has no lines from 2012-01-09 23:00 UTC to 2012-01-10 02:14 UTC (3 h 14 min, about 4,812 lines expected)"
    assert told[4][1].endswith("(2 d 6 h, known to the operator)")


def test_many_gaps_of_one_source_are_summed_up():
    source = sample.coverage()[1]
    many = msgspec.structs.replace(source, gaps=source.gaps * 2)
    assert sentences.gaps(many) == ["`gw-2` has 4 gaps, 4 d 18 h in all; the longest from 2012-01-27 00:00 UTC to 2012-01-29 06:00 UTC"]


def test_since_when_tells_certain_from_possible():
    assert sentences.began(sample.mixup()) == "2012-01-17 08:31 UTC certain"
    assert sentences.began(sample.enriched()) == "2012-01-10 02:14 UTC certain; possible from 2012-01-09 23:00 UTC"
    assert sentences.began(sample.walk()) == "2012-01-04 00:05 UTC certain; possibly older than the logs reach"


def test_recipients_are_told_by_kind_the_most_first():
    assert sentences.recipients(sample.foreign().recipients) == "22 recipients: 21 customer logins, 1 service"
    assert sentences.recipients(sample.lookup().recipients) == "1 employee"
    assert sentences.recipients(Recipients(3, {})) == "3 recipients"


def test_a_severity_is_an_interval_unless_both_ends_agree():
    assert sentences.severity(Severity(3, 4)) == "high to very high"
    assert sentences.severity(Severity(2, 2)) == "medium"


def test_test_accounts_are_a_row_that_exists_or_does_not():
    assert sentences.registered_tests(sample.enriched()) == "0 of 31,884 customers are registered test accounts"
    assert sentences.registered_tests(sample.mixup()) == "1 of 63 customers is a registered test account"


def test_a_leak_type_without_a_claim_still_says_what_happened():
    assert "enriched-request" in sentences.claim(sample.enriched(), {})
