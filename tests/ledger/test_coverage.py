"""For which time does a source have lines, and where should it have some and has none?"""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_operator import judged, line, operator, portal
from whosaw.ledger.coverage import gaps

MONDAY = int(datetime(2012, 1, 9, tzinfo=UTC).timestamp())
HOUR, DAY = 3600, 86400


def pulse(days, hours=range(24), lines=20, without=()):
    """Lines in every five minutes of the wanted hours of each day, except in the (from, to) seconds left out."""
    starts = [MONDAY + day * DAY + hour * HOUR + second for day in range(days) for hour in hours for second in range(0, HOUR, 300)]
    kept = [start for start in starts if not any(since <= start - MONDAY < until for since, until in without)]
    return [(start // 300, lines, start + 10, start + 290) for start in kept]


def spans(found):
    return [(gap.since, gap.until) for gap in found]


def at(day, hour, minute=0):
    return datetime(2012, 1, 9, tzinfo=UTC) + timedelta(days=day, hours=hour, minutes=minute)


def test_a_source_that_never_rests_has_no_gap():
    assert gaps(pulse(14), 20) == []


def test_quiet_nights_are_no_gaps():
    assert gaps(pulse(14, hours=range(7, 22)), 20) == []


def test_quiet_weekends_are_no_gaps():
    office = [beat for beat in pulse(21) if ((beat[2] - MONDAY) // DAY) % 7 < 5]
    assert gaps(office, 20) == []


def test_a_busy_hour_without_lines_is_a_gap_with_the_lines_that_were_to_be_expected():
    ((since, until),) = spans(found := gaps(pulse(14, without=[(3 * DAY + 10 * HOUR, 3 * DAY + 12 * HOUR)]), 20))
    assert timedelta(0) < at(3, 10) - since < timedelta(minutes=5)
    assert timedelta(0) <= until - at(3, 12) < timedelta(minutes=5)
    assert 450 < found[0].expected < 510


def test_a_day_without_lines_is_one_gap():
    (gap,) = gaps(pulse(14, without=[(5 * DAY, 6 * DAY)]), 20)
    assert gap.until - gap.since > timedelta(hours=23)


def test_a_gap_in_the_quiet_night_is_not_seen_for_nothing_was_to_be_expected():
    assert gaps(pulse(14, hours=range(7, 22), without=[(DAY * 3 + HOUR, DAY * 3 + 5 * HOUR)]), 20) == []


def test_a_log_of_one_day_knows_its_busy_hour():
    assert len(gaps(pulse(1, without=[(10 * HOUR, 12 * HOUR)]), 20)) == 1


def test_a_sparse_log_has_no_gaps():
    sparse = [(MONDAY // 300 + i * 288, 1, MONDAY + i * DAY, MONDAY + i * DAY) for i in range(10)]
    assert gaps(sparse, 20) == []


def test_traffic_in_bursts_sets_its_own_measure():
    bursts = [beat for beat in pulse(10) if (beat[2] // HOUR) % 3 == 0]
    assert gaps(bursts, 20) == []


def test_a_silence_that_still_lasts_is_a_gap_up_to_now():
    beats = pulse(14)
    now = beats[-1][3] + 1800
    assert gaps(beats, 20) == []
    assert spans(gaps(beats, 20, now=now)) == [(datetime.fromtimestamp(beats[-1][3], UTC), datetime.fromtimestamp(now, UTC))]
    assert gaps(beats, 20, now=beats[-1][3] + 10) == []


def test_lines_from_tomorrow_do_not_hide_a_silence():
    beats = pulse(14)
    now = beats[-1][3] + 1800
    tomorrow = (now // 300 + 288, 5, now + DAY, now + DAY)
    assert gaps([*beats, tomorrow], 20, now=now) == gaps(beats, 20, now=now)


@pytest.mark.parametrize("beats", [[], pulse(1)[:1], pulse(1)[:2]])
def test_too_little_is_no_ground_for_a_gap(beats):
    assert gaps(beats, 20) == []


@given(st.lists(st.integers(0, 30 * 288), min_size=2, max_size=60, unique=True), st.integers(1, 100))
def test_gaps_lie_between_lines_and_in_order_and_fewer_lines_wanted_show_no_fewer(buckets, least):
    beats = [(MONDAY // 300 + b, 5, MONDAY + b * 300, MONDAY + b * 300 + 200) for b in sorted(buckets)]
    found = gaps(beats, least)
    inside = spans(found)
    assert inside == sorted(inside)
    assert all(since < until for since, until in inside)
    assert not any(since < datetime.fromtimestamp(b[2], UTC) < until for since, until in inside for b in beats)
    assert len(gaps(beats, least + 10)) <= len(found)


def test_a_clock_decades_off_costs_no_time():
    started = time.perf_counter()
    gaps([(0, 1, 0, 0), *pulse(14), (4_000_000_000 // 300, 1, 4_000_000_000, 4_000_000_000)], 20)
    assert time.perf_counter() - started < 20


def test_coverage_counts_each_source_and_shows_the_gaps_that_are_known(tmp_path):
    operator(tmp_path, [line("10:00", "anna", account="A1"), "garbage", line("12:00", "anna", uri="/x")])
    known = [["2012-01-09T00:00:00+01:00", "2012-01-09T12:00:00Z"]]
    (source,) = judged(tmp_path, {"source": [portal(gaps=known)]}).coverage
    assert (source.source, source.channel, source.lines, source.disclosures, source.rejected) == ("portal", "portal", 3, 1, 1)
    assert (f"{source.since:%H:%M}", f"{source.until:%H:%M}") == ("10:00", "12:00")
    assert spans(source.gaps) == [(datetime(2012, 1, 8, 23, tzinfo=UTC), datetime(2012, 1, 9, 12, tzinfo=UTC))]


def test_a_source_without_a_readable_line_covers_no_time(tmp_path):
    operator(tmp_path, [line("never", "anna"), line("x", "anna"), "y"])
    (source,) = judged(
        tmp_path, {"source": [portal(layout='{"time":"2012-01-01T00:00:00Z","login":"","account":"","uri":"","status":"","sid":""}')]}
    ).coverage
    assert (source.since, source.until, source.gaps) == (None, None, [])
