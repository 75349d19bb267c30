"""How does a request reach a page? The smallest web server that will do: routes, cookies, forms and JSON, on loopback and nowhere else."""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import select
import socket
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_BODY = 64 * 1024
LOG = logging.getLogger("whosaw.drill.live")

Values = dict[str, str]
"""What stands in a query, a form, a JSON object or the placeholders of a route."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, and whether whoever asked is still there."""

    method: str
    path: str
    query: Values
    headers: Mapping[str, str]
    body: bytes = b""
    places: Values = field(default_factory=dict)
    gone: Callable[[], bool] = lambda: False

    @property
    def id(self) -> str:
        """The name under which the proxy in front logs this request."""
        return self.headers.get("X-Request-Id") or uuid.uuid4().hex

    def cookie(self, name: str) -> str:
        """Return a cookie, or nothing."""
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(name)
        except CookieError:
            return ""
        return found.value if found else ""

    def bearer(self) -> str:
        """Return the token of the Authorization header, or nothing."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def json(self) -> dict[str, Any]:
        """Return the JSON object of the body; whatever else stands there counts as an empty one."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def fields(self) -> Values:
        """Return what was sent, as a form or as a JSON object: the texts of it."""
        if "json" in self.headers.get("Content-Type", ""):
            return {name: value for name, value in self.json().items() if isinstance(value, str)}
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int = 200
    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()

    def having(self, *headers: tuple[str, str]) -> Answer:
        """Return the same answer with further headers."""
        return Answer(self.status, self.body, self.kind, self.headers + headers)


def page(text: str, status: int = 200) -> Answer:
    """Return a page of HTML."""
    return Answer(status, f"<!doctype html>\n<title>Example Mobile</title>\n{text}\n".encode())


def data(value: object, status: int = 200) -> Answer:
    """Return a value as JSON."""
    return Answer(status, (json.dumps(value, ensure_ascii=False) + "\n").encode(), "application/json")


def elsewhere(place: str) -> Answer:
    """Send the browser to another page."""
    return Answer(303, headers=(("Location", place),))


NOT_FOUND = data({"error": "not found"}, 404)
"""The same for what is another's and for what is not there: the difference would tell that it exists."""

UNKNOWN = data({"error": "please log in"}, 401)


@dataclass(frozen=True, slots=True)
class Route:
    """A page: its method, its address with `{placeholders}`, and who answers."""

    method: str
    template: str
    answer: Callable[[Request], Answer]

    def places(self, path: str) -> Values | None:
        """Return what stands in the placeholders, or nothing if it is another page's address."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.template))
        found = re.fullmatch(pattern, path)
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def answer(routes: Sequence[Route], request: Request) -> Answer:
    """Return the answer of the first page that has this address."""
    known = False
    for route in routes:
        places = route.places(request.path)
        if places is None:
            continue
        known = True
        if route.method == ("GET" if request.method == "HEAD" else request.method):
            return route.answer(Request(*_parts(request), places, request.gone))
    return data({"error": "not allowed here"}, 405) if known else NOT_FOUND


def pages(routes: Sequence[Route]) -> Callable[[Request], Answer]:
    """Return who answers for all these pages."""
    return lambda request: answer(routes, request)


def _parts(request: Request) -> tuple[str, str, Values, Mapping[str, str], bytes]:
    return request.method, request.path, request.query, request.headers, request.body


def loopback(address: str) -> str:
    """Return the address; `ValueError` if anybody beyond this machine could reach it."""
    try:
        inside = ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise ValueError(f"`{address}` is no IPv4 loopback address: the live operator leaks on purpose, and only to this machine")
    return address


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a visitor who hangs up is no trouble of ours."""


class Server:
    """Pages that answer on a port of their own until closed."""

    def __init__(self, respond: Callable[[Request], Answer], address: str, port: int = 0) -> None:
        """Listen; port 0 means a free one."""
        self._server = _Server((loopback(address), port), _handler(respond))
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(respond: Callable[[Request], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1
        timeout = 75

        def handle_any(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or int(length) > LARGEST_BODY:
                self.close_connection = True
                return self._send(data({"error": "too much"}, 413))
            address = urlsplit(self.path)
            request = Request(
                method=self.command,
                path=address.path,
                query=dict(parse_qsl(address.query)),
                headers=cast("Mapping[str, str]", self.headers),
                body=self.rfile.read(int(length)),
                gone=lambda: _hung_up(self.connection),
            )
            return self._send(_safely(respond, request))

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any  # noqa: N815 - http.server's names

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in (("Content-Type", answer.kind), ("Content-Length", str(len(answer.body))), *answer.headers):
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Write no log: the proxy in front does."""

    return Handler


def _safely(respond: Callable[[Request], Answer], request: Request) -> Answer:
    try:
        return respond(request)
    except Exception:
        LOG.exception("a page of the live operator failed")
        return data({"error": "out of order"}, 500)


def _hung_up(connection: socket.socket) -> bool:
    readable, _, _ = select.select([connection], [], [], 0)
    try:
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
