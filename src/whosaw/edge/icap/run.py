"""How does the service run? It listens, follows its policy when it is told to, says how it is, and ends without dropping a request."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
from collections import deque
from typing import TYPE_CHECKING

from whosaw.edge.icap.server import Connection, Server
from whosaw.errors import ConfigError, StorageError, WhosawError

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.edge.icap.service import Edge, Ready

SWEEP = 1.0
"""Seconds between two looks at connections that keep us waiting, and at which agreements are in force."""

LOOK = 0.2
"""Seconds between two looks at whether the subscribers have changed: for so long an address may be taken for the one before."""

FLUSH = 5.0
"""Seconds between two times at which the record is brought to the disk."""

FAREWELL = 10.0
"""Seconds that requests have to come to their end when the service stops."""


class Service:
    """The running service."""

    def __init__(self, edge: Edge, server: Server, load: Callable[[], Ready], say: Callable[[str], None]) -> None:
        """Take what is asked, its connections, how the policy is read anew, and where to say what people should know."""
        self.edge, self.server, self._load, self._say = edge, server, load, say
        self.reload_failed = ""
        self._stop, self._reload = asyncio.Event(), asyncio.Event()
        self._lags: deque[float] = deque([0.0], maxlen=60)

    def reload(self) -> None:
        """Take the policy as it is written now, as soon as it is read. One that cannot be leaves the old one, and that is said."""
        self._reload.set()

    def stop(self) -> None:
        """End when the requests that were begun are answered."""
        self._stop.set()

    def health(self) -> dict[str, object]:
        """Return how the service is. What must be zero or empty: `lost`, `broken`, `reload_failed`, `customers_failed`."""
        known = self.edge.ready.customers
        return {
            "policy": self.edge.policy.hash,
            "transactions": self.server.transactions,
            "connections": len(self.server.open),
            "malformed": self.server.malformed,
            "overloaded": self.server.overloaded,
            "late": self.server.late,
            "broken": self.server.broken,
            "lag_ms": round(1000 * max(self._lags), 1),
            "decisions": dict(self.edge.counts),
            "recorded": self.edge.recorder.written,
            "lost": self.edge.recorder.lost,
            "reload_failed": self.reload_failed,
            "customers": len(known) if known is not None else 0,
            "customers_failed": known.problem if known is not None else "",
        }

    async def run(self, listen: tuple[str, int], health: tuple[str, int] | None) -> None:
        """Listen until `stop`. Raises `ConfigError` if the address cannot be taken."""
        loop = asyncio.get_running_loop()
        for number, act in ((signal.SIGHUP, self.reload), (signal.SIGTERM, self.stop), (signal.SIGINT, self.stop)):
            loop.add_signal_handler(number, act)
        try:
            icap = await loop.create_server(lambda: Connection(self.server), *listen, backlog=1024)
            about = await asyncio.start_server(self._tell, *health) if health else None
        except OSError as problem:
            raise ConfigError(
                f"cannot listen at {listen[0]}:{listen[1]}: {(problem.strerror or '').lower()}", hint="--listen names another"
            ) from problem
        chores = (self._sweep(), self._flush(), self._follow_policy(), self._follow_customers())
        tasks = [asyncio.create_task(chore) for chore in chores]
        # what is here now stays; requests leave nothing behind that would have to be looked for often
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        self._say(f"listening at {listen[0]}:{icap.sockets[0].getsockname()[1]}, policy {self.edge.policy.hash}")
        await self._stop.wait()
        icap.close()
        await self._farewell()
        if about:
            about.close()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.edge.recorder.close()

    async def _farewell(self) -> None:
        self.server.stopping = True
        for connection in list(self.server.open):
            connection.finish()
        end = asyncio.get_running_loop().time() + FAREWELL
        while self.server.open and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - at the end of a life, and short
            await asyncio.sleep(0.02)

    async def _sweep(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            begun = clock()
            await asyncio.sleep(SWEEP)
            self._lags.append(clock() - begun - SWEEP)
            self.server.sweep()
            due = self.edge.ready.due
            if due is not None and due <= self.edge.now():
                self.edge.take(await asyncio.to_thread(self.edge.renewed))

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            await asyncio.to_thread(self.edge.recorder.flush)

    async def _follow_policy(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            try:
                self.edge.take(await asyncio.to_thread(self._load))
            except (WhosawError, OSError) as problem:
                self.reload_failed = problem.message if isinstance(problem, WhosawError) else (problem.strerror or "").lower()
                self._say(f"the policy was not taken over, the old one ({self.edge.policy.hash}) counts: {self.reload_failed}")
            else:
                self.reload_failed = ""
                self._say(f"policy {self.edge.policy.hash}")
            try:
                self.edge.recorder.reopen()
            except StorageError as problem:
                self.reload_failed = problem.message
                self._say(f"{problem.message}; the files that are open are written on")

    async def _follow_customers(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            known = self.edge.ready.customers
            if known is None or not known.have_changed():
                continue
            before = known.problem
            await asyncio.to_thread(known.follow)
            if known.problem != before:
                self._say(f"the last good subscribers count: {known.problem}" if known.problem else "subscribers read again")

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer any HTTP request with how the service is: 200, or 503 when decisions are lost."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            told = self.health()
            body = json.dumps(told).encode()
            status = "503 Service Unavailable" if told["lost"] or told["broken"] else "200 OK"
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()
