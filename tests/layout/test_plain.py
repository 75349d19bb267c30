"""The law: whatever is found without the pattern is what the pattern captures, and common lines are found."""

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odd_lines import NAMED, damaged
from whosaw.layout import Shape, plain, shape_of
from whosaw.readers import apache, crm, csv_map, nginx

FURTHER = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent rt=$request_time "$http_cookie" $upstream_addr $msec'
)
LAYOUTS = {
    "nginx combined": nginx.layout("combined"),
    "nginx main": nginx.layout("main"),
    "nginx further": nginx.layout(FURTHER),
    "nginx iso": nginx.layout('$time_iso8601 $remote_addr "$request" $status'),
    "apache combined": apache.layout("combined"),
    "apache common": apache.layout("common"),
    "table": csv_map.CSV.layout("time,agent,customer"),
    "table of a desk": crm.CRM.layout("time|agent|customer"),
}
PLAIN = {
    "nginx combined": '10.0.0.1 - u1 [05/Jan/2012:00:00:07 +0000] "GET /bills/7?a=b HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; rv:9.0)"',
    "nginx main": '10.0.0.1 - - [05/Jan/2012:00:00:07 +0000] "GET / HTTP/2.0" 200 512 "-" "curl" "10.1.1.1, 10.2.2.2"',
    "nginx further": '::1 - u [05/Jan/2012:00:00:07 +0000] "POST /a HTTP/1.0" 200 5 rt=0.123 "sid=1; a=b" 10.0.0.1:80 1325721607.123',
    "nginx iso": '2012-01-05T00:00:07+01:00 10.0.0.1 "GET / HTTP/1.1" 404',
    "apache combined": '10.0.0.1 - u1 [05/Jan/2012:00:00:07 -0330] "GET /%20 HTTP/1.1" 302 - "http://a.example/" "a b  c"',
    "apache common": '10.0.0.1 - - [05/Jan/2012:00:00:07 +0000] "HEAD / HTTP/1.1" 200 0',
    "table": "2012-01-05T00:00:07Z,a1,",
    "table of a desk": "2012-01-05T00:00:07Z|a 1|c7",
}


def blocks(name):
    return st.lists(damaged(PLAIN[name]), min_size=1, max_size=6)


def found(layout, texts, shape: Shape | None = None):
    """Return what is found: line number -> field -> text, with the time as minute and seconds."""
    raw = "\n".join(texts).encode() + b"\n"
    data = np.frombuffer(raw, np.uint8)
    shape = shape or shape_of(layout, layout.fields, layout.roles["time"])
    rows = {}
    for part in shape.cut(data, np.flatnonzero(data == ord("\n"))):
        for i, line in enumerate(part.lines.tolist()):
            borders = part.borders[i].reshape(-1, 2).tolist()
            rows[line] = dict(zip(shape.fields, (raw[a:b].decode() for a, b in borders), strict=True))
            if part.times:
                rows[line]["minute"] = part.times.minutes[part.times.which[i]]
                rows[line]["second"] = int(part.times.seconds[i])
    return rows


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_found_is_what_the_pattern_captures(name):
    layout = LAYOUTS[name]
    timed = shape_of(layout, layout.fields, layout.roles["time"]).time

    @given(blocks(name))
    @example([PLAIN[name]] * 3)
    @example(list(NAMED.values()))
    def law(texts):
        rows = found(layout, texts)
        for i, row in rows.items():
            match = re.fullmatch(layout.pattern, texts[i].removesuffix("\r"))
            assert match is not None
            captured = dict(zip(layout.fields, (group or "" for group in match.groups()), strict=True))
            if timed:
                minute, second = row.pop("minute"), row.pop("second")
                at = {26: 18, 25: 17}[len(captured[timed])]
                assert captured[timed] == minute[:at] + f"{second:02}" + minute[at + 2 :]
            assert row == captured

    law()


@pytest.mark.parametrize("name", LAYOUTS)
def test_common_lines_are_found_in_every_slice_of_a_block(name, monkeypatch):
    texts = [PLAIN[name], "odd", PLAIN[name] + "\r", PLAIN[name]]
    monkeypatch.setattr(plain, "TOGETHER", len(PLAIN[name]) + 6)
    assert set(found(LAYOUTS[name], texts)) == {0, 2, 3}


def test_a_line_with_an_escape_is_left_to_the_pattern():
    text = PLAIN["nginx combined"]
    assert set(found(LAYOUTS["nginx combined"], [text, text.replace("X11", "\\x22"), text])) == {0, 2}


def test_the_last_line_needs_no_end():
    layout = LAYOUTS["apache common"]
    data = np.frombuffer(PLAIN["apache common"].encode(), np.uint8)
    (part,) = shape_of(layout, layout.fields).cut(data, np.array([len(data)]))
    assert part.lines.tolist() == [0]


def test_only_wanted_fields_are_kept_in_the_order_of_the_line():
    shape = shape_of(LAYOUTS["nginx combined"], ["status", "remote_user"])
    assert shape.fields == ("remote_user", "status")
    assert found(LAYOUTS["nginx combined"], [PLAIN["nginx combined"]], shape) == {0: {"remote_user": "u1", "status": "200"}}


@pytest.mark.parametrize("form", ["$remote_addr:$remote_port [$time_local]", "[$time_local] $http_a|$http_b", "[$msec] [$http_a]"])
def test_a_format_whose_fields_spaces_and_quotes_do_not_tell_apart_has_no_plain_lines(form):
    layout = nginx.layout(form)
    assert shape_of(layout, layout.fields) is None


@pytest.mark.parametrize("text", ["0", "17", "12345678", "1234567890123456", "0.5", "1325721607.123", "-", "1234567.1", "12345678.9"])
def test_numbers_are_known_however_long(text):
    layout = nginx.layout("$remote_addr [$time_local] $request_time")
    assert len(found(layout, [f"10.0.0.1 [05/Jan/2012:00:00:07 +0000] {text}"])) == 1


@pytest.mark.parametrize("text", ["", ".", "1.", ".1", "1.2.3", "a", "1a", "123456789.a", "1:2", "12/4", "--", "-."])
def test_what_is_no_number_is_left_to_the_pattern(text):
    layout = nginx.layout("$remote_addr [$time_local] $request_time")
    assert not found(layout, [f"10.0.0.1 [05/Jan/2012:00:00:07 +0000] {text}"])
