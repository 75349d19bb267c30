"""How do syslog messages come in? Over TCP and TLS from many senders at once, into the spool, and what is refused is counted.

Syslog has no receipts: a message counts for its sender once it is sent. So messages are synced to the disk in groups a few times a
second, and when the disk does not take them nothing more is read: the senders' own queues hold them.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whosaw.errors import ConfigError
from whosaw.watch.found import reason
from whosaw.watch.syslog import MESSAGE_BYTES, Frames, Message, Refused, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from whosaw.config import Source
    from whosaw.watch.spool import Spool

NO_SOURCE = "no source takes messages of its application and host"
NO_TLS = "the TLS handshake failed"
TOO_MANY = "there were too many connections"

_CHUNK = 1 << 16
_QUEUED = 8 << 20
_RETRY = 1.0


@dataclass(frozen=True)
class Route:
    """Which messages of a listener are a source's: of these applications and hosts, or of all where none are named."""

    source: str
    apps: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()

    def takes(self, message: Message) -> bool:
        """Whether a message is this source's."""
        return (not self.apps or message.app in self.apps) and (not self.hosts or message.host in self.hosts)


@dataclass(frozen=True)
class Listener:
    """An address that is listened at: `tcp://host:port` or `tls://host:port`, and whose its messages are; the first route wins."""

    url: str
    routes: tuple[Route, ...]
    key: str = "source"
    """The key of the configuration that says so, for messages to people."""
    cert: str = ""
    private_key: str = ""
    client_ca: str = ""

    def context(self) -> ssl.SSLContext | None:
        """Return what TLS needs, or nothing for plain TCP. Raises `ConfigError`."""
        if urlsplit(self.url).scheme != "tls":
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.num_tickets = 0  # a sender that hangs up with a ticket unread resets the connection, and its last messages are lost
        try:
            context.load_cert_chain(self.cert, self.private_key or None)
            if self.client_ca:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as problem:
            raise ConfigError(
                f"the certificates of `{self.key}.syslog` cannot be used: {(problem.strerror or 'unknown reason').lower()}",
                hint="cert and key are PEM files that this process may read; client_ca holds the authorities of the senders",
            ) from problem
        return context


def listeners(sources: Iterable[Source], folder: Path) -> list[Listener]:
    """Return where is listened for the sources that say so; those that share an address share a listener, in their order."""
    shared: dict[str, list[tuple[str, Source]]] = {}
    for i, source in enumerate(sources):
        if source.listen:
            shared.setdefault(source.listen, []).append((f"source[{i}]", source))
    return [_listener(url, those, folder) for url, those in shared.items()]


def _listener(url: str, those: Sequence[tuple[str, Source]], folder: Path) -> Listener:
    key, first = those[0]
    files = (first.syslog.cert, first.syslog.key, first.syslog.client_ca)
    cert, private_key, client_ca = (str(folder / name) if name else "" for name in files)
    routes = tuple(Route(s.name, _names(s.syslog.app), _names(s.syslog.host)) for _, s in those)
    return Listener(url, routes, key, cert, private_key, client_ca)


def _names(told: str | list[str]) -> frozenset[str]:
    return frozenset([told] if isinstance(told, str) else told)


@dataclass(frozen=True)
class Limits:
    """How much of anything one sender, or all of them, may cost."""

    message: int = MESSAGE_BYTES
    connections: int = 1000
    unfinished: float = 60.0
    """Seconds after which a message that was begun is given up, and its connection with it."""
    handshake: float = 10.0
    flush: float = 0.2
    """Seconds between two groups that are synced."""


LIMITS = Limits()


@dataclass
class Counts:
    """What came in since the start."""

    received: Counter[str] = field(default_factory=Counter)
    """Messages by source."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Messages by listener and reason."""
    connections: int = 0
    trouble: str = ""
    """Why nothing more is read now; empty when all is well."""


