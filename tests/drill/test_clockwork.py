from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.drill.clockwork import AIR, DAY, START, Window, clf, iso, iso_ms, weekend
from whosaw.drill.dice import dice

TIMES = st.integers(0, 2_000_000_000)


@given(TIMES)
def test_iso_time_is_the_time(t):
    assert datetime.fromisoformat(iso(t)).timestamp() == t


@given(TIMES, st.integers(0, 999))
def test_iso_time_keeps_thousandths(t, thousandths):
    when = datetime.fromtimestamp(t, UTC) + timedelta(milliseconds=thousandths)
    assert datetime.fromisoformat(iso_ms(t * 1_000 + thousandths)) == when


@given(TIMES, st.integers(0, 9))
def test_web_server_time_names_the_same_moment_in_every_zone(t, east):
    assert datetime.strptime(clf(t, east), "%d/%b/%Y:%H:%M:%S %z").timestamp() == t


def test_an_hour_before_midnight_is_tomorrow_further_east():
    assert clf(START - 1_800, 1) == "06/Jan/2012:00:30:00 +0100"


@pytest.mark.parametrize("days", [6, 20, 60])
def test_a_share_of_the_window_is_never_its_first_day_nor_one_of_its_last_two(days):
    window = Window(days)
    assert all(START + DAY <= window.day(share / 20) <= window.end - 3 * DAY for share in range(21))


def test_a_rhythm_gives_times_of_its_day_in_order():
    times = AIR.times(dice(1, "x"), START, 500)
    assert times == sorted(times)
    assert all(START <= t < START + DAY for t in times)
    assert {(t - START) // 3_600 for t in times} == set(range(24)), "phones never sleep"


def test_the_window_begins_on_a_friday():
    assert [weekend(midnight) for midnight in Window(6).midnights()] == [False, True, True, False, False, False]
