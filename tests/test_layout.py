import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import ConfigError
from whosaw.layout import (
    NUMBER,
    Field,
    Text,
    clock_shape,
    columns_of,
    compose,
    decode,
    first_reason,
    guess_clock,
    guess_roles,
    header_fields,
    heading_of,
    parse_row,
    parse_time,
    safe_name,
    split_request,
    table_layout,
    time_field,
    timed,
    unescape,
    value_at,
)
from whosaw.model import Layout

NINE = datetime(2012, 1, 9, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "clock", "zone", "expected"),
    [
        ("09/Jan/2012:23:00:00 +0000", "clf", UTC, NINE),
        ("10/Jan/2012:00:00:00 +0100", "clf", UTC, NINE),
        ("2012-01-09T23:00:00Z", "iso", UTC, NINE),
        ("2012-01-09 23:00:00.250", "iso", UTC, NINE + timedelta(milliseconds=250)),
        ("2012-01-10T00:00:00+01:00", "iso", UTC, NINE),
        ("1326150000", "epoch", UTC, NINE),
        ("1326150000.123", "epoch", UTC, NINE + timedelta(milliseconds=123)),
        ("1326150000123", "epoch_ms", UTC, NINE + timedelta(milliseconds=123)),
        ("09/Jan/2012:23:00:00.655", "%d/%b/%Y:%H:%M:%S.%g", UTC, NINE + timedelta(milliseconds=655)),
        ("10/Jul/2012:00:30:00.000", "%d/%b/%Y:%H:%M:%S.%g", ZoneInfo("Europe/London"), datetime(2012, 7, 9, 23, 30, tzinfo=UTC)),
        ("2012-01-10 04:45:00", "iso", timezone(timedelta(hours=5, minutes=45)), NINE),
    ],
)
def test_a_time_of_every_clock_is_read_in_utc(text, clock, zone, expected):
    found = parse_time(text, clock, zone)
    assert found == expected
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize("clock", ["clf", "iso", "epoch", "epoch_ms", "%d/%b/%Y:%H:%M:%S.%g", "%m/%d/%Y %I:%M:%S %p"])
@given(text=st.text(max_size=40) | st.from_regex(r"[0-9:/T. +Z-]{0,40}"))
def test_nonsense_is_a_value_error_and_nothing_else(clock, text):
    try:
        found = parse_time(text, clock)
    except ValueError:
        return
    assert found.tzinfo is UTC


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
        (["447700900123", "u1"], ""),
        (["2012-01-09T23:00:00Z", "x", "y"], ""),
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


def test_a_time_format_that_cannot_be_read_back_is_refused():
    with pytest.raises(ConfigError, match="%Z"):
        time_field("time", "%H:%M %Z")


def test_a_layout_without_a_time_is_refused():
    with pytest.raises(ConfigError, match="no time"):
        timed(Layout(kind="pattern", fields=("a",), roles={}), "$msec")


def test_two_fields_without_anything_between_them_are_refused():
    with pytest.raises(ConfigError, match="nothing stands between `a` and `b`"):
        compose([Field(("a",)), Field(("b",))])


def test_a_name_that_stands_twice_is_kept_apart():
    pattern, fields = compose([Field(("a",)), Text(" "), Field(("a",))])
    assert fields == ("a", "a_2")
    assert re.fullmatch(pattern, "1 2").groups() == ("1", "2")


@given(value=st.text(alphabet=st.characters(blacklist_characters='"\n', blacklist_categories=["Cs"])), number=st.integers(0))
def test_a_quoted_field_holds_everything_but_a_quote(value, number):
    pattern, _ = compose([Field(("n",), NUMBER), Text(' "'), Field(("v",)), Text('"')])
    assert re.fullmatch(pattern, f'{number} "{value}"').groups() == (str(number), value)


@pytest.mark.parametrize(
    ("text", "how", "clear"),
    [
        (r"a\x22b", "backslash", 'a"b'),
        (r"a\"b\\c\n", "backslash", 'a"b\\c\n'),
        (r"caf\xC3\xA9", "backslash", "café"),
        (r"caf\xE9", "backslash", "café"),
        ('"a ""b"""', "csv", 'a "b"'),
        ('a"b', "csv", 'a"b'),
        (r"a\x22b", "none", r"a\x22b"),
    ],
)
def test_escapes_are_undone(text, how, clear):
    assert unescape(text, how) == clear


@given(text=st.text(), how=st.sampled_from(["none", "csv", "backslash"]))
def test_unescaping_never_raises(text, how):
    assert isinstance(unescape(text, how), str)


@given(raw=st.binary())
def test_every_byte_string_has_a_text(raw):
    assert isinstance(decode(raw), str)


@pytest.mark.parametrize(
    ("line", "parts"),
    [("GET /x HTTP/1.1", ("GET", "/x")), ("GET /a b HTTP/1.0", ("GET", "/a b")), ("GET /", ("GET", "/")), ("-", ("", "")), ("", ("", ""))],
)
def test_a_request_line_is_split_at_its_ends(line, parts):
    assert split_request(line) == parts


