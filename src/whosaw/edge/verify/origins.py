"""What did each server really receive? Loopback origins that keep the bytes as they came."""

from __future__ import annotations

import asyncio
import re
import threading
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from whosaw.edge.verify.raw import Address

MARK = re.compile(rb"whosaw-probe-([a-z]+)")
"""Every request of a probe has such a mark in its address; the origins know it again by this."""

ORIGINS = ("partner", "stranger")

_LINE_END = re.compile(rb"\r?\n|\r")
"""Some servers take a bare CR for the end of a line."""

_LENGTH = re.compile(rb"\ncontent-length[ \t]*:[ \t]*([0-9]+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\ntransfer-encoding[ \t]*:[^\n]*chunked", re.IGNORECASE)


class Arrived(NamedTuple):
    """A request as an origin received it: the bytes of its head and, of a chunked body, those of the trailer."""

    origin: str
    head: bytes
    trailer: bytes = b""

    @property
    def mark(self) -> str:
        """The mark of the probe's request, or nothing."""
        found = MARK.search(self.head)
        return found[1].decode() if found else ""

    @property
    def line(self) -> bytes:
        """The request line."""
        return _LINE_END.split(self.head, maxsplit=1)[0]

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Every header, those of the trailer too, in order: the name as it was written, the value with its folded lines."""
        return tuple(_headers(_LINE_END.split(self.head)[1:] + _LINE_END.split(self.trailer)))


def _headers(lines: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    name, value = "", ""
    for raw in lines:
        line = raw.decode("latin-1")
        if line[:1] in {" ", "\t"}:
            value += line
            continue
        if name:
            yield name.strip(), value.strip()
        name, _, value = line.partition(":")
    if name:
        yield name.strip(), value.strip()


class Origins:
    """The origins, listening as long as the context lasts. What they received is found by mark, or all of it in order."""

    def __init__(self, wanted: Mapping[str, Address] | None = None) -> None:
        """Take the addresses to listen at; without, each origin has a free port of 127.0.0.1."""
        self._wanted = dict(wanted or dict.fromkeys(ORIGINS, ("127.0.0.1", 0)))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self._arrived: list[Arrived] = []
        self._marked: dict[str, list[Arrived]] = {}
        self.addresses: dict[str, Address] = {}

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def arrived(self, mark: str) -> tuple[Arrived, ...]:
        """Return every request with a mark. One that was answered by an origin is here before its answer is."""
        return tuple(self._marked.get(mark, ()))

    def everything(self) -> tuple[Arrived, ...]:
        """Return all that was received, in order."""
        return tuple(self._arrived)

    def _keep(self, request: Arrived) -> None:
        self._arrived.append(request)
        self._marked.setdefault(request.mark, []).append(request)

    async def _listen(self) -> None:
        for name, (host, port) in self._wanted.items():
            try:
                server = await self._loop.create_server(partial(_Connection, name, self._keep), host, port, backlog=1024)
            except OSError as problem:
                raise ConfigError(
                    f"cannot listen at {host}:{port}: {(problem.strerror or str(problem)).lower()}",
                    hint="an origin must have this address for itself: end what listens there, or give another",
                ) from problem
            self._servers.append(server)
            self.addresses[name] = server.sockets[0].getsockname()[:2]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()


class _Connection(asyncio.Protocol):
    """One connection of a proxy: its requests are cut, kept and answered one after the other."""

    def __init__(self, origin: str, keep: Callable[[Arrived], None]) -> None:
        self._origin = origin
        self._keep = keep
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (cut := _cut(self._data)) is not None:
            head, trailer, self._data = cut
            self._keep(Arrived(self._origin, head, trailer))
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        assert isinstance(self._transport, asyncio.WriteTransport)  # noqa: S101 - a server's connection is
        if head.startswith(b"CONNECT "):
            self._transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: 3\r\n\r\nok\n"
            )


def _cut(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Return the first request's head, the trailer of its chunked body and the bytes behind it; nothing while it is not whole."""
    end = re.search(rb"\r?\n\r?\n", data)
    if end is None:
        return None
    head, rest = data[: end.start()], data[end.end() :]
    if _CHUNKED.search(head):
        last = re.search(rb"(?:^|\r\n)0+[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n", rest)
        return None if last is None else (head, last[1], rest[last.end() :])
    length = int(found[1]) if (found := _LENGTH.search(head)) else 0
    return None if len(rest) < length else (head, b"", rest[length:])
