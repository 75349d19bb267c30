"""How are small pages served to strangers? HTTP/1.1 over TCP and TLS with every header as it arrived, one request a connection, all bounded."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whosaw.errors import ConfigError, StorageError

if TYPE_CHECKING:
    import h11

from collections.abc import Callable
from pathlib import Path

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, repr=False)
class Request:
    """A request as it arrived: headers in their order and spelling. It may hold identifiers, so `repr` shows nothing of them."""

    method: str
    target: str
    headers: Headers
    address: str
    secure: bool
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Request({self.method}, {len(self.headers)} headers)"

    def header(self, name: str) -> str:
        """Return the first value of a header, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True)
class Response:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Headers = ()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one stranger, and all of them together, may take."""

    connections: int = 512
    of_one_address: int = 64
    head: int = 16_384
    headers: int = 128
    body: int = 8_192
    seconds: float = 10.0


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Where to listen; with a certificate and its key, over TLS."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """Return what TLS needs. Raises `ConfigError`."""
        if self.certificate is None:
            return None
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            made.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as problem:
            why = str(getattr(problem, "strerror", None) or problem).lower()
            raise ConfigError(
                f"cannot use the certificate `{self.certificate}`: {why}", hint="give a certificate and its key as PEM files"
            ) from problem
        return made


def listener(text: str, certificate: Path | None = None, key: Path | None = None) -> Listener:
    """Return a place to listen that is written HOST:PORT. Raises `ConfigError`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f"`{text}` is no HOST:PORT", hint="write for example 0.0.0.0:80 or [::]:443")
    return Listener(host=host.strip("[]"), port=int(port), certificate=certificate, key=key)


@dataclass
class Server:
    """Answers requests at one or several places, until it is closed. What a client does wrong costs that client its connection."""

    answer: Callable[[Request], Response]
    limits: Limits = field(default_factory=Limits)
    _open: Counter[str] = field(default_factory=Counter)
    _servers: list[asyncio.Server] = field(default_factory=list)

    async def listen(self, where: Listener) -> int:
        """Begin to listen and return the port. Raises `StorageError` if the place is taken."""
        context = where.context()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._connection(reader, writer, secure=context is not None)

        try:
            server = await asyncio.start_server(connected, where.host, where.port, ssl=context, limit=self.limits.head)
        except OSError as problem:
            raise StorageError(
                f"cannot listen at `{where.host}:{where.port}`: {(problem.strerror or 'unknown reason').lower()}",
                hint="choose a free port; those below 1024 need CAP_NET_BIND_SERVICE",
            ) from problem
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()
            await server.wait_closed()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, secure: bool) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        full = self._open.total() >= self.limits.connections or self._open[address] >= self.limits.of_one_address
        self._open[address] += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                if not full:
                    await self._exchange(reader, writer, address, secure=secure)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # it went away, or was too slow
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), self.limits.seconds)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, *, secure: bool) -> None:
        import h11

        wire = h11.Connection(h11.SERVER, max_incomplete_event_size=self.limits.head)
        try:
            request = await self._request(wire, reader, address, secure=secure)
            response = self.answer(request) if request is not None else Response(413)
        except h11.RemoteProtocolError as problem:
            response, request = Response(problem.error_status_hint), None
        if wire.our_state is h11.IDLE or wire.our_state is h11.SEND_RESPONSE:
            writer.write(_encoded(wire, response, head_only=request is not None and request.method == "HEAD"))
            await writer.drain()
            await _lingered(reader, writer)

    async def _request(self, wire: h11.Connection, reader: asyncio.StreamReader, address: str, *, secure: bool) -> Request | None:
        """Return a whole request, or nothing if its body is larger than it may be. Raises what h11 finds wrong."""
        import h11

        head, body = None, b""
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(4096))
            elif isinstance(event, h11.Request):
                head = event
                if len(head.headers) > self.limits.headers:
                    raise h11.RemoteProtocolError("too many headers", error_status_hint=431)
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
                if len(body) > self.limits.body:
                    return None
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in head.headers.raw_items())
                return Request(head.method.decode("latin-1"), head.target.decode("latin-1"), headers, address, secure, body)
            else:
                raise ConnectionResetError  # it closed without a request


async def _lingered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let a client read its answer before the connection is cut: what it still sends is read for a moment and thrown away."""
    if writer.can_write_eof():
        writer.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                for _ in range(16):
                    if not await reader.read(4096):
                        break


def _encoded(wire: h11.Connection, response: Response, *, head_only: bool) -> bytes:
    import h11

    headers = [*response.headers, ("Content-Length", str(len(response.body))), ("Connection", "close")]
    head = h11.Response(status_code=response.status, headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers])
    parts = [
        wire.send(head),
        b"" if head_only else wire.send(h11.Data(data=response.body)),
        b"" if head_only else wire.send(h11.EndOfMessage()),
    ]
    return b"".join(part for part in parts if part)


async def until_stopped(
    server: Server, listeners: tuple[Listener, ...], stop: asyncio.Event, ready: Callable[[tuple[int, ...]], None]
) -> None:
    """Listen at all places, say at which ports, and go on until it is time to stop."""
    try:
        ready(tuple([await server.listen(where) for where in listeners]))
        await stop.wait()
    finally:
        await server.close()
