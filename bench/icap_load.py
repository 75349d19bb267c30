"""How many transactions, and at what CPU, does an ICAP server do? A raw client that keeps connections busy, and the CPU of the server."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE, VISIT = 20, 5
"""Requests of a page, which differ in their addresses alone, and pages of a visit, for which a site's cookie stays the same."""


def browsing(service: str, port: int, client: str) -> Iterator[bytes]:
    """Yield REQMODs as Squid writes them, of a customer who goes from page to page: no address, page or cookie comes twice."""
    chance = random.Random()  # noqa: S311 - what nobody has seen before
    while True:
        site, cookie = f"news{chance.randrange(500)}.example", f"sid={chance.randbytes(12).hex()}; lang=en; seen=1"
        for page in chance.sample(range(10**6), VISIT):
            lines = _same(site, page, cookie)
            for piece in range(PAGE):
                head = f"GET http://{site}/read?id={page}&part={piece}&t={chance.randrange(10**10)} HTTP/1.1\r\n{lines}".encode()
                yield _transaction(service, port, client, head)


def _same(site: str, page: int, cookie: str) -> str:
    return (
        f"Host: {site}\r\n"
        "User-Agent: Mozilla/5.0 (Linux; Android 4.0.3; GT-I9100) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.8\r\n"
        f"Accept-Encoding: gzip, deflate\r\nReferer: http://{site}/front?id={page}\r\nCookie: {cookie}\r\n\r\n"
    )


def _transaction(service: str, port: int, client: str, head: bytes) -> bytes:
    return (
        f"REQMOD icap://127.0.0.1:{port}/{service} ICAP/1.0\r\nHost: 127.0.0.1:{port}\r\nDate: Wed, 25 Jan 2012 14:00:00 GMT\r\n"
        f"Encapsulated: req-hdr=0, null-body={len(head)}\r\nAllow: 204, 206\r\nX-Client-IP: {client}\r\n\r\n"
    ).encode() + head


def load(port: int, service: str, pids: list[int], *, seconds: float, connections: int = 16) -> tuple[float, int]:
    """Return CPU microseconds per transaction of the server's processes, and how many transactions there were."""
    before = cpu_ns(pids)
    count = asyncio.run(_keep_busy(port, service, seconds, connections))
    return (cpu_ns(pids) - before) / 1000 / count, count


async def _keep_busy(port: int, service: str, seconds: float, connections: int) -> int:
    end = time.perf_counter() + seconds
    return sum(await asyncio.gather(*(_one(port, service, end, f"10.0.{i}.1") for i in range(connections))))


async def _one(port: int, service: str, end: float, client: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    for asked in browsing(service, port, client):
        if time.perf_counter() > end:
            break
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"ICAP/1.0 204"):
            raise ValueError(head[:60])
        count += 1
    writer.close()
    return count


def cpu_ns(pids: list[int]) -> int:
    """Return the CPU time of processes and all their threads, in nanoseconds."""
    return sum(int(task.read_text().split()[0]) for pid in pids for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
