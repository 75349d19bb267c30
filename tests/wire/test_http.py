"""Is a stranger's request taken whole and as it was written, within limits, and does a bad one harm nobody else?"""

import socket
import time

import pytest

from watch.certificates import Authority
from whosaw.errors import ConfigError, StorageError
from whosaw.wire.http import Limits, Listener, Request, Response, listener
from wire.serving import raw, serving

HERE = Listener(host="127.0.0.1", port=0)


def echo(request):
    lines = [request.method, request.target, str(request.secure), request.address, *(f"{n}: {v}" for n, v in request.headers)]
    return Response(200, "\n".join(lines).encode() + b"\n" + request.body, (("Content-Type", "text/plain"),))


@pytest.fixture
def port():
    with serving(echo, HERE, limits=Limits(connections=8, of_one_address=4, head=4096, body=100, seconds=1.0)) as ports:
        yield ports[0]


def test_headers_arrive_in_their_order_and_spelling_and_as_often_as_they_were_sent(port):
    _, _, body = raw(port, "GET /a?b=c HTTP/1.1", "Host: a.example", "X-b: 1", "x-B: 2", "X_MSISDN: 3")
    assert body.splitlines() == ["GET", "/a?b=c", "False", "127.0.0.1", "Host: a.example", "X-b: 1", "x-B: 2", "X_MSISDN: 3"]


def test_an_encrypted_request_is_known_as_such(tmp_path):
    certificate, key = Authority(tmp_path).sign("page")
    with serving(echo, Listener(host="127.0.0.1", port=0, certificate=certificate, key=key)) as ports:
        assert raw(ports[0], "GET / HTTP/1.1", "Host: a.example", secure=True)[2].splitlines()[2] == "True"


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        (("GET / HTTP/1.1", "Host: a.example", "X: " + "a" * 20_000), b"", 431),
        (("GET / HTTP/1.1", "Host: a.example", *["X: 1"] * 128), b"", 431),
        (("POST / HTTP/1.1", "Host: a.example", "Content-Length: 200"), b"x" * 200, 413),
        (("POST / HTTP/1.1", "Host: a.example", "Transfer-Encoding: chunked"), b"c8\r\n" + b"x" * 200, 413),
        (("GET / HTTP/1.1",), b"", 400),
        (("nonsense",), b"", 400),
        (("GET / HTTP/1.1", "Host: a.example", "X : 1"), b"", 400),
        (("POST / HTTP/1.1", "Host: a.example", "Content-Length: 3"), b"abc", 200),
        (("HEAD / HTTP/1.1", "Host: a.example"), b"", 200),
    ],
)
def test_what_is_too_large_or_no_request_is_refused(port, lines, body, status):
    assert raw(port, *lines, body=body)[0] == status


def test_a_client_that_is_slow_loses_its_connection_and_no_more_than_its_share(port):
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
    try:
        for one in slow:
            one.sendall(b"GET / HTTP/1.1\r\n")
        end = time.monotonic() + 20
        while time.monotonic() < end and not refused(port):
            pass
        for one in slow:
            one.settimeout(20)
            assert one.recv(100) == b""
        assert raw(port, "GET / HTTP/1.1", "Host: a.example")[0] == 200
    finally:
        for one in slow:
            one.close()


def refused(port):
    """Whether a fifth connection of an address is closed at once."""
    try:
        return raw(port, "GET / HTTP/1.1", "Host: a.example")[0] == 0
    except ConnectionError:
        return True


def test_a_request_says_nothing_of_its_headers():
    shown = repr(Request("GET", "/447700900123", (("X-MSISDN", "447700900123"),), "127.0.0.1", secure=False))
    assert shown == "Request(GET, 1 headers)"


@pytest.mark.parametrize(
    ("text", "host", "port"), [("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:443", "::1", 443), ("check.example:8080", "check.example", 8080)]
)
def test_a_place_is_host_and_port(text, host, port):
    assert (listener(text).host, listener(text).port) == (host, port)


@pytest.mark.parametrize("text", ["80", "a.example:", ":80", "a:99999", "a:x"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ConfigError, match="no HOST:PORT"):
        listener(text)


def test_a_certificate_that_is_none_is_refused(tmp_path):
    (tmp_path / "cert.pem").write_text("none")
    with pytest.raises(ConfigError, match="cannot use the certificate"):
        Listener(host="127.0.0.1", port=0, certificate=tmp_path / "cert.pem").context()


async def listen_twice(server, port):
    await server.listen(Listener(host="127.0.0.1", port=port))


def test_a_port_that_is_taken_is_told(port):
    import asyncio

    from whosaw.wire.http import Server

    with pytest.raises(StorageError, match="cannot listen"):
        asyncio.run(listen_twice(Server(echo), port))
