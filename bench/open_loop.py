"""How late are answers at a fixed rate? Requests leave when their time has come, whether the ones before were answered or not."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FOR_SECONDS = 5
CONNECTIONS = 16


def latencies(port: int, hosts: Sequence[str], rate: int, *, absolute: bool) -> tuple[float, float]:
    """Return the median and the 99th percentile of the time from when a request was due until its answer, in milliseconds."""
    taken = sorted(asyncio.run(_ask(port, hosts, rate, absolute=absolute)))
    return round(taken[len(taken) // 2] * 1000, 2), round(taken[len(taken) * 99 // 100] * 1000, 2)


async def _ask(port: int, hosts: Sequence[str], rate: int, *, absolute: bool) -> list[float]:
    """Send `rate` requests a second over a few connections that are kept; return how long each took from when it was due."""
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    taken: list[float] = []
    workers = [asyncio.create_task(_worker(port, due, taken)) for _ in range(CONNECTIONS)]
    begin = time.perf_counter() + 0.2
    for i in range(rate * FOR_SECONDS):
        at = begin + i / rate
        if (left := at - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        host = hosts[i % len(hosts)]
        target = f"http://{host}/read?id={i}" if absolute else f"/read?id={i}"
        due.put_nowait((at, f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: open-loop\r\nAccept: */*\r\n\r\n".encode()))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    return taken


async def _worker(port: int, due: asyncio.Queue[tuple[float, bytes] | None], taken: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (job := await due.get()) is not None:
        at, request = job
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        taken.append(time.perf_counter() - at)
    writer.close()
