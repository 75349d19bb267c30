"""The layer that looks into requests: `icap` runs beside Squid, and its death loses nothing but itself."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.edging.compiling import POLICY
from whosaw.cli.recording import recorded
from whosaw.cli.watching import now

if TYPE_CHECKING:
    from whosaw.identifiers import Profile


@click.command(help="run the ICAP service: it takes out what no list of names can, and sees whose data a page shows")
@POLICY
@click.option("--listen", default="127.0.0.1:1344", show_default=True, help="where Squid asks: address and port")
@click.option("--health", default="", help="where it says how it is, over HTTP: address and port")
@click.option(
    "--key", "key_file", type=click.Path(path_type=Path), help="the ledger's key (`keys.file`); default: `secret.key` in --record"
)
@click.option(
    "--config", type=click.Path(path_type=Path), help="your whosaw.toml: its `keys.file`, and what your numbers look like (for pages)"
)
@click.option("--record", type=click.Path(path_type=Path), default=Path("edge-record"), show_default=True, help="folder of the decisions")
@click.option("--connections", type=click.IntRange(min=1), default=1000, show_default=True, help="how many at once")
def icap(  # noqa: PLR0913 - options
    *, policy: Path, listen: str, health: str, key_file: Path | None, config: Path | None, record: Path, connections: int
) -> int:
    """Run the ICAP service."""
    from whosaw.config.watching import endpoint
    from whosaw.edge import policy as policies
    from whosaw.edge.icap import run, service
    from whosaw.edge.icap.server import Server
    from whosaw.edge.record import Recorder
    from whosaw.identifiers import Pseudonymiser
    from whosaw.identifiers.vault import secret

    places = endpoint(listen, "--listen"), endpoint(health, "--health") if health else None
    recorder = Recorder(record)
    profile, listed = _told(config) if config else (None, None)
    key = Pseudonymiser(secret(key_file or listed or record / "secret.key"))

    def load() -> service.Ready:
        return service.ready(policies.load(policy), now(), profile)

    edge = service.Edge(load(), recorder, key, now)

    async def serve() -> None:
        server = Server(edge, connections, time.monotonic)
        await run.Service(edge, server, load, lambda text: click.echo(text, err=True)).run(*places)

    _loop(serve)
    return recorded(recorder.lost, record)


def _told(path: Path) -> tuple[Profile, Path | None]:
    """Return what the operator's own numbers look like, and the ledger's key if the configuration names one."""
    from whosaw import config
    from whosaw.identifiers import profile

    settings, _ = config.load(path)
    key = path.resolve().parent / settings.keys.file if settings.keys.file else None
    return profile(settings.operator.country, settings.operator.numbers), key


def _loop(serve: object) -> None:
    """Run on uvloop where it is installed: a third less CPU for each transaction."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve())  # type: ignore[operator]
    else:
        uvloop.run(serve())  # type: ignore[operator]
