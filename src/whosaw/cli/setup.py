"""Getting started: `init` writes a configuration from sample logs, `doctor` checks it against them."""

from __future__ import annotations

import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.judging import DIR, QUIET, now, progress, write_whole
from whosaw.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.judge.checkup import SourceHealth


@click.command(help="write a whosaw.toml by looking at sample logs")
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    default=Path("whosaw.toml"),
    show_default=True,
    help="where to write it; - is standard output",
)
@click.option("--name", default="", help="name of the operator")
@click.option("--country", default="", help="two letters of ISO 3166, for national numbers")
@click.option("--numbers", multiple=True, help="prefix of the operator's own numbers, as E.164 digits; repeatable")
@click.option("--no-input", is_flag=True, help="ask nothing")
@click.option("--force", is_flag=True, help="write over a file that is there")
def init(*, logs: Sequence[Path], target: Path, name: str, country: str, numbers: Sequence[str], no_input: bool, force: bool) -> int:  # noqa: PLR0913
    """Write a whosaw.toml by looking at sample logs."""
    from whosaw.judge import sketch

    if str(target) != "-" and target.exists() and not force:
        raise InputError(f"`{target}` is there already", hint="write to another file with --to, or over it with --force")
    if sys.stdin.isatty() and not no_input:
        name = name or click.prompt("name of the operator", default="this operator", err=True)
        country = country or click.prompt("country (two letters)", default="", err=True)
        numbers = numbers or tuple(
            click.prompt("own number prefixes, as 4477009 or +4477009, separated by spaces", default="", err=True).split()
        )
        if not logs:
            logs = tuple(Path(p) for p in click.prompt("log files, separated by spaces", err=True).split())
    if not logs:
        raise click.UsageError("name at least one log file")
    text = sketch.sketch(logs, name=name or "this operator", country=country, numbers=numbers, home=target.parent)
    if str(target) == "-":
        click.echo(text, nl=False)
        return 0
    write_whole(target, text.encode())
    click.echo(f"wrote {target}; fill in owners and entitlements where it says so, then: whosaw doctor {target}", err=True)
    return 0


@click.command(help="check a configuration against its logs: which fields fill, which customers resolve, what share can be judged")
@click.argument("config", type=click.Path(path_type=Path), default=Path("whosaw.toml"))
@click.option("--lines", type=int, default=200_000, show_default=True, help="how many lines of each file to look at")
@DIR
@QUIET
def doctor(*, config: Path, lines: int, folder: Path, quiet: bool) -> int:
    """Check a configuration against its logs: which fields fill, which customers resolve, what share can be judged."""
    from whosaw import config as settings
    from whosaw.judge import Case, checkup

    _environment()
    path = config / "whosaw.toml" if config.is_dir() else config
    checked, config_hash = settings.load(path)
    with tempfile.TemporaryDirectory(prefix="whosaw-doctor-") as temp, progress(quiet=quiet) as tell:
        case = Case(checked, config_hash, path.resolve().parent, Path(temp))
        health = checkup.check(case, most=lines, progress=tell)
    for source in health.sources:
        _source(source)
    click.echo(f"\nowners and entitlements  {health.rules_kept:,} of {health.rules_rows:,} rows can be used")
    for doubt in health.doubts:
        click.echo(f"  {doubt}")
    click.echo(f"\nof {health.shown:,} disclosures looked at, {health.judged:,} can be judged ({health.share:.1%})")
    for reason, count in health.reasons.items():
        click.echo(f"  {count:>9,}  {reason}")
    _watch(folder)
    return 0 if health.share >= checked.limits.min_coverage and health.shown else 3


def _watch(folder: Path) -> None:
    """Say how the watch of a ledger stands, if one ever ran there."""
    from whosaw.watch import status
    from whosaw.watch.record import status_of

    body = status_of(folder)
    if body is None:
        return
    told = status.unpack(body)
    click.echo(f"\nwatch  {status.line(told, now())}")
    for line in status.lines(told, now()):
        click.echo(f"  {line}")


def _environment() -> None:
    from importlib.metadata import version

    from whosaw import __version__

    parts = [f"{name} {version(name)}" for name in ("duckdb", "cryptography", "phonenumbers")]
    click.echo(f"whosaw {__version__}, Python {platform.python_version()}, {', '.join(parts)}\n")


def _source(source: SourceHealth) -> None:
    read = f"{source.read:,} of {source.lines:,} lines read" if source.lines else "no lines"
    click.echo(
        f"{source.name}: {source.files} file{'s' if source.files != 1 else ''}, {source.reader}, {read}, {source.shown:,} disclosures"
    )
    for fact, share in source.filled.items():
        mark = "  " if share > 0.5 else "? "
        click.echo(f"  {mark}{fact:<12}{share:>7.1%}")
    for route, count in source.unlisted[:5]:
        click.echo(f"  ? route `{route}` is not configured ({count:,} lines)")
    for name, what, count in source.met:
        click.echo(f"  ? `{name}` holds an identifier of our own in {count:,} sampled lines ({what})")
    for pick, carries in source.telling:
        click.echo(f'  ? `{pick}` is recorded, carries {carries} by its name, and is not looked at: scan = ["{pick}"]')
