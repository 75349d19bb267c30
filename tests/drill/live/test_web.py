import http.client
import socket
import threading
import time

import pytest

from whosaw.drill.live.web import LARGEST_BODY, NOT_FOUND, Request, Route, Server, answer, data, loopback, pages

ROUTES = [
    Route("GET", "/bills/{bill}", lambda request: data(request.places)),
    Route("POST", "/echo", lambda request: data(request.fields())),
    Route("GET", "/broken", lambda _: data(1 // 0)),
]


@pytest.fixture
def server():
    made = Server(pages(ROUTES), "127.0.0.1")
    yield made
    made.close()


def asked(server, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, body, headers or {})
    got = connection.getresponse()
    text = got.read()
    connection.close()
    return got.status, text


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "::1", "10.0.0.1", "localhost.example", ""])  # noqa: S104 - is refused
def test_nothing_but_loopback_is_listened_at(address):
    with pytest.raises(ValueError, match="no IPv4 loopback address"):
        Server(pages(ROUTES), address)


def test_loopback_is_all_of_it():
    assert [loopback(address) for address in ("127.0.0.1", "127.9.9.9")] == ["127.0.0.1", "127.9.9.9"]


def test_placeholders_are_unquoted_and_never_span_a_slash():
    assert answer(ROUTES, Request("GET", "/bills/B%2F1", {}, {})).body == b'{"bill": "B/1"}\n'
    assert answer(ROUTES, Request("GET", "/bills/a/b", {}, {})) is NOT_FOUND


def test_another_method_of_a_known_page_is_not_allowed():
    assert answer(ROUTES, Request("PUT", "/bills/B1", {}, {})).status == 405


def test_a_head_request_has_the_status_and_no_body(server):
    assert asked(server, "HEAD", "/bills/B1") == (200, b"")


def test_forms_and_json_are_read_alike(server):
    assert asked(server, "POST", "/echo", "a=1&b=x+y") == (200, b'{"a": "1", "b": "x y"}\n')
    assert asked(server, "POST", "/echo", '{"a": "1", "b": 2}', {"Content-Type": "application/json"}) == (200, b'{"a": "1"}\n')
    assert asked(server, "POST", "/echo", "[1", {"Content-Type": "application/json"}) == (200, b"{}\n")


def test_a_body_that_is_too_large_is_refused_unread(server):
    assert asked(server, "POST", "/echo", headers={"Content-Length": str(LARGEST_BODY + 1)})[0] == 413


def test_a_page_that_fails_says_so_and_the_next_one_answers(server, caplog):
    assert asked(server, "GET", "/broken")[0] == 500
    assert "failed" in caplog.text
    assert asked(server, "GET", "/bills/B1")[0] == 200


def test_a_cookie_that_is_none_counts_as_none():
    request = Request("GET", "/", {}, {"Cookie": "a=b; \x00=;;"})
    assert (request.cookie("sid"), request.bearer()) == ("", "")


def test_a_visitor_who_hung_up_is_noticed():
    asked, told = threading.Event(), []

    def patient(request):
        asked.set()
        for _ in range(1_000):
            if request.gone():
                break
            time.sleep(0.005)
        told.append(request.gone())
        return data({})

    made = Server(patient, "127.0.0.1")
    with socket.create_connection(("127.0.0.1", made.port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert asked.wait(10)
        assert told == []
    for _ in range(1_000):
        if told:
            break
        time.sleep(0.005)
    made.close()
    assert told == [True]
