from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.model import Bound
from whosaw.report import figures


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 100_000, "< 0.1 %"), (99_999, 100_000, "> 99.9 %"), (0, 5, "0.0 %"), (5, 5, "100.0 %"), (0, 0, "-"), (1, 3, "33.3 %")],
)
def test_a_share_never_rounds_some_to_none_or_nearly_all_to_all(part, whole, text):
    assert figures.share(part, whole) == text


@given(st.text())
def test_nothing_invisible_survives(text):
    shown = figures.visible(text)
    assert all(c.isprintable() or c == "\u3000" or c.isspace() for c in shown)
    assert not set(shown) & set("\x1b\r\n\t\u202e\u2066\u200f\u200b\ufeff")
    shown.encode()


def test_a_lone_surrogate_is_shown_and_does_not_break_the_encoding():
    assert figures.visible("log-\udcff.txt") == "log-\\udcff.txt"


def test_plain_text_and_foreign_letters_stay_as_they_are():
    for text in ("gw-1 /bill/{bill}", "données", "မြန်မာ", "журнал"):
        assert figures.visible(text) == text


@given(st.integers(0, 10**12))
def test_thin_grouping_changes_the_sign_and_not_the_number(n):
    assert figures.thin(figures.number(n)).replace("\u202f", "") == str(n)


def test_thin_grouping_leaves_lists_and_decimals_alone():
    assert figures.thin("a,b 1,2 x,123 1,23") == "a,b 1,2 x,123 1,23"


def test_a_time_of_another_zone_is_told_in_utc():
    there = datetime(2012, 1, 10, 8, 44, tzinfo=timezone(timedelta(hours=6, minutes=30)))
    assert figures.moment(there) == "2012-01-10 02:14 UTC"
    assert figures.iso(there) == "2012-01-10T02:14:00Z"
    assert figures.day(there) == "2012-01-10"
    assert figures.epoch_ms(datetime(1970, 1, 1, 0, 0, 1, 5000, tzinfo=UTC)) == 1005


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=3, minutes=14), "3 h 14 min"),
        (timedelta(days=6, hours=2, minutes=9), "6 d 2 h"),
        (timedelta(days=2), "2 d"),
        (timedelta(seconds=30), "less than 1 min"),
    ],
)
def test_a_length_of_time_is_told_in_two_units(span, text):
    assert figures.lasting(span) == text


def test_a_bound_without_doubt_says_exactly():
    assert figures.bound(Bound(63, 63)) == "exactly 63"
    assert figures.bound(Bound(604, 23_480)) == "at least 604 and at most 23,480"


def test_a_single_thing_has_no_plural():
    assert figures.counted(1, "authority", "authorities") == "1 authority"
    assert figures.counted(2, "authority", "authorities") == "2 authorities"
