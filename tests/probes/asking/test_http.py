"""Answers come back whole or cut at the limit, over kept connections; what goes wrong is named without the address."""

import gzip
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from whosaw.probes.asking.http import Http
from whosaw.probes.asking.wire import Request


@contextmanager
def transport(**more):
    http = Http(**{"timeout": 5, "most": 100_000, "monotonic": time.monotonic, **more})
    yield http
    http.close()


@contextmanager
def raw_server(*answers):
    """A server that says the given bytes, one per request, on as many connections as come."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        connections = []

        def serve():
            for answer in answers:
                connection = listening.accept()[0]
                connections.append(connection)
                connection.recv(65_536)
                connection.sendall(answer)
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(5)


def reply(body, *headers):
    return b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body), b"", body])


def test_a_connection_is_kept_and_serves_the_next_request(portal):
    url = portal().url
    with transport() as http:
        assert [http.send(Request("GET", f"{url}/help")).status for _ in range(3)] == [200] * 3
        assert sum(len(kept) for kept in http._threads) == 1


def test_a_redirect_is_an_answer_and_not_followed(portal):
    with transport() as http:
        answer = http.send(Request("GET", f"{portal().url}/me"))
        assert (answer.status, answer.header("location")) == (302, "/login")


def test_a_huge_body_is_read_to_the_limit_and_no_further(portal):
    started = portal()
    sid = "s" * 12
    started.sessions[sid] = "ann"
    with transport() as http:
        answer = http.send(Request("GET", f"{started.url}/big", (("Cookie", f"sid={sid}"),)))
        assert (len(answer.body), answer.cut) == (100_000, True)


def test_a_few_bytes_that_unpack_to_gigabytes_are_cut_too():
    packed = gzip.compress(b"\0" * 5_000_000)
    with raw_server(reply(packed, b"Content-Encoding: gzip")) as url, transport() as http:
        answer = http.send(Request("GET", url))
        assert (len(answer.body), answer.cut) == (100_000, True)


def test_a_connection_that_was_closed_meanwhile_is_opened_again():
    with raw_server(reply(b"a"), reply(b"b")) as url, transport() as http:
        assert [http.send(Request("GET", url)).body for _ in range(2)] == [b"a", b"b"]


@pytest.mark.parametrize(("said", "trouble"), [(b"SSH-2.0 hello\r\n\r\n", "the answer is no HTTP"), (b"", "the answer is no HTTP")])
def test_what_is_no_http_is_named(said, trouble):
    with raw_server(said) as url, transport() as http:
        answer = http.send(Request("GET", url))
        assert answer.status == 0
        assert answer.trouble


def test_nobody_there_and_no_tls_are_named_without_the_address(portal):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with transport(timeout=2) as http:
        refused = http.send(Request("GET", f"http://127.0.0.1:{port}/bills/B-5001"))
        plain = http.send(Request("GET", portal().url.replace("http:", "https:") + "/bills/B-5001"))
    assert refused.trouble == "connection refused"
    assert plain.trouble.startswith("no TLS connection")


def test_a_header_with_a_line_break_is_not_sent(portal):
    started = portal()
    with transport() as http:
        assert http.send(Request("GET", f"{started.url}/help", (("X-A", "b\r\nX-C: d"),))).trouble
        assert http.pipelined([Request("GET", f"{started.url}/help", (("X-A", "b\r\nX-C: d"),))])[0].trouble
    assert started.asked == []


def test_several_requests_go_over_one_connection_at_once(portal):
    started = portal()
    with transport() as http:
        answers = http.pipelined([Request("GET", f"{started.url}/help"), Request("GET", f"{started.url}/login")])
    assert [answer.status for answer in answers] == [200, 200]
    assert b"csrf" in answers[1].body


def test_a_request_that_is_given_up_still_arrives(portal):
    started = portal()
    with transport() as http:
        http.abandon(Request("GET", f"{started.url}/help"))
        end = time.monotonic() + 10
        while not started.asked and time.monotonic() < end:
            time.sleep(0.01)
    assert [path for _, _, path, _ in started.asked] == ["/help"]


def test_the_head_of_a_page_has_no_body(portal):
    with transport() as http:
        assert http.send(Request("HEAD", f"{portal().url}/help")).body == b""
