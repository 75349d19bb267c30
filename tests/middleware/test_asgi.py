"""A Starlette portal's pages, and those of any ASGI application, are noted, reported and refused."""

import asyncio
import contextlib
import http.client
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from whosaw.middleware import Portal, shown
from whosaw.middleware.asgi import AsgiMiddleware, cookie
from whosaw.middleware.portal import REFUSED

LOGINS = {"s1": "anna", "s2": "bert"}
ACCOUNTS = {"anna": "A1", "bert": "A2"}
ended = []


class Backend(AuthenticationBackend):
    async def authenticate(self, connection):
        name = LOGINS.get(connection.cookies.get("sid"))
        return name and (AuthCredentials(), SimpleUser(name))


async def account(request):
    name = request.query_params.get("as") or ACCOUNTS[request.user.username]
    await run_in_threadpool(shown, name, data="account")
    return PlainTextResponse(f"account {name}", headers={"Set-Cookie": "sid=s9"}, background=BackgroundTask(shown, "A3"))


async def line_page(request):
    shown(ACCOUNTS[request.user.username], data="number")
    return PlainTextResponse("line")


async def streamed(request):
    async def chunks():
        yield ""
        shown(request.query_params["as"])
        try:
            for _ in range(50):
                yield "secret "
                await asyncio.sleep(0)
        finally:
            ended.append(True)

    return StreamingResponse(chunks())


async def broken(request):
    shown("A1")
    raise KeyError("x")


def site(portal):
    routes = [
        Route("/account", account),
        Route("/streamed", streamed),
        Route("/broken", broken),
        Mount("/customers/{customer}", routes=[Route("/lines/{number:int}", line_page)]),
    ]
    middleware = [
        Middleware(AsgiMiddleware, portal=portal, session_cookie="sid"),
        Middleware(AuthenticationMiddleware, backend=Backend()),
    ]
    return Starlette(routes=routes, middleware=middleware)


def own(scope):
    return {ACCOUNTS.get(LOGINS.get(cookie("sid")(scope)))}


