"""Every way of asking that RFC 3507 has is answered, bodies pass and are never kept, and nobody keeps the service waiting."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CLEAN = b"GET http://news.example/ HTTP/1.1\r\nHost: news.example\r\n\r\n"
DIRTY = b"POST http://news.example/ HTTP/1.1\r\nHost: news.example\r\nX-MSISDN: 447700900002\r\n\r\n"
STRIPPED = DIRTY.replace(b"X-MSISDN: 447700900002\r\n", b"")
ASKED = b"GET /account HTTP/1.1\r\nHost: my.example\r\nX-Session-Customer: A-1\r\n\r\n"
SHOWN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def reqmod(head, body=None, *more):
    kind = "null-body" if body is None else "req-body"
    lines = [
        "REQMOD icap://edge/request ICAP/1.0",
        "Host: edge",
        f"Encapsulated: req-hdr=0, {kind}={len(head)}",
        "X-Client-IP: 127.0.0.2",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + head + (body or b"")


def respmod(body, *more, asked=ASKED, shown=SHOWN):
    parts = f"Encapsulated: req-hdr=0, res-hdr={len(asked)}, res-body={len(asked) + len(shown)}"
    return "\r\n".join(["RESPMOD icap://edge/response ICAP/1.0", "Host: edge", parts, *more, "", ""]).encode() + asked + shown + body


def chunked(*contents):
    return b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in contents) + b"0\r\n\r\n"


def test_options_say_what_is_offered(icap):
    said = icap.connect().ask(b"OPTIONS icap://edge/request ICAP/1.0\r\nHost: edge\r\n\r\n")
    for line in (b"ICAP/1.0 200 OK", b"Methods: REQMOD", b"Preview: 0", b"Allow: 204, 206", b"Max-Connections: 2", b"Transfer-Preview: *"):
        assert line in said
    assert icap.edge.policy.hash.encode() in said
    assert b"Methods: RESPMOD" in icap.connect().ask(b"OPTIONS icap://edge/response ICAP/1.0\r\nHost: edge\r\n\r\n")


def test_a_clean_request_is_answered_204_where_that_is_allowed(icap):
    asker = icap.connect()
    assert asker.ask(reqmod(CLEAN, None, "Allow: 204")).startswith(b"ICAP/1.0 204")
    said = asker.ask(reqmod(CLEAN))
    assert said.startswith(b"ICAP/1.0 200")
    assert said.endswith(CLEAN)


def test_a_dirty_head_comes_back_clean_and_the_body_as_it_was(icap):
    said = icap.connect().ask(reqmod(DIRTY, chunked(b"abc", b"defg")))
    assert said.startswith(b"ICAP/1.0 200")
    head, _, body = said.partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")
    assert head + b"\r\n\r\n" == STRIPPED
    assert body == chunked(b"abcdefg")


def test_behind_a_preview_nothing_is_said_before_it_ended(icap):
    asker = icap.connect()
    assert asker.ask(reqmod(DIRTY, b"", "Preview: 0", "Allow: 204, 206")) == b""
    said = asker.ask(b"0\r\n\r\n")
    assert said.startswith(b"ICAP/1.0 206")
    assert said.endswith(STRIPPED + b"0; use-original-body=0\r\n\r\n")
    assert asker.ask(reqmod(CLEAN, b"0\r\n\r\n", "Preview: 0")).startswith(b"ICAP/1.0 204")


def test_a_client_that_takes_no_206_is_asked_for_the_rest(icap):
    asker = icap.connect()
    said = asker.ask(reqmod(DIRTY, b"2\r\nab\r\n0\r\n\r\n", "Preview: 2"))
    assert said.startswith(b"ICAP/1.0 100 Continue\r\n\r\nICAP/1.0 200")
    assert said.endswith(STRIPPED + b"2\r\nab\r\n")
    assert asker.ask(chunked(b"cd")) == chunked(b"cd")
    whole = asker.ask(reqmod(DIRTY, b"2\r\nab\r\n0; ieof\r\n\r\n", "Preview: 2"))
    assert whole.endswith(STRIPPED + chunked(b"ab"))


def test_requests_follow_each_other_on_a_connection(icap):
    assert icap.connect().ask(reqmod(CLEAN, None, "Allow: 204") * 3).count(b"ICAP/1.0 204") == 3


def test_a_large_body_is_passed_on_and_never_kept(icap):
    asker = icap.connect()
    asker.ask(reqmod(DIRTY, b"%x\r\n" % (100 << 20)))
    piece = b"x" * (1 << 16)
    for _ in range((100 << 20) // len(piece)):
        assert len(asker.ask(piece)) < len(piece) + 64
    assert len(asker.connection._data) < 64
    assert asker.ask(b"\r\n0\r\n\r\n") == b"0\r\n\r\n"


def test_a_clean_body_is_dropped_where_204_is_allowed(icap):
    asker = icap.connect()
    assert asker.ask(reqmod(CLEAN, b"3\r\nabc\r\n", "Allow: 204")).startswith(b"ICAP/1.0 204")
    assert asker.ask(b"3\r\nabc\r\n0\r\n\r\n") == b""
    assert asker.ask(reqmod(CLEAN, None, "Allow: 204")).startswith(b"ICAP/1.0 204")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (reqmod(CLEAN).replace(b"/request", b"/elsewhere"), 404),
        (reqmod(CLEAN).replace(b"REQMOD", b"RESPMOD"), 405),
        (b"x" * 70_000, 413),
        (reqmod(CLEAN[:-2] + b"xx"), 400),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(icap, data, status):
    assert icap.connect().ask(data).startswith(b"ICAP/1.0 %d" % status)


def test_heads_that_are_too_long_do_not_leave(icap):
    asker = icap.connect()
    said = asker.ask(b"REQMOD icap://edge/request ICAP/1.0\r\nEncapsulated: req-hdr=0, null-body=999999\r\n\r\n" + DIRTY)
    assert said.startswith(b"ICAP/1.0 200")
    assert b"HTTP/1.1 403" in said
    assert asker.wire.closed


def test_where_the_service_breaks_nothing_leaves(icap, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    for name in ("request", "page"):
        monkeypatch.setattr(icap.edge, name, broken)
    assert b"HTTP/1.1 403" in icap.connect().ask(reqmod(CLEAN, None, "Allow: 204"))
    assert b"HTTP/1.1 403" in icap.connect().ask(respmod(chunked(b"Account A-1")))
    assert icap.server.broken == 2


def test_a_client_that_wants_no_more_is_closed(icap):
    asker = icap.connect()
    assert asker.ask(reqmod(CLEAN, None, "Allow: 204", "Connection: close")).startswith(b"ICAP/1.0 204")
    assert asker.wire.closed


def test_a_head_that_is_none_is_refused_to_the_customer_and_not_let_through(icap):
    said = icap.connect().ask(reqmod(b"GET / HTTP/1.1\r\nHost: a\r\n folded: 447700900002\r\n\r\n"))
    assert b"HTTP/1.1 403" in said
    assert b"447700900002" not in said


def test_a_foreign_page_is_blocked_and_the_own_one_goes_out(icap):
    blocked = icap.connect().ask(respmod(chunked(b"<h1>Account A-2</h1>")))
    assert b"HTTP/1.1 403" in blocked
    assert b"A-2" not in blocked
    own = icap.connect().ask(respmod(chunked(b"<h1>Account A-1</h1>")))
    assert own.endswith(SHOWN + chunked(b"<h1>Account A-1</h1>"))


def test_a_page_behind_a_preview_is_asked_for(icap):
    asker = icap.connect()
    assert asker.ask(respmod(b"0\r\n\r\n", "Preview: 0", "Allow: 204")) == b"ICAP/1.0 100 Continue\r\n\r\n"
    assert b"HTTP/1.1 403" in asker.ask(chunked(b"Account A-2"))


@pytest.mark.parametrize("more", [(), ("Preview: 65000",)])
def test_a_page_that_is_too_long_goes_out_and_is_said_to_be_unseen(icap, more):
    asker = icap.connect()
    piece = b"Account A-1 " * 1000
    first = respmod(b"", *more), *([b"%x\r\n%b\r\n" % (65_000, (piece * 6)[:65_000]), b"0\r\n\r\n"] if more else [])
    sent = b"".join(map(asker.ask, [*first, *(b"%x\r\n%b\r\n" % (len(piece), piece) for _ in range(40)), b"0\r\n\r\n"]))
    assert sent.count(b"Account A-1") == 40_000 + (5_416 if more else 0)
    assert sent.endswith(b"0\r\n\r\n")
    assert icap.edge.counts["unseen"] == 1
    assert asker.ask(reqmod(CLEAN, None, "Allow: 204")).startswith(b"ICAP/1.0 204")


@pytest.mark.parametrize("more", [(), ("Preview: 65000",)])
def test_a_page_that_is_too_long_and_begins_with_somebody_else_is_blocked(icap, more):
    asker = icap.connect()
    piece = b"Account A-2 " * 5_416
    sent = asker.ask(respmod(b"%x\r\n%b\r\n" % (len(piece), piece), *more))
    sent += asker.ask(b"0\r\n\r\n" if more else chunked(b"Account A-2"))
    assert sent.count(b"HTTP/1.1 403") == 1
    assert b"A-2" not in sent
    if not more:
        assert asker.ask(reqmod(CLEAN, None, "Allow: 204")).startswith(b"ICAP/1.0 204")


def test_pages_without_a_rule_pass(icap):
    assert icap.connect().ask(respmod(chunked(b"x"), "Allow: 204", asked=b"GET / HTTP/1.1\r\n\r\n")).startswith(b"ICAP/1.0 204")


def test_more_connections_than_are_offered_are_refused(icap):
    held = [icap.connect(), icap.connect()]
    third = icap.connect()
    assert third.wire.sent.startswith(b"ICAP/1.0 503")
    assert third.wire.closed
    held[0].connection.connection_lost(None)
    assert icap.connect().ask(reqmod(CLEAN, None, "Allow: 204")).startswith(b"ICAP/1.0 204")


def test_whoever_sends_too_slowly_is_cut_off(icap):
    slow, idle = icap.connect(), icap.connect()
    slow.ask(b"REQMOD icap")
    icap.now[0] = 11.0
    icap.server.sweep()
    assert slow.wire.closed
    assert not idle.wire.closed
    icap.now[0] = 301.0
    icap.server.sweep()
    assert idle.wire.closed


def test_a_request_after_a_rest_has_all_its_time(icap):
    asker = icap.connect()
    data = reqmod(CLEAN, None, "Allow: 204")
    asker.ask(data)
    icap.now[0] = 200.0
    assert asker.ask(data[:20]) == b""
    icap.now[0] = 209.0
    icap.server.sweep()
    assert asker.ask(data[20:]).startswith(b"ICAP/1.0 204")


def test_a_body_may_halt_for_longer_than_a_head(icap):
    asker = icap.connect()
    asker.ask(reqmod(DIRTY, b"5\r\nab"))
    icap.now[0] = 50.0
    icap.server.sweep()
    assert asker.ask(b"cde\r\n") == b"3\r\ncde\r\n"
    icap.now[0] = 120.0
    asker.wire.sent = b""
    icap.server.sweep()
    assert asker.wire.closed
    assert asker.wire.sent == b"", "an answer that was begun is not followed by another"
    assert icap.server.late == 1


def test_whoever_does_not_take_his_answer_is_cut_off(icap):
    asker = icap.connect()
    asker.ask(reqmod(CLEAN, None, "Allow: 204"))
    asker.wire.unsent = 1000
    icap.now[0] = 61.0
    icap.server.sweep()
    assert asker.wire.closed
    icap.server.sweep()
    assert asker.wire.aborted


def test_no_more_is_read_than_can_be_sent(icap):
    asker = icap.connect()
    asker.connection.pause_writing()
    assert not asker.wire.reading
    asker.connection.resume_writing()
    assert asker.wire.reading


def test_a_request_in_hand_is_finished_before_the_end(icap):
    asker, idle = icap.connect(), icap.connect()
    data = reqmod(CLEAN, None, "Allow: 204")
    asker.ask(data[:40])
    icap.server.stopping = True
    for one in (asker, idle):
        one.connection.finish()
    assert idle.wire.closed
    assert not asker.wire.closed
    assert asker.ask(data[40:]).startswith(b"ICAP/1.0 204")
    assert asker.wire.closed


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_broken_message_is_never_let_through(icap, data):
    raw = bytearray(reqmod(DIRTY, chunked(b"abc"), *data.draw(st.sampled_from([(), ("Allow: 204",), ("Preview: 0", "Allow: 206")]))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    asker = icap.connect()
    said = asker.ask(bytes(raw))
    asker.connection.connection_lost(None)
    assert b"447700900002" not in said or b"X-MSISDN" not in bytes(raw) or b"X-MSISDN: 447700900002" not in said
