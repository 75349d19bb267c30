"""What does the network add to my requests? `edge check-page` serves the page that shows it to a customer."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.serving import serve
from whosaw.cli.watching import now
from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.edge.check_page.answer import Network


@click.command("check-page", help="serve a page that shows customers what the network adds to their requests, and keeps nothing clear")
@click.option("--http", "clear", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="where the page is asked in clear")
@click.option("--https", "secure", metavar="HOST:PORT", help="where it is asked encrypted, to compare with")
@click.option("--cert", type=click.Path(path_type=Path), help="certificate for --https, as PEM")
@click.option("--key", type=click.Path(path_type=Path), help="key of the certificate, as PEM")
@click.option(
    "--state", type=click.Path(path_type=Path), default=Path("whosaw-check"), show_default=True, help="folder of the counts and the reports"
)
@click.option("--operator", default="", metavar="NAME", help="name of the operator, shown on the page")
@click.option("--network", "networks", multiple=True, metavar="CIDR", help="addresses of the operator's customers; repeatable")
def check_page(  # noqa: PLR0913
    *, clear: str, secure: str | None, cert: Path | None, key: Path | None, state: Path, operator: str, networks: Sequence[str]
) -> int:
    """Serve a page that shows customers what the network adds to their requests."""
    from whosaw.edge.check_page.app import CheckPage
    from whosaw.edge.check_page.counts import Counts
    from whosaw.edge.check_page.reports import Reports
    from whosaw.wire.http import Server, listener

    if (secure is None) != (cert is None):
        raise click.UsageError("--https and --cert belong together")
    listeners = (listener(clear), *([listener(secure, cert, key or cert)] if secure else []))
    page = CheckPage(
        clear_port=listeners[0].port,
        secure_port=listeners[1].port if secure else None,
        counts=Counts(state / "counts"),
        reports=Reports(state / "reports", operator),
        clock=now,
        operator=operator,
        networks=tuple(_network(text) for text in networks),
    )
    serve(Server(page), listeners)
    if page.lost:
        click.echo(f"{page.lost} could not be kept", err=True)
    return 5 if page.lost else 0


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as problem:
        raise ConfigError(f"`{text}` is no network", hint="write for example 198.51.100.0/24") from problem
