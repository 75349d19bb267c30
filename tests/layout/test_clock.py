import re
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.layout import guess_clock, reads_time
from whosaw.layout.clock import clock_shape, parse_time

NINE = datetime(2012, 1, 9, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "clock", "expected"),
    [
        ("09/Jan/2012:23:00:00 +0000", "clf", NINE),
        ("10/Jan/2012:00:00:00 +0100", "clf", NINE),
        ("2012-01-09T23:00:00Z", "iso", NINE),
        (" 2012-01-09T23:00Z ", "iso", NINE),
        ("2012-01-09", "iso", NINE.replace(hour=0)),
        ("2012-01-09 23:00:00.250", "iso", NINE + timedelta(milliseconds=250)),
        ("2012-01-10T00:00:00+01:00", "iso", NINE),
        ("2012-01-10 04:45:00+0545", "iso", NINE),
        ("1326150000", "epoch", NINE),
        ("1326150000.123", "epoch", NINE + timedelta(milliseconds=123)),
        ("1326150000.123456789", "epoch", NINE + timedelta(microseconds=123456)),
        ("1326150000123", "epoch_ms", NINE + timedelta(milliseconds=123)),
        ("09/Jan/2012:23:00:00.655", "%d/%b/%Y:%H:%M:%S.%g", NINE + timedelta(milliseconds=655)),
    ],
)
def test_a_time_of_every_clock_is_read_in_utc(text, clock, expected):
    found = parse_time(text, clock)
    assert found == expected
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("clock", "summer", "winter"),
    [
        ("clf", "28/Oct/2012:01:30:00 +0100", "28/Oct/2012:01:30:00 +0000"),
        ("iso", "2012-10-28T01:30:00+01:00", "2012-10-28T01:30:00Z"),
        ("%Y-%m-%d %H:%M:%S %z", "2012-10-28 01:30:00 +0100", "2012-10-28 01:30:00 +0000"),
    ],
)
def test_the_hour_that_comes_twice_in_autumn_is_told_apart_by_its_offset(clock, summer, winter):
    assert parse_time(winter, clock) - parse_time(summer, clock) == timedelta(hours=1)


def test_the_hour_that_is_left_out_in_spring_is_a_second_and_not_an_hour_long():
    before, after = (parse_time(text, "clf") for text in ("25/Mar/2012:00:59:59 +0000", "25/Mar/2012:02:00:00 +0100"))
    assert after - before == timedelta(seconds=1)


@pytest.mark.parametrize("clock", ["clf", "iso", "epoch", "epoch_ms", "%d/%b/%Y:%H:%M:%S.%g", "%m/%d/%Y %I:%M:%S %p", "%Y %Y", "%Q"])
@given(text=st.text(max_size=40) | st.from_regex(r"[0-9:/T. +Z-]{0,40}"))
def test_nonsense_is_a_value_error_and_nothing_else(clock, text):
    try:
        found = parse_time(text, clock)
    except ValueError:
        assert not reads_time(text, clock)
        return
    assert found.tzinfo is UTC
    assert reads_time(text, clock)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("31/Feb/2012:23:00:00 +0000", "clf"),
        ("2012-13-01", "iso"),
        ("2012-01-09T25:00:00", "iso"),
        ("2012-W02-1", "iso"),
        ("0001-01-01T00:00:00+14:00", "iso"),
        ("132615000", "epoch"),
        ("447700900123", "epoch"),
        ("447700900123", "epoch_ms"),
        ("1326150000", "epoch_ms"),
        ("nan", "epoch"),
        ("2012 2012", "%Y %Y"),
        ("-", "clf"),
        ("", "iso"),
    ],
)
def test_what_only_resembles_a_time_is_none(text, clock):
    assert not reads_time(text, clock)


@pytest.mark.parametrize(
    ("values", "clock"),
    [
        (["09/Jan/2012:23:00:00 +0000"], "clf"),
        (["2012-01-09T23:00:00Z", "-"], "iso"),
        (["1326150000.123"], "epoch"),
        (["1326150000123"], "epoch_ms"),
        (["20120109230000.123"], "%Y%m%d%H%M%S.%g"),
        (["20120109230000"], "%Y%m%d%H%M%S"),
        (["09/01/2012 23:00:00", "10/01/2012 08:00:00"], "%d/%m/%Y %H:%M:%S"),
        (["01/09/2012 23:00:00", "01/25/2012 08:00:00"], "%m/%d/%Y %H:%M:%S"),
        (["06/Feb/2009:12:14:14.655"], "%d/%b/%Y:%H:%M:%S.%g"),
        (["Mon, 09 Jan 2012 23:00:00 +0000"], "%a, %d %b %Y %H:%M:%S %z"),
        (["447700900123", "u1"], ""),
        (["2012-01-09T23:00:00Z", "x"], "iso"),
        (["2012-01-09T23:00:00Z", "x", "y"], ""),
        (["", "-", " "], ""),
        ([], ""),
    ],
)
def test_the_clock_is_the_one_that_reads_the_most_samples(values, clock):
    assert guess_clock(values) == clock


@given(when=st.datetimes(min_value=NINE.replace(year=1990, tzinfo=None), max_value=NINE.replace(year=2090, tzinfo=None)))
@pytest.mark.parametrize(
    "clock", ["%d/%b/%Y:%H:%M:%S.%g", "%Y%m%d%H%M%S", "%d.%m.%Y %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%m/%d/%Y %I:%M:%S %p"]
)
def test_python_and_duckdb_read_the_same_time(clock, when):
    text = when.strftime(clock.replace("%g", f"{when.microsecond // 1000:03d}"))
    (read,) = duckdb.execute("select strptime(?, ?)", [text, clock]).fetchone()
    assert parse_time(text, clock) == read.replace(tzinfo=UTC)
    assert re.fullmatch(clock_shape(clock), text)


@pytest.mark.parametrize(
    ("clock", "good", "bad"),
    [
        ("clf", "09/Jan/2012:23:00:00 +0000", "09/Jan/2012:23:00:00"),
        ("iso", "2012-01-09T23:00:00.5+01:00", "2012-01-09T23:00:00 x"),
        ("epoch", "1326150000.123", "1326150000."),
        ("epoch_ms", "1326150000123", "1326150000.123"),
        ("100%% (%Y)", "100% (2012)", "100%% 2012"),
    ],
)
def test_the_shape_of_a_clock_is_that_of_its_times(clock, good, bad):
    assert re.fullmatch(clock_shape(clock), good)
    assert not re.fullmatch(clock_shape(clock), bad)


@pytest.mark.parametrize("code", ["%Z", "%s", "%c", "%-d", "%é"])
def test_a_code_that_not_every_engine_reads_has_no_shape(code):
    with pytest.raises(ValueError, match=code[:2]):
        clock_shape(f"%Y {code}")
