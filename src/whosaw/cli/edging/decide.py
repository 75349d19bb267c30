"""May it be shown? `edge decide` is asked before, and answers as `judge` will afterwards."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.cli.judging import DIR, QUIET
from whosaw.cli.recording import recorded
from whosaw.cli.watching import now
from whosaw.errors import ConfigError


@click.command(help="answer before it is shown: may this recipient see this customer (AuthZEN, nginx auth_request, Envoy ext_authz)")
@click.argument("config", required=False, default="whosaw.toml", type=click.Path(path_type=Path))
@click.option("--listen", default="127.0.0.1:8181", show_default=True, metavar="ADDRESS:PORT", help="where to answer")
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FOLDER",
    help="where every decision is recorded  [default: decisions in that of --dir]",
)
@DIR
@QUIET
def decide(*, config: Path, listen: str, record: Path | None, folder: Path, quiet: bool) -> int:
    """Answer before it is shown: may this recipient see this customer."""
    from whosaw import config as settings
    from whosaw.edge.decide import server
    from whosaw.judge.work import Case

    path = config / "whosaw.toml" if config.is_dir() else config
    checked, config_hash = settings.load(path)
    case = Case(checked, config_hash, path.resolve().parent, folder)
    record = record or folder / "decisions"
    socket = server.listening(_address(listen))
    service = server.opened(case, record, now=now)
    if not quiet:
        host, port = socket.getsockname()[:2]
        click.echo(f"{service.standing.index.size:,} entitlements; answering at {host}:{port}", err=True)
    server.serve(case, service, socket, tell=lambda text: click.echo(text, err=True))
    if not quiet:
        click.echo(f"decisions recorded: {service.recorder.written:,}", err=True)
    return recorded(service.recorder.lost, record)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16 and host):
        raise ConfigError(f"`--listen` is `{text}`, expected an address and a port", hint="for example 127.0.0.1:8181")
    return host.strip("[]"), int(port)
