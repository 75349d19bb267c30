"""How does a request get there and back? Over connections that are kept, never following a redirect, reading no more than was allowed."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import zlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whosaw.probes.asking.wire import Answer, Request

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Sequence

_CHUNK = 65_536
_SAFE = {"GET", "HEAD", "OPTIONS"}
_Kept = dict[tuple[str, str, int], http.client.HTTPConnection]
_FAILURES = (OSError, http.client.HTTPException, ValueError)


class Http:
    """A transport over real sockets. Each thread keeps one connection per origin."""

    def __init__(self, *, timeout: float, most: int, monotonic: Callable[[], float], ca: str = "") -> None:
        """Take how long an answer may take, how many of its bytes are read, and who vouches for the servers beside the system's list."""
        self._timeout = timeout
        self._most = most
        self._monotonic = monotonic
        self._tls = ssl.create_default_context(cafile=ca or None)
        self._kept = threading.local()
        self._threads: list[_Kept] = []

    def send(self, request: Request) -> Answer:
        """Return the answer; a connection that the server closed meanwhile is opened again, for requests that may be sent twice."""
        kept = self._mine()
        old = kept.pop(request.origin, None)
        if old is not None:
            try:
                return self._exchange(old, request, kept)
            except (http.client.RemoteDisconnected, ConnectionError) as problem:
                old.close()
                if request.method not in _SAFE:
                    return _none(problem)
            except _FAILURES as problem:
                old.close()
                return _none(problem)
        connection = self._connection(request)
        try:
            return self._exchange(connection, request, kept)
        except _FAILURES as problem:
            connection.close()
            return _none(problem)

    def close(self) -> None:
        """Close every connection that is kept."""
        for kept in self._threads:
            while kept:
                kept.popitem()[1].close()

    def _mine(self) -> _Kept:
        """Return the connections of this thread."""
        kept: _Kept | None = getattr(self._kept, "open", None)
        if kept is None:
            kept = self._kept.open = {}
            self._threads.append(kept)
        return kept

    def abandon(self, request: Request) -> None:
        """Send a request on a connection of its own and reset it without reading."""
        connection = self._connection(request)
        try:
            _put(connection, request)
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        except _FAILURES:
            pass
        finally:
            connection.close()

    def pipelined(self, requests: Sequence[Request]) -> list[Answer]:
        """Return the answers to requests that were sent together; what a server leaves unanswered has a trouble instead."""
        connection = self._connection(requests[0])
        answers: list[Answer] = []
        try:
            connection.connect()
            connection.sock.sendall(b"".join(map(_raw, requests)))
            with connection.sock.makefile("rb") as reader:
                for request in requests:
                    response = http.client.HTTPResponse(_Turn(reader), method=request.method)  # type: ignore[arg-type]
                    response.begin()
                    answers.append(self._read(response))
        except _FAILURES as problem:
            answers += [_none(problem)] * (len(requests) - len(answers))
        finally:
            connection.close()
        return answers

    def _connection(self, request: Request) -> http.client.HTTPConnection:
        scheme, host, port = request.origin
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)

    def _exchange(self, connection: http.client.HTTPConnection, request: Request, kept: _Kept) -> Answer:
        _put(connection, request)
        response = connection.getresponse()
        answer = self._read(response)
        if response.will_close or answer.cut or not response.isclosed():
            connection.close()
        else:
            kept[request.origin] = connection
        return answer

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        """Read a body up to the limit; one that trickles is given up at the time limit, with what came."""
        end = self._monotonic() + self._timeout
        parts, size = [], 0
        while size <= self._most and self._monotonic() < end and (part := response.read1(_CHUNK)):
            parts.append(part)
            size += len(part)
        if response.length == 0:
            response.read()  # lets go of the connection
        cut = size > self._most or not response.isclosed()
        body, more = _unpacked(b"".join(parts)[: self._most], response.getheader("Content-Encoding") or "", self._most)
        return Answer(response.status, tuple(response.getheaders()), body, cut=cut or more)


class _Turn:
    """A connection as one answer sees it: it ends with the answer, while the connection goes on."""

    def __init__(self, reader: io.BufferedReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> _Turn:
        return self

    def __getattr__(self, name: str) -> object:
        return getattr(self._reader, name)

    def close(self) -> None:
        """Leave the connection open: the next answer comes on it."""


def _target(request: Request) -> str:
    parts = urlsplit(request.url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _host(request: Request) -> str:
    return urlsplit(request.url).netloc.rpartition("@")[2]


def _put(connection: http.client.HTTPConnection, request: Request) -> None:
    connection.putrequest(request.method, _target(request), skip_host=True, skip_accept_encoding=True)
    for name, value in _headers(request):
        connection.putheader(name, value.encode("latin-1", "replace"))
    connection.endheaders(request.body or None)


def _headers(request: Request) -> list[tuple[str, str]]:
    given = {name.lower() for name, _ in request.headers}
    ours = [("Host", _host(request)), ("User-Agent", "whosaw-probe"), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
    length = [("Content-Length", str(len(request.body)))] if request.body or request.method not in _SAFE else []
    return [pair for pair in [*ours, *length] if pair[0].lower() not in given] + list(request.headers)


def _raw(request: Request) -> bytes:
    lines = [f"{request.method} {_target(request)} HTTP/1.1", *(f"{name}: {value}" for name, value in _headers(request))]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header has a line break")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + request.body


def _unpacked(body: bytes, encoding: str, most: int) -> tuple[bytes, bool]:
    """Return a body unpacked up to a limit (a few bytes can hold gigabytes), and whether there is more."""
    if encoding.lower() not in {"gzip", "deflate", "x-gzip"}:
        return body, False
    for window in (47, -15):  # 47 sees by itself whether it is gzip or zlib; some servers send neither heading
        unpack = zlib.decompressobj(window)
        try:
            return unpack.decompress(body, most), bool(unpack.unconsumed_tail)
        except zlib.error:
            continue
    return body, False


def _none(problem: Exception) -> Answer:
    return Answer(0, trouble=_told(problem))


def _told(problem: Exception) -> str:
    """Return what went wrong, without any part of the address."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {problem.verify_message}"
    if isinstance(problem, ssl.SSLError):
        return f"no TLS connection: {(problem.reason or 'unknown reason').lower().replace('_', ' ')}"
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    if isinstance(problem, socket.gaierror):
        return "the host has no address"
    if isinstance(problem, OSError):
        return (problem.strerror or "the connection broke").lower()
    return "the answer is no HTTP" if isinstance(problem, http.client.HTTPException) else "the request cannot be sent as it is"
