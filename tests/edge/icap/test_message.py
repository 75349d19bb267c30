"""ICAP as RFC 3507 has it, whatever way it arrives in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.edge.icap.message import Chunks, MalformedError, answer, chunk, parse

RAW = (
    b"REQMOD icap://edge.example:1344/request?x=1 ICAP/1.0\r\nHost: edge.example\r\n"
    b"Encapsulated: req-hdr=0, req-body=412\r\nPreview: 0\r\nAllow: 204, 206\r\nX-Client-IP: 192.0.2.7"
)


def test_a_head_says_what_matters():
    head, client = parse(RAW)
    assert (head.method, head.path, head.size, head.has_body, head.preview, client) == (
        b"REQMOD",
        b"/request",
        412,
        True,
        0,
        "192.0.2.7",
    )
    assert head.takes == {b"204", b"206"}
    assert parse(b"OPTIONS /request ICAP/1.0")[0].path == b"/request"


def test_encapsulated_heads_are_told_apart():
    head, _ = parse(b"RESPMOD icap://e/response ICAP/1.0\r\nEncapsulated: req-hdr=0, res-hdr=4, res-body=9")
    assert head.encapsulated(b"abcdefghi") == {"req-hdr": b"abcd", "res-hdr": b"efghi"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GET / HTTP/1.1",
        b"REQMOD icap://e/request ICAP/1.0\nHost: e",
        b"REQMOD icap://e/request ICAP/1.0\r\nEncapsulated: req-hdr=5, null-body=9",
        b"REQMOD icap://e/request ICAP/1.0\r\nEncapsulated: req-hdr=0, null-body=-9",
        b"REQMOD icap://e/request ICAP/1.0\r\nEncapsulated: null-body=0, req-hdr=0",
        b"REQMOD icap://e/request ICAP/1.0\r\nEncapsulated: req-hdr=0",
        b"REQMOD icap://e/request ICAP/1.0\r\nEncapsulated: what=0, null-body=0",
        b"REQMOD icap://e/request ICAP/1.0\r\nEncapsulated: req-hdr=0, req-body=9, req-body=10",
        b"REQMOD icap://e/request ICAP/1.0\r\nPreview: many",
        b"REQMOD icap://e/request ICAP/1.0\r\nPreview: 999999999",
        b"REQMOD icap://e/request ICAP/1.0\r\nX-Client-IP: 1\r\nx-client-ip: 2",
    ],
)
def test_what_is_no_icap_is_refused(raw):
    with pytest.raises(MalformedError):
        parse(raw)


def test_an_answer_carries_the_tag_of_the_policy():
    assert answer(204, "abc") == b'ICAP/1.0 204 No Content\r\nISTag: "abc"\r\nService: whosaw\r\nEncapsulated: null-body=0\r\n\r\n'


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.binary(max_size=20), st.data())
def test_chunks_are_followed_however_they_arrive(contents, after, data):
    raw = b"".join(map(chunk, contents)) + b"0\r\n\r\n" + after
    chunks, found, rest = Chunks(), b"", b""
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        content, rest = chunks.take(rest + raw[:size])
        found, raw = found + content, raw[size:]
    assert (found, chunks.ended, rest) == (b"".join(contents), True, after)


def test_an_end_may_say_that_the_preview_was_all():
    chunks = Chunks()
    assert chunks.take(b"0; ieof\r\n\r\nnext") == (b"", b"next")
    assert chunks.original


@pytest.mark.parametrize(
    "raw", [b"x\r\n", b"-1\r\n", b"3\r\nabcd", b"3\nabc\r\n", b"fffffffff\r\n", b"1" * 2000, b"3 3\r\n", b"0x3\r\n", b" 3\r\n"]
)
def test_a_body_that_is_none_is_refused(raw):
    with pytest.raises(MalformedError):
        Chunks().take(raw)


@given(st.binary(max_size=200))
def test_no_head_is_too_odd_to_be_refused(raw):
    try:
        parse(raw)
    except MalformedError:
        return