async def call(app, path="/account", query="", sid="s1", kind="http"):
    """One request without a server: the messages that were sent."""
    sent, asked = [], []

    async def receive():
        asked.append(True)
        if len(asked) > 1:  # the browser stays
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [(b"cookie", f"sid={sid}".encode()), (b"host", b"p.example"), (b"user-agent", b"B")]
    scope = {"type": kind, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": headers}
    await app(scope | {"root_path": "", "client": ("192.0.2.7", 5), "http_version": "1.1", "scheme": "http"}, receive, send)
    return sent


def test_a_mix_up_is_refused_and_judging_the_report_finds_exactly_the_wrong_pages(case, serve_asgi, until):
    def get(address, query, sid):
        link = http.client.HTTPConnection(*address, timeout=60)
        link.request("GET", f"/account{query}", headers={"Cookie": f"sid={sid}"})
        answer = link.getresponse()
        body = answer.read()
        link.close()
        return answer.status, body

    portal = Portal(case.lines, key_file=case.key_file, own=own)
    address = serve_asgi(site(portal))

    def visit(i):
        sid, other = ("s1", "A2") if i % 2 else ("s2", "A1")
        return get(address, f"?as={other}" if i in {5, 20} else "", sid)

    with ThreadPoolExecutor(8) as pool:
        assert {status for status, _ in pool.map(visit, range(60))} == {200}
    until(lambda: portal.health()["pages"] == 60)  # a line is left behind the answer
    portal.close()
    blocking = Portal(case.folder / "block", key_file=case.key_file, own=own, grade="block")
    address = serve_asgi(site(blocking))
    assert get(address, "?as=A2", "s1") == (403, REFUSED)
    assert get(address, "", "s1") == (200, b"account A1")
    blocking.close()
    result = case.judged()
    assert (result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge) == (58, 2, 0)
    (incident,) = result.incidents
    assert (incident.detector, incident.disclosures, incident.cause.value) == ("account-mixup", 2, "/account")


def test_a_line_says_who_asked_and_what_was_answered_and_a_task_behind_it_shows_nothing(watched, key):
    portal, lines = watched()
    asyncio.run(call(site(portal)))
    (line,) = lines()
    expected = {"recipient": "anna", "session": "s1", "sets_session": "s9", "client": "192.0.2.7", "device": "B", "customer": "A1"}
    assert {name: line[name] for name in expected} == {name: key(name.removeprefix("sets_"), value) for name, value in expected.items()}
    assert (line["site"], line["route"], line["method"], line["status"], line["data"]) == ("p.example", "/account", "GET", 200, "account")


def test_an_address_is_noted_as_its_template_and_identifiers_of_a_mount_are_left_out(watched):
    portal, lines = watched()
    asyncio.run(call(site(portal), "/customers/4711/lines/447700900123"))
    assert [line["route"] for line in lines()] == ["/customers/{id}/lines/{number}"]


def test_a_stream_is_held_until_its_first_chunk_and_ended_when_it_is_refused(watched):
    ended.clear()
    portal, lines = watched(own=own, grade="block")
    sent = asyncio.run(call(site(portal), "/streamed", "as=A2"))
    assert [message.get("status") or message.get("body") for message in sent] == [403, REFUSED]
    assert [line["outcome"] for line in lines()] == ["stopped"]
    whole = asyncio.run(call(site(portal), "/streamed", "as=A1"))
    assert b"".join(message.get("body", b"") for message in whole) == b"secret " * 50
    assert ended == [True, True]


def test_a_fault_of_the_portal_is_its_own_and_still_leaves_a_line(watched):
    portal, lines = watched()
    with contextlib.suppress(KeyError):
        asyncio.run(call(site(portal), "/broken"))
    assert [line["status"] for line in lines()] == [500]


def test_own_may_be_awaited(watched):
    async def own_later(scope):
        await asyncio.sleep(0)
        return own(scope)

    portal, _ = watched(own=own_later, grade="block")
    assert asyncio.run(call(site(portal), query="as=A2"))[0]["status"] == 403
    assert asyncio.run(call(site(portal)))[0]["status"] == 200


def test_what_a_web_socket_showed_is_a_line_at_its_end(watched):
    async def app(scope, receive, send):
        await send({"type": "websocket.accept"})
        shown("A1")
        await send({"type": "websocket.send", "text": "x"})
        await send({"type": "websocket.close"})

    portal, lines = watched(own=own, grade="block")
    sent = asyncio.run(call(AsgiMiddleware(app, portal), kind="websocket"))
    assert len(sent) == 3
    assert len(lines()) == 1


def test_the_end_of_the_application_writes_what_waits(watched):
    async def app(scope, receive, send):
        pass

    portal, _ = watched()
    portal.writer.put(lambda: [{"n": 1}])
    asyncio.run(AsgiMiddleware(app, portal)({"type": "lifespan"}, None, None))
    assert portal.writer.waiting == 0


def test_tasks_never_mix_notebooks(watched, key):
    async def app(scope, receive, send):
        sid = cookie("sid")(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(5):
            await asyncio.sleep(0)
            shown(sid.replace("s", "A"))
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body"})

    async def together():
        await asyncio.gather(*(call(AsgiMiddleware(app, portal, session_cookie="sid"), sid=f"s{i % 16}") for i in range(160)))

    portal, lines = watched()
    asyncio.run(together())
    expected = {key("session", f"s{i}"): key("customer", f"A{i}") for i in range(16)}
    assert len(lines()) == 160
    assert all(expected[line["session"]] == line["customer"] for line in lines())


@pytest.mark.parametrize("person", [None, SimpleUser("anna")])
def test_who_is_logged_in_is_taken_from_the_scope_and_may_be_nobody(watched, key, person):
    async def app(scope, receive, send):
        scope["user"] = person
        shown("A1")
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    portal, lines = watched()
    asyncio.run(call(AsgiMiddleware(app, portal)))
    assert lines()[0].get("recipient") == (key("recipient", "anna") if person else None)
