"""How is a WSGI portal watched? By wrapping its application: what it notes is known before its first chunk goes out (PEP 3333)."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from whosaw.middleware.lines import Asked, shape_of
from whosaw.middleware.portal import REFUSED, REFUSED_HEADERS, Portal, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

REFUSED_STATUS = "403 Forbidden"


def cookie(name: str) -> Callable[[Environ], str]:
    """Return a setting that takes a value from the request's cookie of a name: `session=cookie("sid")`."""
    return lambda environ: cookie_in(environ.get("HTTP_COOKIE", ""), name)


def cookie_in(text: str, name: str) -> str:
    """Return the value of a cookie in the text of a header, `Cookie` or `Set-Cookie`."""
    for part in text.split(";"):
        found, _, value = part.partition("=")
        if found.strip() == name:
            return value.strip().strip('"')
    return ""


class WsgiMiddleware:
    """A WSGI application around another one. `session_cookie` names the cookie that holds the session."""

    def __init__(self, app: Callable[..., Iterable[bytes]], portal: Portal, *, session_cookie: str = "") -> None:
        """Take the application that is watched."""
        self._app, self._portal, self._cookie = app, portal, session_cookie

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
        """Answer a request."""
        visit = self._portal.visit(environ)
        answer = _Answer(start_response, held=self._portal.holds)
        with visit.opened():
            try:
                body = self._app(environ, answer.start)
            except BaseException:
                visit.end(lambda: self._asked(environ, ()), 500)
                raise
            return _Body(body, visit, answer, copy_context(), lambda: self._asked(environ, answer.headers))

    def _asked(self, environ: Environ, headers: Sequence[tuple[str, str]]) -> Asked:
        said, name = self._portal.said, self._cookie
        given = [value for header, value in headers if header.lower() == "set-cookie"] if name else []
        return Asked(
            method=environ.get("REQUEST_METHOD", ""),
            host=environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""),
            route=said("route", environ, lambda: shape_of(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))),
            client=said("client", environ, lambda: environ.get("REMOTE_ADDR")),
            device=environ.get("HTTP_USER_AGENT", ""),
            session=said("session", environ, lambda: cookie_in(environ.get("HTTP_COOKIE", ""), name) if name else ""),
            sets_session=next((found for text in given if (found := cookie_in(text, name))), ""),
            recipient=said("recipient", environ, lambda: environ.get("REMOTE_USER")),
        )


class _Answer:
    """What the application began to answer. Where answers are held, it reaches the server only when `release` says so."""

    def __init__(self, start_response: Callable[..., Any], *, held: bool) -> None:
        self._start_response, self._held = start_response, held
        self._began: tuple[Any, ...] = ()
        self.headers: Headers = []
        self.early: list[bytes] = []
        self.status: int | None = None

    def start(self, status: str, headers: Headers, *error: Any) -> Callable[[bytes], object]:  # noqa: ANN401 - the error's traceback
        """Stand where the server's `start_response` stands."""
        self.headers, self.status = headers, int(status[:3]) if status[:3].isdigit() else None
        if not self._held:
            write: Callable[[bytes], object] = self._start_response(status, headers, *error)
            return write
        self._began = (status, headers, *error)
        return self.early.append

    def release(self, *, stopped: bool) -> None:
        """Begin the answer for the server: the application's, or a refusal."""
        if self._held:
            self._held = False
            if stopped or self._began:
                self._start_response(*((REFUSED_STATUS, list(REFUSED_HEADERS)) if stopped else self._began))


class _Body:
    """The chunks of an answer. Before the first of them it is decided whether the page goes out; at the end the lines are left."""

    def __init__(self, body: Iterable[bytes], visit: Visit, answer: _Answer, context: Context, asked: Callable[[], Asked]) -> None:
        self._body, self._visit, self._answer, self._context, self._asked = body, visit, answer, context, asked
        self._chunks: Iterator[bytes] | None = None
        self._ready: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._chunks is None:
            self._begin()
        if self._ready:
            return self._ready.pop(0)
        if self._visit.stopped:
            raise StopIteration
        return self._next()

    def __del__(self) -> None:
        """End what a server forgot to close, as some do when the browser is gone."""
        self.close()

    def close(self) -> None:
        """End the answer, as the server does in any case."""
        body, self._body = self._body, ()
        try:
            if hasattr(body, "close"):
                self._context.run(body.close)
        finally:
            self._visit.end(self._asked, self._answer.status)

    def _begin(self) -> None:
        self._chunks = self._context.run(iter, self._body)
        first = self._first()
        stopped = self._visit.stops()
        self._answer.release(stopped=stopped)
        self._ready = [REFUSED] if stopped else [*self._answer.early, *first]
        if stopped:
            self.close()

    def _first(self) -> list[bytes]:
        """Return the first chunk with anything in it: only when it is there has the application noted what the page begins with."""
        while not self._answer.early:
            try:
                chunk = self._next()
            except StopIteration:
                return []
            if chunk:
                return [chunk]
        return []

    def _next(self) -> bytes:
        chunks = self._chunks
        if chunks is None:
            raise StopIteration
        return self._context.run(next, chunks)
