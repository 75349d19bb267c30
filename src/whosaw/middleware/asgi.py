"""How is an ASGI portal watched, Starlette and FastAPI among them? By wrapping its application and what it sends."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from whosaw.middleware.lines import Asked, route_of, shape_of
from whosaw.middleware.portal import REFUSED, REFUSED_HEADERS, Portal, Visit
from whosaw.middleware.wsgi import cookie_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    Message = MutableMapping[str, Any]
    Send = Callable[[Message], Awaitable[None]]

START, BODY = "http.response.start", "http.response.body"
GOES_ON = {START, "http.response.trailers", "http.response.early_hint", "http.response.debug"}
"""Messages behind which an answer is not whole yet; one whose body the server fetches itself (`http.response.pathsend`) is."""

REFUSED_RAW = [(name.lower().encode(), value.encode()) for name, value in REFUSED_HEADERS]


def cookie(name: str) -> Callable[[MutableMapping[str, Any]], str]:
    """Return a setting that takes a value from the request's cookie of a name: `session=cookie("sid")`."""
    return lambda scope: cookie_in(_headers(scope).get(b"cookie", b"").decode("latin-1"), name)


class AsgiMiddleware:
    """An ASGI application around another one. `session_cookie` names the cookie that holds the session."""

    def __init__(self, app: Callable[..., Awaitable[None]], portal: Portal, *, session_cookie: str = "") -> None:
        """Take the application that is watched."""
        self._app, self._portal, self._cookie = app, portal, session_cookie

    async def __call__(self, scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """Answer a request. Of a web socket lines are left at its end, and nothing of it is held."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            self._portal.flush()
            return
        visit = self._portal.visit(scope)
        answer = _Answer(visit, send, self._portal, lambda headers: self._asked(scope, headers))
        with visit.opened():
            try:
                await self._app(scope, receive, answer.send if scope["type"] == "http" else send)
            except Exception:
                if visit.stopped:  # the page is refused already, and what the application makes of it concerns nobody
                    return
                answer.status = answer.status or 500
                raise
            finally:
                await answer.end()

    def _asked(self, scope: MutableMapping[str, Any], given: Iterable[tuple[bytes, bytes]]) -> Asked:
        said, name, sent = self._portal.said, self._cookie, _headers(scope)
        cookies = [value.decode("latin-1") for header, value in given if header.lower() == b"set-cookie"] if name else ()
        return Asked(
            method=scope.get("method", ""),
            host=sent.get(b"host", b"").decode("latin-1"),
            route=said("route", scope, lambda: _route(scope)),
            client=said("client", scope, lambda: (scope.get("client") or ("",))[0]),
            device=sent.get(b"user-agent", b"").decode("latin-1"),
            session=said("session", scope, lambda: cookie_in(sent.get(b"cookie", b"").decode("latin-1"), name) if name else ""),
            sets_session=next((found for text in cookies if (found := cookie_in(text, name))), ""),
            recipient=said("recipient", scope, lambda: _login(scope)),
        )


class _StoppedError(OSError):
    """Tells an application that goes on sending that nobody hears it any more, as servers do when the browser is gone."""


class _Answer:
    """What the application sends. Where answers are held, nothing of it reaches the server before its first chunk is there."""

    def __init__(self, visit: Visit, send: Send, portal: Portal, asked: Callable[[list[tuple[bytes, bytes]]], Asked]) -> None:
        self._visit, self._send, self._asked = visit, send, asked
        self._holds, self._held = portal.holds, list[Any]()
        self._headers: list[tuple[bytes, bytes]] = []
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        """Stand where the server's `send` stands."""
        if self._visit.stopped:
            raise _StoppedError("the page is refused")
        kind, more = message["type"], message.get("more_body", False)
        if kind == START:
            self.status, self._headers = message["status"], list(message.get("headers", ()))
        if self._holds:
            self._held.append(message)
            if kind != START and (kind != BODY or message.get("body") or not more):
                await self._release()
        else:
            await self._send(message)
        if kind not in GOES_ON and not more:
            await self.end()

    async def end(self) -> None:
        """Leave the lines."""
        if self._visit.asks and not self._visit.ended:
            await self._visit.ask_async()
        self._visit.end(lambda: self._asked(self._headers), self.status)

    async def _release(self) -> None:
        """Send what was held, or a refusal in its place."""
        self._holds = False
        if self._visit.asks:
            await self._visit.ask_async()
        if self._visit.stops():
            self._held = [{"type": START, "status": 403, "headers": REFUSED_RAW}, {"type": BODY, "body": REFUSED}]
        for message in self._held:
            await self._send(message)
        if self._visit.stopped:
            await self.end()


def _headers(scope: MutableMapping[str, Any]) -> dict[bytes, bytes]:
    """Return the headers of a request by their names; of cookies there may be several (RFC 9113 s. 8.2.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        found[name] = found[name] + b"; " + value if name == b"cookie" and name in found else value
    return found


def _route(scope: MutableMapping[str, Any]) -> str:
    """Return the template of the route that answered, if the framework leaves it in the scope; else the address without identifiers."""
    template = getattr(scope.get("route"), "path_format", None)
    return shape_of(scope.get("root_path", "")) + route_of(template) if template else shape_of(scope["path"])


def _login(scope: MutableMapping[str, Any]) -> object:
    """Return who is logged in, where an authentication middleware leaves it in the scope (as Starlette's does)."""
    person = scope.get("user")
    if getattr(person, "is_authenticated", False):
        for name in ("identity", "display_name", "username"):
            # a person of Starlette's own base class raises NotImplementedError for what a portal has not said
            with suppress(NotImplementedError, AttributeError):
                return getattr(person, name)
    return ""
