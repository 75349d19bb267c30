"""The law: what is found in a line of JSON without reading it is what an engine reads in it."""

import json

import duckdb
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odd_lines import damaged
from whosaw.layout import json_layout, json_shape, parse_row, rows_of

LINES = {
    "flat": '{"time":"2012-01-05T00:00:07Z","login":"u1","uri":"/bill/7?a=b","status":200,"took":1.25,"left":"-"}',
    "spaced": '{ "time": "2012-01-05T00:00:07+01:00", "status": "200", "empty": "", "n": 0 }',
    "nested": '{"r":{"headers":{"X-A":["v1"]},"ip":"10.0.0.1"},"t":{"time":"05/Jan/2012:00:00:07 +0000"},"last":7}',
    "constants": '{"a":null,"b":true,"list":[],"time":"1325721607","c":"x"}',
    "not ASCII": '{"Zeit":"2012-01-05 00:00:07","näme":"ü","time":"2012-01-05T00:00:07Z"}',
}
NUMBERS = [
    "0",
    "-0",
    "00",
    "01",
    "1.0",
    "0.5",
    "1.5",
    ".5",
    "5.",
    "1e5",
    "-",
    "-7",
    "12345678901234567",
    "1.123456789",
    "true",
    "null",
    "{}",
    '"7"',
]


def found(texts, wanted=None, of=None):
    """Line number -> field -> text, of lines that have the shape of the first."""
    layout = json_layout(rows_of([(of or texts[0]).encode()]))
    wanted = wanted or readable(layout, of or texts[0])
    shape = json_shape(layout, wanted, layout.roles.get("time", ""), [(of or texts[0]).encode()])
    raw = "\n".join(texts).encode() + b"\n"
    data = np.frombuffer(raw, np.uint8)
    rows = {}
    for part in shape.cut(data, np.flatnonzero(data == ord("\n"))) if shape else ():
        for i, line in enumerate(part.lines.tolist()):
            rows[line] = dict(zip(shape.fields, (raw[a:b].decode() for a, b in part.borders[i].reshape(-1, 2).tolist()), strict=True))
    return layout, rows


def readable(layout, text):
    """The fields whose values are texts or numbers."""
    row = parse_row(text)
    return [name for name in layout.fields if isinstance(at(row, name), str)]


def at(row, name):
    for key in name.split("."):
        row = row.get(key) if isinstance(row, dict) else None
    return row[0] if isinstance(row, list) and row else row


def engine_reads(layout, fields, text):
    paths = dict(zip(layout.fields, layout.paths, strict=True))
    query = "select case when json_valid($1) then json_extract_string($1, $2) end"
    return duckdb.execute(query, [text, [paths[name] for name in fields]]).fetchone()[0]


@pytest.mark.parametrize("name", LINES)
def test_what_is_found_is_what_the_engine_reads(name):
    @given(st.lists(damaged(LINES[name]), min_size=1, max_size=4))
    @example([LINES[name], LINES[name] + "\r", LINES[name] + " "])
    @example([LINES[name].replace("7", number) for number in NUMBERS])
    @example([LINES[name].replace("1.25", number).replace('"n": 0', f'"n": {number}') for number in NUMBERS])
    def law(texts):
        layout, rows = found(texts, of=LINES[name])
        for i, row in rows.items():
            assert list(row.values()) == engine_reads(layout, row, texts[i].removesuffix("\r"))

    law()


@pytest.mark.parametrize("name", LINES)
def test_lines_of_one_program_are_found(name):
    assert set(found([LINES[name], LINES[name] + "\r", LINES[name].replace("u1", "u22"), LINES[name]])[1]) == {0, 1, 2, 3}


def test_a_number_that_nobody_reads_may_be_written_in_any_way():
    text = '{"time":"2012-01-05T00:00:07Z","took":0.120,"status":200}'
    assert set(found([text], ["time"])[1]) == {0}
    assert not found([text], ["time", "took"])[1]
    assert not found([text.replace("0.120", "00.12")], ["time"], of=text)[1]


@pytest.mark.parametrize(
    "odd",
    [
        {"time": "x", "login": "a\tb"},
        {"time": "x", "login": 'a"b'},
        {"time": "x", "login": None},
        {"login": "a", "time": "x"},
        {"time": "x", "login": "a", "more": 1},
    ],
)
def test_lines_with_other_keys_or_escapes_are_left_to_the_engine(odd):
    text = json.dumps({"time": "x", "login": "a"})
    assert set(found([text, json.dumps(odd), text])[1]) == {0, 2}


@pytest.mark.parametrize(
    "text",
    [
        '{"time":"x","time":"y","a":"z"}',
        '{"time":"x","a":{"b":"c"},"a":{"d":"e"}}',
        '{"time":"x","list":[1,2]}',
        '{"time":"x","a":"\\u0041"}',
        '{"time":"x","a":"y"',
        '["time"]',
        "",
    ],
)
def test_lines_whose_values_quotes_do_not_tell_apart_have_no_shape(text):
    layout = json_layout(rows_of([b'{"time":"2012-01-05T00:00:07Z","a":"b"}']))
    assert json_shape(layout, ["time", "a"], "time", [text.encode()]) is None


def test_a_wanted_value_that_is_no_text_is_left_to_the_engine():
    layout = json_layout(rows_of([b'{"time":"2012-01-05T00:00:07Z","a":"b"}']))
    for other in (b'{"a":{"b":1}}', b'{"a":true}', b'{"a":[]}'):
        assert json_shape(layout, ["a"], "time", [b'{"time":"x",' + other[1:]]) is None


def test_the_shape_of_most_lines_is_taken():
    layout = json_layout(rows_of([b'{"time":"2012-01-05T00:00:07Z","a":"b"}']))
    one, other = b'{"time":"2012-01-05T00:00:07Z","a":"b"}', b'{"a":"b","time":"2012-01-05T00:00:07Z"}'
    assert json_shape(layout, ["a"], "time", [one, other, other]) == json_shape(layout, ["a"], "time", [other])
