import re
from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import ConfigError
from whosaw.layout import (
    DECIMAL,
    LIST,
    NUMBER,
    REQUEST,
    Field,
    Raw,
    Text,
    clock_of,
    compose,
    decode,
    first_roles,
    safe_name,
    time_field,
    timed,
)
from whosaw.layout.pattern import ESCAPED, REQUEST_ESCAPED, quote, unescape, unhex
from whosaw.model import Layout

texts = st.text(alphabet=st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]), max_size=30)


def matched(parts, line, **options):
    pattern, fields = compose(parts, **options)
    found = re.fullmatch(pattern, line)
    return dict(zip(fields, found.groups(""), strict=True)) if found else None


def test_two_fields_without_anything_between_them_are_refused():
    with pytest.raises(ConfigError, match="nothing stands between `a` and `b`"):
        compose([Field(("a",)), Field(("b",))])


def test_two_fields_may_touch_where_the_first_says_what_it_holds():
    assert matched([Field(("scheme",), "[a-z]*"), Field(("rest",))], "http://x") == {"scheme": "http", "rest": "://x"}


def test_a_name_that_stands_twice_is_kept_apart():
    assert matched([Field(("a",)), Text(" "), Field(("a",))], "1 2") == {"a": "1", "a_2": "2"}


@given(value=st.text(alphabet=st.characters(blacklist_characters='"\n', blacklist_categories=["Cs"])), number=st.integers(0))
def test_a_quoted_field_holds_everything_but_a_quote(value, number):
    parts = [Field(("n",), NUMBER), Text(' "'), Field(("v",)), Text('"')]
    assert matched(parts, f'{number} "{value}"') == {"n": str(number), "v": value}


def test_a_quoted_field_may_hold_an_escaped_quote_where_the_server_writes_them():
    parts = [Text('"'), Field(("v",)), Text('"')]
    assert matched(parts, r'"a \"b\" \\"', quoted=ESCAPED) == {"v": r"a \"b\" \\"}
    assert matched(parts, r'"a \"', quoted=ESCAPED) is None


def test_no_bare_field_holds_a_space_where_spaces_separate():
    parts = [Field(("a",)), Text(" "), Field(("b",)), Text(" "), Field(("c",))]
    assert matched(parts, "1 2 3") == {"a": "1", "b": "2", "c": "3"}
    assert matched(parts, "1 2 x 3") is None


def test_a_bare_field_holds_spaces_where_something_else_separates():
    assert matched([Field(("a",)), Text("|"), Field(("b",))], "ann smith|x y") == {"a": "ann smith", "b": "x y"}


def test_a_bracketed_field_ends_at_its_bracket():
    assert matched([Text("["), Field(("a",)), Text("] "), Field(("b",))], "[x y] z") == {"a": "x y", "b": "z"}


def test_an_address_before_a_port_may_hold_colons():
    parts = [Field(("address",), greedy=True), Text(":"), Field(("port",), NUMBER)]
    assert matched(parts, "2001:db8::1:443") == {"address": "2001:db8::1", "port": "443"}


def test_an_expression_without_a_field_takes_no_name():
    assert matched([Raw("(?:<[0-9]+>)?"), Field(("a",)), Raw(" *"), Text("|")], "<1>x|") == {"a": "x"}


@pytest.mark.parametrize(
    ("body", "good", "bad"),
    [
        (NUMBER, ["-", "0", "-1", "200"], ["", "1.5", "x", "--"]),
        (DECIMAL, ["-", "0", "0.250", "-1"], ["", ".5", "1.", "x"]),
        (LIST, ["", "-", "10.0.0.1:80", "10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80"], ["a b", "a  : b", "a,  b"]),
        (REQUEST, ["GET /x HTTP/1.1", "GET /x", "-", ""], ["GET /a b HTTP/1.1", 'GET /"']),
        (REQUEST_ESCAPED, [r"GET /a\"b HTTP/1.1", r"\x16\x03"], ["GET /a b", 'GET /"']),
    ],
)
def test_a_class_holds_what_servers_write_and_nothing_else(body, good, bad):
    assert [text for text in good if not re.fullmatch(body, text)] == []
    assert [text for text in bad if re.fullmatch(body, text)] == []


