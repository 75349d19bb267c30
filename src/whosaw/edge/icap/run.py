"""How does the service run? It listens, follows its policy when it is told to, says how it is, and ends without dropping a request."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from typing import TYPE_CHECKING

from whosaw.edge.icap.server import Connection, Server
from whosaw.errors import ConfigError, WhosawError

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.edge.icap.service import Edge
    from whosaw.edge.policy import Policy

SWEEP = 1.0
"""Seconds between two looks at connections that keep us waiting, and at which agreements are in force."""

FLUSH = 5.0
"""Seconds between two times at which the record is brought to the disk."""

FAREWELL = 10.0
"""Seconds that requests have to come to their end when the service stops."""


class Service:
    """The running service."""

    def __init__(self, edge: Edge, server: Server, load: Callable[[], Policy], say: Callable[[str], None]) -> None:
        """Take what is asked, its connections, how the policy is read anew, and where to say what people should know."""
        self.edge, self.server, self._load, self._say = edge, server, load, say
        self.reload_failed = ""
        self._stop = asyncio.Event()

    def reload(self) -> None:
        """Take the policy as it is written now. One that cannot be read leaves the old one, and that is said."""
        try:
            self.edge.take(self._load())
        except WhosawError as problem:
            self.reload_failed = problem.message
            self._say(f"the policy was not taken over, the old one ({self.edge.policy.hash}) counts: {problem.message}")
            return
        self.edge.recorder.reopen()
        self.reload_failed = ""
        self._say(f"policy {self.edge.policy.hash}")

    def stop(self) -> None:
        """End when the requests that were begun are answered."""
        self._stop.set()

    def health(self) -> dict[str, object]:
        """Return how the service is: what must be zero is `lost` and `reload_failed`."""
        return {
            "policy": self.edge.policy.hash,
            "transactions": self.server.transactions,
            "connections": len(self.server.open),
            "malformed": self.server.malformed,
            "overloaded": self.server.overloaded,
            "decisions": dict(self.edge.counts),
            "recorded": self.edge.recorder.written,
            "lost": self.edge.recorder.lost,
            "reload_failed": self.reload_failed,
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
        tasks = [asyncio.create_task(self._sweep()), asyncio.create_task(self._flush())]
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
        self.edge.recorder.flush()
        self.edge.recorder.close()

    async def _farewell(self) -> None:
        self.server.stopping = True
        for connection in list(self.server.open):
            connection.finish()
        end = asyncio.get_running_loop().time() + FAREWELL
        while self.server.open and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - at the end of a life, and short
            await asyncio.sleep(0.02)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            self.server.sweep()
            change = self.edge.due
            if change is not None and change <= self.edge.now():
                self.edge.renew()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            with contextlib.suppress(OSError):
                self.edge.recorder.flush()

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer any HTTP request with how the service is: 200, or 503 when decisions are lost."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            told = self.health()
            body = json.dumps(told).encode()
            status = "503 Service Unavailable" if told["lost"] else "200 OK"
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()
