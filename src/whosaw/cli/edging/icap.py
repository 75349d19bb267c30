"""The layer that looks into requests: `icap` runs beside Squid, and its death loses nothing but itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click

from whosaw.cli.edging.compiling import POLICY
from whosaw.cli.watching import now


@click.command(help="run the ICAP service: it takes out what no list of names can, and sees whose data a page shows")
@POLICY
@click.option("--listen", default="127.0.0.1:1344", show_default=True, help="where Squid asks: address and port")
@click.option("--health", default="", help="where it says how it is, over HTTP: address and port")
@click.option(
    "--key", "key_file", type=click.Path(path_type=Path), help="the ledger's key (`keys.file`); default: `secret.key` in --record"
)
@click.option("--record", type=click.Path(path_type=Path), default=Path("edge-record"), show_default=True, help="folder of the decisions")
@click.option("--connections", type=click.IntRange(min=1), default=1000, show_default=True, help="how many at once")
def icap(*, policy: Path, listen: str, health: str, key_file: Path | None, record: Path, connections: int) -> int:
    """Run the ICAP service."""
    from whosaw.config.watching import endpoint
    from whosaw.edge import policy as policies
    from whosaw.edge.icap import run, service
    from whosaw.edge.icap.server import Server
    from whosaw.edge.record import Recorder
    from whosaw.identifiers import Pseudonymiser
    from whosaw.identifiers.vault import secret

    checked = policies.load(policy)
    places = endpoint(listen, "--listen"), endpoint(health, "--health") if health else None
    recorder = Recorder(record)
    key = Pseudonymiser(secret(key_file or record / "secret.key"))
    edge = service.Edge(service.ready(checked, now()), recorder, key, now)

    async def serve() -> None:
        server = Server(edge, connections, time.monotonic)
        await run.Service(edge, server, lambda: policies.load(policy), lambda text: click.echo(text, err=True)).run(*places)

    _loop(serve)
    return 0


def _loop(serve: object) -> None:
    """Run on uvloop where it is installed: a third less CPU for each transaction."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve())  # type: ignore[operator]
    else:
        uvloop.run(serve())  # type: ignore[operator]