@given(text=texts)
def test_quoted_text_matches_itself_in_both_engines(text):
    assert re.fullmatch(quote(text), text)
    assert duckdb.execute("select regexp_full_match(?, ?)", [text, quote(text)]).fetchone() == (True,)


@given(parts=st.lists(st.tuples(texts.filter(bool), st.sampled_from(["", NUMBER, DECIMAL, LIST])), min_size=1, max_size=5))
def test_any_format_becomes_a_pattern_of_both_engines(parts):
    mixed = [part for i, (text, body) in enumerate(parts) for part in (Text(text), Field((f"f{i}",), body))]
    pattern, fields = compose(mixed)
    assert re.compile(pattern).groups == len(fields) == len(parts)
    duckdb.execute("select regexp_extract('', ?, ?)", [pattern, list(fields)])


def test_a_time_format_that_cannot_be_read_back_is_refused():
    with pytest.raises(ConfigError, match="%Z"):
        time_field("time", "%H:%M %Z")


def test_the_clock_of_a_format_is_that_of_its_first_time():
    assert clock_of([Field(("a",)), time_field("one", "iso"), Text(" "), time_field("two", "epoch")]) == "iso"
    assert clock_of([Field(("a",))]) == "clf"


def test_a_layout_without_a_time_is_refused():
    with pytest.raises(ConfigError, match="no time") as refused:
        timed(Layout(kind="pattern", fields=("a",), roles={}), "$msec")
    assert "`$msec`" in refused.value.hint
    good = Layout(kind="pattern", fields=("a",), roles={"time": "a"})
    assert timed(good, "$msec") is good


def test_a_role_goes_to_the_first_of_its_fields_that_is_there():
    wanted = {"time": ("msec", "time_local"), "uri": ("request_uri", "uri"), "host": ("host",)}
    assert first_roles(("uri", "time_local", "msec"), wanted) == {"time": "msec", "uri": "uri"}


@pytest.mark.parametrize(
    ("text", "how", "clear"),
    [
        (r"a\x22b", "backslash", 'a"b'),
        (r"a\"b\\c\n", "backslash", 'a"b\\c\n'),
        (r"caf\xC3\xA9", "backslash", "café"),
        (r"caf\xE9", "backslash", "café"),
        (r"\x5Cx41", "backslash", r"\x41"),
        ('"a ""b"""', "csv", 'a "b"'),
        ('a"b', "csv", 'a"b'),
        ('"', "csv", '"'),
        (r"a\x22b", "none", r"a\x22b"),
    ],
)
def test_escapes_are_undone_once(text, how, clear):
    assert unescape(text, how) == clear


@given(text=st.text(), how=st.sampled_from(["none", "csv", "backslash"]))
def test_unescaping_never_raises(text, how):
    assert isinstance(unescape(text, how), str)


@given(text=texts)
def test_what_a_server_writes_byte_by_byte_is_read_back(text):
    assert unhex("".join(f"\\x{byte:02X}" for byte in text.encode())) == text


@given(raw=st.binary())
def test_every_byte_string_has_a_text(raw):
    assert isinstance(decode(raw), str)


def test_bytes_that_are_not_utf_8_are_latin_1():
    assert decode("café".encode()) == decode("café".encode("latin-1")) == "café"


def test_a_header_becomes_a_field_name():
    assert safe_name("X-Up-Calling-Line-ID") == "x_up_calling_line_id"
    assert safe_name("--X  Y--") == "x_y"


def test_a_composed_time_is_one_that_its_clock_reads():
    pattern, _ = compose([time_field("time", "%d %b %Y %H:%M:%S %z"), Text(" "), Field(("a",))])
    when = datetime(2012, 1, 9, 23, tzinfo=UTC)
    assert re.fullmatch(pattern, f"{when:%d %b %Y %H:%M:%S %z} x")[1] == "09 Jan 2012 23:00:00 +0000"
    assert re.fullmatch(pattern, "9 January 2012 x") is None
