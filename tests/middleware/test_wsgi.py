"""A WSGI portal's pages are noted, reported and refused, whatever way they are made and served."""

import contextlib
import gc
import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.validate import validator

import pytest

from whosaw.middleware import Portal, shown
from whosaw.middleware.portal import REFUSED
from whosaw.middleware.wsgi import WsgiMiddleware, cookie


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(app):
    with make_server("127.0.0.1", 0, app, Threads, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def get(port, path, **headers):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    link.request("GET", path, headers=headers)
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer, body


LOGINS = {"s1": "anna", "s2": "bert"}
ACCOUNTS = {"anna": "A1", "bert": "A2"}
login = cookie("sid")


def recipient(environ):
    return LOGINS.get(login(environ))


def own(environ):
    return {ACCOUNTS.get(recipient(environ))}


def portal_app(environ, start_response):
    """Shows the account of the login; with `?as=` it shows another, as a mix-up does."""
    account = environ["QUERY_STRING"].partition("as=")[2] or ACCOUNTS[recipient(environ)]
    shown(account, data="account")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "sid=s9; Path=/")])
    return [f"account {account}".encode()]


def call(app, environ=None):
    """One request without a server: what it was answered with, and the body."""
    began = []
    body = app({"REQUEST_METHOD": "GET", "PATH_INFO": "/account", **(environ or {})}, lambda *answer: began.append(answer))
    chunks = list(body)
    body.close()
    return began, b"".join(chunks)


def test_a_mix_up_is_refused_and_judging_the_report_finds_exactly_the_wrong_pages(case, until):
    settings = {"key_file": case.key_file, "own": own, "recipient": recipient}
    reporting = Portal(case.lines, **settings)
    wrong = 0
    with served(WsgiMiddleware(validator(portal_app), reporting, session_cookie="sid")) as port:
        for i in range(40):
            sid, other = ("s1", "A2") if i % 2 else ("s2", "A1")
            mixed = i in {7, 18, 31}
            answer, body = get(port, f"/account?as={other}" if mixed else "/account", Cookie=f"sid={sid}", **{"User-Agent": "Browser/1"})
            assert (answer.status, body) == (200, f"account {other if mixed else ACCOUNTS[LOGINS[sid]]}".encode())
            wrong += mixed
    until(lambda: reporting.health()["pages"] == 40)  # a line is left behind the answer
    reporting.close()
    blocking = Portal(case.folder / "block", grade="block", **settings)
    with served(WsgiMiddleware(portal_app, blocking, session_cookie="sid")) as port:
        answer, body = get(port, "/account?as=A2", Cookie="sid=s1")
        assert (answer.status, body, answer.getheader("Set-Cookie")) == (403, REFUSED, None)
        assert get(port, "/account", Cookie="sid=s1")[1] == b"account A1"
    blocking.close()
    result = case.judged()
    assert (result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge) == (40 - wrong, wrong, 0)
    (incident,) = result.incidents
    assert (incident.detector, incident.disclosures, incident.cause.value) == ("account-mixup", 3, "/account")
    assert sorted(incident.evidence) == ["lines/shown.jsonl:19", "lines/shown.jsonl:32", "lines/shown.jsonl:8"]


def test_a_line_says_who_asked_and_what_was_answered(watched, key):
    portal, lines = watched(recipient=recipient)
    environ = {"HTTP_COOKIE": "sid=s1", "REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "p.example", "HTTP_USER_AGENT": "B", "QUERY_STRING": ""}
    call(WsgiMiddleware(portal_app, portal, session_cookie="sid"), environ)
    (line,) = lines()
    expected = {"recipient": "anna", "session": "s1", "sets_session": "s9", "client": "192.0.2.7", "device": "B", "customer": "A1"}
    assert {name: line[name] for name in expected} == {name: key(name.removeprefix("sets_"), value) for name, value in expected.items()}
    assert (line["site"], line["route"], line["method"], line["status"], line["data"]) == ("p.example", "/account", "GET", 200, "account")


def test_a_page_that_is_streamed_is_held_until_its_first_chunk(watched):
    sent = []

    def streams(environ, start_response):
        start_response("200 OK", [])
        sent.append("began")
        yield b""
        shown("A2")
        yield b"secret"
        sent.append("went on")

    portal, lines = watched(own=lambda _: {"A1"}, grade="block")
    began, body = call(WsgiMiddleware(streams, portal))
    assert (body, [answer[0] for answer in began], sent) == (REFUSED, ["403 Forbidden"], ["began"])
    assert lines()[0]["outcome"] == "stopped"


def test_a_page_that_is_written_the_old_way_is_held_too(watched):
    def writes(environ, start_response):
        write = start_response("200 OK", [])
        write(b"se")
        shown(environ["shows"])
        write(b"cret")
        return []

    portal, _ = watched(own=lambda _: {"A1"}, grade="block")
    app = WsgiMiddleware(writes, portal)
    assert call(app, {"shows": "A2"})[1] == REFUSED
    assert call(app, {"shows": "A1"})[1] == b"secret"


def test_an_empty_page_and_nobodys_page_go_out(watched):
    def empty(environ, start_response):
        start_response("204 No Content", [])
        return []

    portal, lines = watched(own=lambda _: (), grade="block")
    assert [answer[0] for answer in call(WsgiMiddleware(empty, portal))[0]] == ["204 No Content"]
    assert lines() == []


def test_a_fault_of_the_portal_is_its_own_and_still_leaves_a_line(watched):
    def breaks(environ, start_response):
        shown("A1")
        raise KeyError("x")

    portal, lines = watched()
    with pytest.raises(KeyError):
        call(WsgiMiddleware(breaks, portal))
    assert [line["status"] for line in lines()] == [500]


def test_what_is_shown_in_the_middle_of_a_stream_is_noted_also_when_nobody_closes_it(watched):
    def streams(environ, start_response):
        start_response("200 OK", [])
        yield b"a"
        shown("A1")
        yield b"b"

    portal, lines = watched()
    body = WsgiMiddleware(streams, portal)({"PATH_INFO": "/"}, lambda *_: None)
    assert list(body) == [b"a", b"b"]
    del body
    gc.collect()
    assert [line["status"] for line in lines()] == [200]


def test_a_cookie_that_is_none_is_no_session(watched):
    for text in ("", "sid", "sid=", "other=1; x", 'sid="', "xsid=1"):
        assert cookie("sid")({"HTTP_COOKIE": text}) == ""
    assert cookie("sid")({"HTTP_COOKIE": 'a="b"; sid="s1"'}) == "s1"
    assert cookie("sid")({"HTTP_COOKIE": "a=b; sid=s1"}) == "s1"


def test_a_threaded_server_never_mixes_notebooks(watched, key, until):
    of_session = {f"s{i}": f"A{i}" for i in range(16)}

    def app(environ, start_response):
        start_response("200 OK", [])
        for _ in range(5):
            shown(of_session[login(environ)])
            yield b"x"

    portal, lines = watched(own=lambda environ: {of_session[login(environ)]}, grade="block")
    with served(WsgiMiddleware(app, portal, session_cookie="sid")) as port, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: get(port, "/", Cookie=f"sid=s{i % 16}")[0].status, range(160)))
    assert answers == [200] * 160
    until(lambda: portal.health()["pages"] == 160)
    expected = {key("session", sid): key("customer", customer) for sid, customer in of_session.items()}
    assert len(lines()) == 160
    assert all(expected[line["session"]] == line["customer"] for line in lines())