class Receiver:
    """The listeners of a watch, in a thread of their own. Start it, and stop it; what it received is then in the spool."""

    def __init__(self, listeners: Iterable[Listener], spool: Spool, *, now: Callable[[], datetime], limits: Limits = LIMITS) -> None:
        """Prepare; nothing listens before `start`. `now` tells the hour of a spool file."""
        self.counts = Counts()
        self.addresses: dict[str, tuple[str, int]] = {}
        """Where each listener really listens, by its URL; a port 0 means any free one."""
        self._listeners, self._spool, self._now, self._limits = list(listeners), spool, now, limits
        self._queue: dict[str, list[bytes]] = {}
        self._queued = 0
        self._problem: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="whosaw-syslog", daemon=True)

    def start(self) -> None:
        """Listen. Raises `ConfigError` for an address or a certificate that cannot be used."""
        self._contexts = {listener.url: listener.context() for listener in self._listeners}
        self._thread.start()
        self._ready.wait()
        if self._problem is not None:
            self._thread.join()
            raise self._problem

    def stop(self) -> None:
        """Take no more, and leave what was received in the spool."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        self._spool.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:  # noqa: BLE001 - it is raised again where `start` waits
            self._problem = problem
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping, self._room = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._room.set()
        self._peers: set[asyncio.Task[None]] = set()
        servers = [await self._listen(listener) for listener in self._listeners]
        self._ready.set()
        flusher = asyncio.create_task(self._flush_for_ever())
        await self._stopping.wait()
        for server in servers:
            server.close()
        for peer in list(self._peers):
            peer.cancel()
        await asyncio.gather(*self._peers, return_exceptions=True)
        await flusher

    async def _listen(self, listener: Listener) -> asyncio.Server:
        place = urlsplit(listener.url)

        async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._peers.add(task)
                task.add_done_callback(self._peers.discard)
            with suppress(asyncio.CancelledError):  # it is only ever cancelled when all end
                await self._attend(listener, reader, writer)

        try:
            server = await asyncio.start_server(welcome, place.hostname, place.port or 0)
        except (OSError, OverflowError) as problem:
            why = reason(problem) if isinstance(problem, OSError) else "there is no such port"
            raise ConfigError(
                f"cannot listen at `{listener.url}` of `{listener.key}.listen`: {why}",
                hint="choose a free port, and an address of this machine",
            ) from problem
        self.addresses[listener.url] = server.sockets[0].getsockname()[:2]
        return server

    # --- one sender -------------------------------------------------------------------------------------------------

    async def _attend(self, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.counts.connections >= self._limits.connections:
            self.counts.refused[listener.url, TOO_MANY] += 1
            writer.transport.abort()
            return
        self.counts.connections += 1
        frames = Frames(self._limits.message)
        try:
            context = self._contexts[listener.url]
            if context is not None:
                await writer.start_tls(context, ssl_handshake_timeout=self._limits.handshake)
            await self._read(listener, reader, frames)
        except ssl.SSLError:
            self.counts.refused[listener.url, NO_TLS] += 1
        except (ConnectionError, TimeoutError, OSError):
            pass  # the sender has gone; what it left unfinished is counted below
        finally:
            self._take(listener, frames.end())
            self.counts.connections -= 1
            writer.transport.abort()

    async def _read(self, listener: Listener, reader: asyncio.StreamReader, frames: Frames) -> None:
        while True:
            await self._room.wait()
            try:
                async with asyncio.timeout(self._limits.unfinished if frames.partial else None):
                    data = await reader.read(_CHUNK)
            except TimeoutError:
                return
            if not data:
                return
            self._take(listener, frames.feed(data))

    def _take(self, listener: Listener, frames: Iterable[bytes | Refused]) -> None:
        for frame in frames:
            message = parse(frame) if isinstance(frame, bytes) else frame
            if isinstance(message, Refused):
                self.counts.refused[listener.url, message.reason] += 1
                continue
            route = next((route for route in listener.routes if route.takes(message)), None)
            if route is None:
                self.counts.refused[listener.url, NO_SOURCE] += 1
                continue
            self._queue.setdefault(route.source, []).append(message.line)
            self._queued += len(message.line)
            self.counts.received[route.source] += 1
        if self._queued >= _QUEUED:
            self._room.clear()

    # --- the disk ---------------------------------------------------------------------------------------------------

    async def _flush_for_ever(self) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._limits.flush):
                    await self._stopping.wait()
            await self._flush()
        await asyncio.sleep(0)  # whoever was cancelled has said its last word
        await self._flush()

    async def _flush(self) -> None:
        """Bring what waits to the disk; as long as it does not take it, read nothing more."""
        while self._queue:
            queue, self._queue, self._queued = self._queue, {}, 0
            for source, lines in queue.items():
                await self._write(source, lines)
            if not self.counts.trouble:
                self._room.set()

    async def _write(self, source: str, lines: Sequence[bytes]) -> None:
        while True:
            try:
                await asyncio.to_thread(self._write_now, {source: lines})
            except OSError as problem:
                self.counts.trouble = f"the spool cannot be written: {reason(problem)}"
            else:
                self.counts.trouble = ""
                return
            self._room.clear()
            if self._stopping.is_set():
                return
            await asyncio.sleep(_RETRY)

    def _write_now(self, lines: Mapping[str, Sequence[bytes]]) -> None:
        if self._spool.size > self._spool.limit:
            raise OSError(0, "it holds as much as it may")
        self._spool.write(lines, self._now())
