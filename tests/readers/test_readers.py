import json
import re
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.layout import reads_time
from whosaw.layout.pattern import unescape
from whosaw.readers import READERS, by_name, detect

NGINX = rb'192.0.2.1 - u1 [09/Jan/2012:23:00:00 +0000] "GET /bills/1 HTTP/1.1" 200 512 "-" "Mozilla/5.0"'
APACHE = rb'192.0.2.1 - u1 [09/Jan/2012:23:00:00 +0000] "GET /bills/1 HTTP/1.1" 200 512 "-" "a \"b\" c"'
COMMON = rb'192.0.2.1 - u1 [09/Jan/2012:23:00:00 +0000] "GET /bills/1 HTTP/1.1" 200 512'
SQUID = b"1326150000.123     42 192.0.2.1 TCP_MISS/200 258 GET http://site.example/ u1 HIER_DIRECT/198.51.100.1 text/html"
HAPROXY = (
    b"Jan  9 23:00:00 gw haproxy[14389]: 192.0.2.1:33317 [09/Jan/2012:23:00:00.655] web be/s1 0/0/0/3/4 200 2750 - - ---- 1/1/0/0/0 0/0 "
    b'{site.example|447700900123} {} "GET /index.html HTTP/1.1"'
)
NGINX_JSON = b'{"time_iso8601":"2012-01-09T23:00:00+00:00","remote_addr":"192.0.2.1","request_method":"GET","request_uri":"/","status":200}'
JSONL = b'{"ts":"2012-01-09T23:00:00Z","login":"u1","page":"/bill"}'
OCSF = json.dumps(
    {"class_uid": 6003, "time": 1326150000123, "actor": {"user": {"uid": "u1"}}, "resources": [{"owner": {"uid": "c1"}}]}
).encode()
HAR = json.dumps(
    {
        "log": {
            "version": "1.2",
            "creator": {"name": "browser"},
            "entries": [
                {
                    "startedDateTime": "2012-01-09T23:00:00.000Z",
                    "request": {"method": "GET", "url": "http://site.example/a?b=1", "headers": [], "cookies": []},
                    "response": {"status": 200, "headers": [], "content": {"size": 12}},
                }
            ],
        }
    }
).encode()
CRM = [b"time,agent,action,customer", b"2012-01-09 23:00:00,a1,view,447700900123"]
CSV = [b"when;page;note", b"09.01.2012 23:00:00;/x;y"]

SAMPLES = [
    ("nginx", [NGINX]),
    ("apache", [APACHE]),
    ("apache", [COMMON]),
    ("squid", [SQUID]),
    ("haproxy", [HAPROXY]),
    ("nginx_json", [NGINX_JSON]),
    ("jsonl", [JSONL]),
    ("ocsf", [OCSF]),
    ("har", [HAR]),
    ("crm", CRM),
    ("csv", CSV),
    ("parquet", [b"PAR1\x15\x04"]),
]
LINES = [line for _, sample in SAMPLES for line in sample]
GUESSES = [guess for _, sample in SAMPLES for guess in detect(sample)]
LAYOUTS = [guess.layout for guess in GUESSES]
READER_NAMES = [reader.name for reader in READERS]

lines = st.binary(max_size=120) | st.sampled_from(LINES)
mangled = st.tuples(st.sampled_from(LINES), st.integers(0, 200), st.binary(max_size=6)).map(
    lambda t: t[0][: t[1]] + t[2] + t[0][t[1] + 1 :]
)


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_each_format_is_recognised_by_its_own_reader(name, sample):
    best = detect(sample)[0]
    assert best.reader == name
    assert best.confidence == 1


@pytest.mark.parametrize(("name", "sample"), SAMPLES)
def test_a_recognised_line_is_read_and_its_time_too(name, sample):
    layout = detect(sample)[0].layout
    if layout.kind in {"pattern", "json"}:
        fields = by_name(name).careful(layout, sample[-1])
        assert reads_time(unescape(fields[layout.roles["time"]], layout.unquote), layout.clock)
        assert set(layout.roles.values()) <= set(layout.fields)


@given(sample=st.lists(lines | mangled, max_size=6))
def test_recognising_never_raises_and_is_honest(sample):
    guesses = detect(sample)
    assert all(0 < guess.confidence <= 1 for guess in guesses)
    assert [g.confidence for g in guesses] == sorted((g.confidence for g in guesses), reverse=True)


@given(guess=st.sampled_from(GUESSES), raw=lines | mangled)
def test_reading_never_raises_and_a_reason_holds_nothing_of_the_line(guess, raw):
    found = by_name(guess.reader).careful(guess.layout, raw)
    if isinstance(found, str):
        assert re.fullmatch("[a-z ]+", re.sub("`[^`]*`", "", found))
        assert {*re.findall("`([^`]*)`", found)} <= {*guess.layout.fields, "the end"}
    else:
        assert all(value.encode() is not None for value in found.values())


