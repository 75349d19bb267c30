import json
from datetime import UTC, datetime

import pytest

from whosaw.errors import ConfigError
from whosaw.layout.clock import parse_time
from whosaw.readers import detect
from whosaw.readers.jsonl import JSONL
from whosaw.readers.nginx_json import NGINX_JSON
from whosaw.readers.ocsf import OCSF
from whosaw.readers.parquet import PARQUET

TEMPLATE = """log_format js escape=json '{"time":"$time_iso8601","ip":"$remote_addr","who":"$remote_user",'
              '"m":"$request_method","u":"$request_uri","s":$status,"n":"$http_x_msisdn","c":"$sent_http_x_customer"}';"""
LINE = (
    '{"time":"2012-01-09T23:00:00+00:00","ip":"192.0.2.1","who":"ann smith","m":"GET","u":"/b?x=\\"1\\"","s":200,"n":"447700900123","c":""}'
)


def test_a_json_log_format_gives_its_keys_the_roles_of_their_variables(engine_fields):
    form = NGINX_JSON.layout(TEMPLATE)
    assert form.roles == {"time": "time", "client": "ip", "recipient": "who", "method": "m", "uri": "u", "status": "s"}
    assert (form.headers, form.responses) == ({"x-msisdn": "n"}, {"x-customer": "c"})
    fields = engine_fields(form, LINE)
    assert fields["who"] == "ann smith"
    assert NGINX_JSON.careful(form, LINE.encode()) == fields


def test_json_written_without_its_escape_is_read_by_the_careful_path(engine_fields):
    form = NGINX_JSON.layout(TEMPLATE)
    line = LINE.replace('\\"', "\\x22").replace("ann smith", "caf\\xC3\\xA9")
    assert engine_fields(form, line) is None
    found = NGINX_JSON.careful(form, line.encode())
    assert (found["u"], found["who"]) == ('/b?x="1"', "café")


@pytest.mark.parametrize("text", ["", "$remote_addr", "[1]"])
def test_a_layout_that_is_no_object_is_refused(text):
    for reader in (NGINX_JSON, JSONL, PARQUET):
        with pytest.raises(ConfigError, match="not a json object"):
            reader.layout(text)


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


EVENT = {
    "class_uid": 6003,
    "time": 1326150000123,
    "actor": {"user": {"uid": "agent-7"}, "session": {"uid": "s1"}},
    "src_endpoint": {"ip": "192.0.2.1"},
    "api": {"operation": "getBill", "response": {"code": 200}},
    "http_request": {"http_method": "GET", "url": {"path": "/bills/1", "query_string": "m=1"}},
    "resources": [{"uid": "bill-1", "owner": {"uid": "447700900123"}}],
}


def test_an_ocsf_event_says_who_was_shown_whose_data(engine_fields):
    line = json.dumps(EVENT)
    guess = detect([line.encode()])[0]
    fields = engine_fields(guess.layout, line)
    assert guess.reader == "ocsf"
    assert {
        role: fields[field] for role, field in guess.layout.roles.items() if role in {"recipient", "customer", "uri", "status", "session"}
    } == {
        "recipient": "agent-7",
        "customer": "447700900123",
        "uri": "/bills/1",
        "status": "200",
        "session": "s1",
    }
    assert guess.layout.clock == "epoch_ms"
    assert OCSF.careful(guess.layout, line.encode()) == fields


@pytest.mark.parametrize("number", ["6003", "6005", "6001", "4002"])
def test_every_class_has_a_layout_of_its_own(number):
    assert OCSF.layout(number).roles["customer"] == "resources[0].owner.uid"
    with pytest.raises(ConfigError, match="not an OCSF class"):
        OCSF.layout("1")


def test_an_event_without_a_time_is_not_recognised():
    assert OCSF.sniff([b'{"class_uid":6003}']) is None


def test_an_event_of_another_class_is_not_ours():
    assert OCSF.sniff([json.dumps(EVENT | {"class_uid": 1001}).encode()]) is None


def test_parquet_rows_follow_the_magic():
    guess = PARQUET.sniff([b"PAR1", b'{"seen":"2012-01-09 23:00:00","agent":"a1"}'])
    assert (guess.layout.kind, guess.layout.fields, guess.layout.roles["time"]) == ("parquet", ("seen", "agent"), "seen")
    assert PARQUET.sniff([b"PARX"]) is None
    assert PARQUET.sniff([b"PAR1", b'{"agent":"a1"}']) is None
    assert PARQUET.careful(guess.layout, b'{"seen":"2012-01-09 23:00:00","agent":"a1"}')["agent"] == "a1"
