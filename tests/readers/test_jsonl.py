import json
from datetime import UTC, datetime

import pytest

from whosaw.errors import ConfigError
from whosaw.layout.clock import parse_time
from whosaw.readers.jsonl import JSONL


@pytest.mark.parametrize("text", ["", "$remote_addr", "[1]", "{}"])
def test_a_layout_that_is_no_object_is_refused(text):
    with pytest.raises(ConfigError, match="not a json object"):
        JSONL.layout(text)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"ts":"2012-01-09T23:00:00Z","a":', "line ends inside the json object"),
        (b'{"ts":"2012-01-09T23:00:00Z",a}', "not valid json"),
        (b"[1]", "not a json object"),
        (b"GET /", "not a json object"),
        (b'{"a":1}', "`ts` is missing"),
        (b'{"ts":"soon"}', "time cannot be read"),
        (b"\x16\x03\x01", "binary data"),
        (b"{" * 100_000, "line ends inside the json object"),
    ],
)
def test_a_line_that_is_no_json_has_its_reason(line, reason):
    assert JSONL.careful(JSONL.layout('{"ts":"2012-01-09T23:00:00Z","a":1}'), line) == reason


def test_nested_keys_and_listed_headers_are_fields(engine_fields):
    line = json.dumps(
        {"ts": 1326150000.25, "request": {"remote_ip": "192.0.2.1", "uri": "/", "headers": {"X-Msisdn": ["447700900123"]}}, "status": 200}
    )
    form = JSONL.sniff([line.encode()]).layout
    fields = engine_fields(form, line)
    assert fields[form.headers["x-msisdn"]] == "447700900123"
    assert fields[form.roles["client"]] == "192.0.2.1"
    assert parse_time(fields[form.roles["time"]], form.clock) == datetime(2012, 1, 9, 23, 0, 0, 250000, tzinfo=UTC)
    assert JSONL.careful(form, line.encode()) == fields


def test_fields_are_the_union_of_the_keys_of_the_sample():
    sample = [b'{"time":"2012-01-09T23:00:00Z","a":1}', b'{"time":"2012-01-09T23:00:01Z","b":1}', b"broken"]
    guess = JSONL.sniff(sample)
    assert guess.layout.fields == ("time", "a", "b")
    assert guess.confidence == pytest.approx(2 / 3)


def test_the_sample_line_of_a_layout_tells_fields_and_clock():
    form = JSONL.layout('{"logged":"09.01.2012 23:00:00","user":{"id":"u1"}}')
    assert (form.fields, form.clock) == (("logged", "user.id"), "%d.%m.%Y %H:%M:%S")
    assert form.roles == {"time": "logged", "recipient": "user.id"}


@pytest.mark.parametrize("sample", [[], [b""], [b"GET /"], [b"[1]"], [b'{"a":1}'], [b'{"time":"soon"}']])
def test_lines_without_an_object_or_a_time_are_not_recognised(sample):
    assert JSONL.sniff(sample) is None


def test_the_guess_says_how_many_fields_were_seen():
    assert JSONL.sniff([b'{"time":"2012-01-09T23:00:00Z","a":1}']).seen == "JSON lines with 2 fields"


def test_the_first_of_two_equal_keys_is_meant_by_both_paths(engine_fields):
    line = '{"time":"2012-01-09T23:00:00Z","login":"u1","login":"u2"}'
    form = JSONL.layout(line)
    assert JSONL.careful(form, line.encode()) == engine_fields(form, line) == {"time": "2012-01-09T23:00:00Z", "login": "u1"}


@pytest.mark.parametrize("key", ["\\ud800", "\\u0000", "\\n"])
def test_a_key_that_no_engine_can_name_is_passed_over(key):
    line = f'{{"time":"2012-01-09T23:00:00Z","{key}":1}}'
    form = JSONL.sniff([line.encode()]).layout
    assert form.paths == ("$.time",)
    assert JSONL.careful(form, line.encode()) == {"time": "2012-01-09T23:00:00Z"}


def test_nesting_without_end_spoils_no_sample():
    good = b'{"time":"2012-01-09T23:00:00Z"}'
    deep = good.replace(b"}", b',"a":' + b"[" * 400 + b"]" * 400 + b"}")
    assert JSONL.sniff([good, deep]).confidence == 0.5
