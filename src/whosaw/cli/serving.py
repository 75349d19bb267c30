"""How does a command serve pages until it is told to stop? In the foreground, saying where."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from whosaw.wire.http import Listener, Server


def serve(server: Server, listeners: tuple[Listener, ...]) -> None:
    """Serve until SIGINT or SIGTERM, and say where."""
    asyncio.run(_served(server, listeners))


async def _served(server: Server, listeners: tuple[Listener, ...]) -> None:
    from whosaw.wire.http import until_stopped

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready(ports: tuple[int, ...]) -> None:
        for where, port in zip(listeners, ports, strict=True):
            click.echo(f"listening at {'https' if where.certificate else 'http'}://{where.host}:{port}/", err=True)

    await until_stopped(server, listeners, stop, ready)
