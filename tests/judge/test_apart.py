"""What belongs to the answer though no row of it can be judged now?"""

import random
from datetime import UTC, datetime

import pytest

from small_operator import MADE, case, counts, judged, line, operator, read_counts
from whosaw import judge
from whosaw.judge import apart
from whosaw.judge.verdict import Counted
from whosaw.judge.work import opened
from whosaw.ledger.facts import Part
from whosaw.model import Coverage, Verdicts

DAYS = [line(f"2012-01-{d:02}T10:{m:02}:00Z", "bert" if m == 5 else "anna", account="A1") for d in (10, 11, 12) for m in range(9)]


def part(day, rows=7):
    moment = datetime(2012, 1, day, 10, tzinfo=UTC)
    micros = int(moment.timestamp()) * 10**6
    return Part(f"day=2012-01-{day}/00000001.parquet", f"2012-01-{day}", rows, 1, micros, micros + 60 * 10**6, "")


def path_of(folder, day):
    (found,) = (folder / "ledger" / "disclosures" / f"day={day}").iterdir()
    return found


def test_rows_of_a_lost_part_are_counted_as_not_judged_on_their_day():
    counted = Counted(Verdicts(5, 1, 2), {"why": 2}, [(datetime(2012, 1, 11), 5, 1, 2)])  # noqa: DTZ001 - days of the ledger are UTC without saying so
    found = apart.counted_with(counted, [part(10), part(11)])
    assert found.verdicts == Verdicts(5, 1, 16)
    assert found.reasons == {"why": 2, apart.LOST: 14}
    assert [(day.day, *n) for day, *n in found.days] == [(10, 0, 0, 7), (11, 5, 1, 9)]
    assert apart.counted_with(counted, []) == counted


def test_the_time_of_a_lost_part_is_a_gap_of_every_channel():
    coverage = [Coverage("a", channel, 1, 1, 0, None, None, []) for channel in ("portal", "care", "portal")]
    assert [(c.source, c.channel, c.gaps[0].expected) for c in apart.silenced(coverage, [part(10)])[3:]] == [
        (apart.SOURCE, "care", 7),
        (apart.SOURCE, "portal", 7),
    ]
    assert apart.silenced(coverage, []) == coverage


@pytest.mark.parametrize("moment", [-62135596800_000000, 253402300799_999999])
def test_a_clock_at_the_end_of_time_does_not_stop_the_answer(moment):
    lost = [Part("x", "", 1, 1, moment, moment, "")]
    coverage = [Coverage("a", "portal", 1, 1, 0, None, None, [])]
    assert len(apart.silenced(coverage, lost)) == 2
    assert apart.doubts(lost)
    assert apart.counted_with(Counted(Verdicts(0, 0, 0), {}, []), lost).verdicts.cannot_judge == 1


@pytest.mark.parametrize("write", [True, False], ids=["writer", "reader"])
def test_a_lost_part_is_a_doubt_and_makes_scopes_lower_bounds(tmp_path, write):
    operator(tmp_path, DAYS)
    whole = judged(tmp_path)
    assert (counts(whole), len(whole.incidents), whole.partial) == ((24, 3, 0), 1, False)
    path_of(tmp_path, "2012-01-11").unlink()
    if write:
        result = judged(tmp_path)
    else:
        with opened(case(tmp_path)) as work:
            result = judge.judged(work, made=MADE, command="test")
    assert read_counts(result) == (27, 27, 0, 0)
    assert counts(result) == (16, 2, 9)
    assert result.cannot_judge == {apart.LOST: 9}
    assert result.partial
    (doubt,) = result.doubts
    assert "of 2012-01-11 cannot be read: 9 disclosures were not judged" in doubt
    (incident,) = result.incidents
    assert (incident.disclosures, incident.customers.at_least) == (2, 1)
    assert incident.customers.at_most == 2, "every known customer may have been shown in what is lost"
    assert any(f"`{apart.SOURCE}` has no lines from 2012-01-11" in why for why in incident.why)
    assert [day[0].day for day in result.timeline] == [10, 11, 12]


def test_a_leak_that_begins_right_behind_a_lost_part_may_have_begun_in_it(tmp_path):
    early = [line(f"2012-01-11T{h:02}:59:00Z", "anna", account="A1") for h in range(24)]
    operator(tmp_path, DAYS[:5] + early + [line("2012-01-12T00:10:00Z", "bert", account="A1")])
    (before,) = judged(tmp_path).incidents
    assert before.since_earliest == before.since
    path_of(tmp_path, "2012-01-11").unlink()
    (incident,) = judged(tmp_path).incidents
    assert incident.since == before.since
    assert f"{incident.since_earliest:%Y-%m-%d %H:%M:%S}" == "2012-01-11 00:58:59"


def test_no_damaged_byte_ends_the_run_and_none_goes_unsaid_when_it_is_noticed(tmp_path):
    operator(tmp_path, DAYS)
    whole = judged(tmp_path)
    path = path_of(tmp_path, "2012-01-11")
    content = path.read_bytes()
    dice = random.Random(7)  # noqa: S311 - the same bytes each time
    told = 0
    for _ in range(25):
        at = dice.randrange(4, len(content) - 4)
        path.write_bytes(content[:at] + bytes([content[at] ^ dice.randrange(1, 256)]) + content[at + 1 :])
        with opened(case(tmp_path)) as work:
            result = judge.judged(work, made=MADE, command="test")
        told += result.partial
        assert sum(counts(result)) == 27
        assert counts(result) == ((16, 2, 9) if result.partial else counts(whole)) or not result.partial
    assert told > 5