@given(raw=st.binary(max_size=300) | st.just(HAR) | st.integers(0, len(HAR)).map(lambda n: HAR[:n]))
def test_a_document_never_raises(raw):
    for reader in READERS:
        if reader.document is not None:
            assert all(isinstance(row, (str, dict)) for row in reader.document(raw))


@given(layout=st.sampled_from([x for x in LAYOUTS if x.kind == "pattern"]), raw=mangled)
def test_both_engines_read_the_same_fields(engine_fields, layout, raw):
    text = raw.decode("utf-8", "replace").replace("\n", "").replace("\r", "")
    match = re.fullmatch(layout.pattern, text)
    python = dict(zip(layout.fields, match.groups(""), strict=True)) if match else None
    assert engine_fields(layout, text) == python


@pytest.mark.parametrize("name", READER_NAMES)
def test_a_reader_is_found_by_its_name(name):
    assert by_name(name).name == name
    assert by_name(name.upper()) is None


def test_every_reader_stands_in_the_reference():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "readers.md").read_text(encoding="utf-8")
    assert re.findall(r"^## `(\w+)`", page, re.MULTILINE) == READER_NAMES
    for reader in READERS:
        assert reader.claim in page


def test_every_pattern_has_one_group_for_each_field():
    for layout in LAYOUTS:
        if layout.kind == "pattern":
            assert re.compile(layout.pattern).groups == len(layout.fields)
            duckdb.execute("select regexp_extract('', ?, ?)", [layout.pattern, list(layout.fields)])
        elif layout.kind == "json":
            assert len(layout.paths) == len(layout.fields)
            duckdb.execute("select json_extract_string('{}', ?)", [list(layout.paths)])


def test_a_mixed_sample_gives_the_most_frequent_format_with_its_share():
    best = detect([NGINX, NGINX, NGINX, SQUID])[0]
    assert (best.reader, best.confidence) == ("nginx", 0.75)


def test_an_empty_or_unknown_sample_gives_nothing():
    assert detect([]) == []
    assert detect([b"", b"hello world"]) == []


@given(
    agent=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=40),
    login=st.from_regex(r"[a-z]{1,5}( [a-z\[\"]{1,5}){1,3}", fullmatch=True),
)
def test_a_login_name_with_a_space_is_rejected_or_read_whole_never_mis_split(agent, login):
    agent = agent.replace("\\", "\\x5C").replace('"', "\\x22")
    rest = f'[09/Jan/2012:23:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "{agent}"'
    for name, text in (("nginx", ""), ("apache", "")):
        reader = by_name(name)
        layout = reader.layout(text)
        found = reader.careful(layout, f"192.0.2.1 - {login} {rest}".encode())
        assert isinstance(found, str) or found[layout.roles["recipient"]] == login
    squid = by_name("squid")
    found = squid.careful(squid.layout(""), SQUID.replace(b" u1 ", f" {login} ".encode()))
    assert isinstance(found, str)


@pytest.mark.parametrize(("name", "line"), [("nginx", NGINX), ("apache", NGINX), ("squid", SQUID), ("haproxy", HAPROXY)])
def test_a_long_address_ipv6_and_a_carriage_return_are_read(engine_fields, name, line):
    reader = by_name(name)
    layout = reader.layout("")
    path = "/" + "x" * 5000
    text = re.sub(r"(GET )\S+", rf"\g<1>{path}", line.decode()).replace("192.0.2.1", "2001:db8::7")
    fields = engine_fields(layout, text)
    assert fields[layout.roles["uri"]] == path
    assert fields[layout.roles["client"]] == "2001:db8::7"
    assert reader.careful(layout, text.encode() + b"\r") == fields


@pytest.mark.parametrize(("name", "line"), [("nginx", NGINX), ("apache", APACHE), ("squid", SQUID), ("haproxy", HAPROXY)])
def test_a_truncated_line_is_rejected_at_every_length(name, line):
    reader = by_name(name)
    layout = reader.layout("")
    for length in range(1, line.rindex(b"text/html") if name == "squid" else len(line)):
        assert isinstance(reader.careful(layout, line[:length]), str)


@pytest.mark.parametrize("name", ["nginx", "apache", "squid", "haproxy"])
def test_zero_bytes_left_by_a_log_rotation_are_passed_over_and_others_are_binary(name):
    line = {"nginx": NGINX, "apache": APACHE, "squid": SQUID, "haproxy": HAPROXY}[name]
    reader = by_name(name)
    layout = reader.layout("")
    assert reader.careful(layout, b"\0" * 4000 + line) == reader.careful(layout, line)
    assert reader.careful(layout, line[:20] + b"\0" * 10) == "binary data"
    assert reader.careful(layout, b"") == "empty line"