PATTERN, FIELDS = compose(
    [
        Field(("client",)),
        Text(" ["),
        time_field("time", "clf"),
        Text('] "'),
        Field(("page",)),
        Text('" '),
        Field(("status",), NUMBER),
        Text(' "'),
        Field(("agent",)),
        Text('"'),
    ]
)
SAMPLE = Layout(kind="pattern", fields=FIELDS, roles={"time": "time"}, pattern=PATTERN)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("10.0.0.1", "line ends before `time`"),
        ("10.0.0.1 [09/Jan", "line ends inside `time`"),
        ("10.0.0.1 [yesterday] ", "time cannot be read"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x', "line ends inside `page`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x"', "line ends before `status`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" ok "a"', "`status` is not a number"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" 20x "a"', "`status` is not a number"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" 200', "line ends before `agent`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" 200 "a', "line ends inside `agent`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x"y" 200 "a"', "unbalanced quote after `page`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" 200 "a"b', "text after `agent`"),
        ("a b", "`client` does not end where it should"),
        ("\x16\x03\x01", "binary data"),
    ],
)
def test_the_reason_names_the_field_and_never_quotes_the_line(line, reason):
    assert first_reason(SAMPLE, line) == reason


def test_paths_reach_nested_odd_and_listed_values_as_duckdb_does():
    text = '{"a":{"b c":[{"d":1.50}]},"e":true,"f":null,"g":[1,{"h":"x"}],"a":2,"n":12345678901234567890123,"u":"\\u00e9"}'
    row = parse_row(text)
    for path in ("$.a", '$.a."b c"', '$.a."b c"[0].d', "$.e", "$.f", "$.g", "$.g[1].h", "$.n", "$.u", "$.missing.x", "$.g[9]"):
        (found,) = duckdb.execute("select json_extract_string(?, ?)", [text, path]).fetchone()
        assert value_at(row, path) == (found or "")


@given(
    row=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=8
    )
)
def test_every_column_of_a_row_has_a_value_and_a_path(row):
    columns = columns_of([{"top": row}])
    assert all(isinstance(value_at({"top": row}, path), str) for path in columns.values())


def test_nested_keys_become_dotted_names_up_to_three_levels():
    columns = columns_of([{"a": {"b": {"c": {"d": 1}}}, "x y": 2, "headers": {"X-Msisdn": ["447700900123"]}}])
    assert columns == {"a.b.c": "$.a.b.c", "x y": '$."x y"', "headers.X-Msisdn": '$.headers."X-Msisdn"[0]'}


def test_json_that_breaks_parsers_is_no_row():
    assert parse_row("[" * 100_000) is None
    assert parse_row('{"a":NaN}') is None
    assert parse_row('{"a":' + "9" * 5000 + "}") is not None


def test_lone_surrogates_never_leave_a_row():
    value_at({"a": "\ud800"}, "$.a").encode()


def test_headers_are_found_by_prefix_and_by_parent():
    headers, responses = header_fields(["http_x_msisdn", "request.headers.X-Up-Id", "sent_http_x_customer", "response_headers.Age", "uri"])
    assert headers == {"x-msisdn": "http_x_msisdn", "x-up-id": "request.headers.X-Up-Id"}
    assert responses == {"x-customer": "sent_http_x_customer", "age": "response_headers.Age"}


def test_roles_are_guessed_by_name_however_it_is_spelled():
    fields = ["createdAt", "User ID", "request.remote_ip", "status"]
    assert guess_roles(fields, clocks={"createdAt": "iso"}) == {
        "time": "createdAt",
        "client": "request.remote_ip",
        "recipient": "User ID",
        "status": "status",
    }


def test_digits_under_another_name_are_not_taken_for_the_time():
    assert "time" not in guess_roles(["number", "id"], clocks={"number": "epoch_ms", "id": "epoch"})


def test_a_field_named_time_that_holds_none_is_not_the_time():
    assert guess_roles(["time", "logged"], clocks={"logged": "iso"})["time"] == "logged"


@pytest.mark.parametrize(
    ("line", "names", "separator"),
    [
        (b"time,agent,customer", ["time", "agent", "customer"], ","),
        ("\ufefftime;agent\r".encode(), ["time", "agent"], ";"),
        (b'"time"\t"agent id"', ["time", "agent id"], "\t"),
        (b"2012-01-09,a1", [], ","),
        (b"a,a", [], ","),
        (b"one", [], ","),
        (b'{"time": "x", "b": 1}', [], ","),
    ],
)
def test_a_heading_is_different_names_and_no_values(line, names, separator):
    found, sign = heading_of(line)
    assert found == names
    assert not names or sign == separator


def test_a_table_without_a_heading_skips_nothing():
    assert table_layout("time,agent").skip == 1
    assert table_layout("no heading: time,agent").skip == 0
    assert table_layout("no heading: time,agent").fields == ("time", "agent")


def test_a_header_becomes_a_field_name():
    assert safe_name("X-Up-Calling-Line-ID") == "x_up_calling_line_id"
