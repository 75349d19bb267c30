"""The same question, always on: `watch` follows logs, judges what is new every few seconds, and tells of each leak while it happens."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.judging import DIR, QUIET, command_line, exit_code, keep
from whosaw.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whosaw.judge import Case
    from whosaw.model import Result
    from whosaw.watch.run import Step, Watcher


@click.command(help="judge logs while they are written: follow them, and tell of each leak within seconds")
@click.argument("config", required=False, default="whosaw.toml", type=click.Path(path_type=Path))
@DIR
@QUIET
@click.option("--once", is_flag=True, help="take what is there now, tell what it means, and end")
@click.option("--json", "as_json", is_flag=True, help="one JSON message per line on standard output, as webhooks get it")
def watch(*, config: Path, folder: Path, quiet: bool, once: bool, as_json: bool) -> int:
    """Judge logs while they are written: follow them, and tell of each leak within seconds."""
    from whosaw.watch.run import watching

    path = config / "whosaw.toml" if config.is_dir() else config
    case = _case(path, folder)
    last: list[Result] = []
    with stopped_politely() as stop, watching(case, now=now, command=command_line()) as opened:
        tell = _teller(case, path, opened, last, quiet=quiet, as_json=as_json)
        if once:
            opened.once(tell)
        else:
            opened.run(stop, tell)
    if not once:
        return 0
    return exit_code(last[-1], fail_on=(), min_coverage=None, limit=case.config.limits.min_coverage)


def now() -> datetime:
    """Return the time to the microsecond: what is told, and when, is told apart by it."""
    return datetime.now(UTC)  # noqa: TID251 - the command line is where the clock is read


def _case(path: Path, folder: Path) -> Case:
    from whosaw import config
    from whosaw.judge import Case

    settings, config_hash = config.load(path)
    if not settings.source:
        raise ConfigError("there is no `[[source]]` to watch", hint="`whosaw init` writes a configuration from your logs")
    return Case(settings, config_hash, path.resolve().parent, folder)


@contextmanager
def stopped_politely() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set; a second one ends at once."""
    stop = threading.Event()

    def ask(number: int, _: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        signal.signal(number, ask)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _teller(case: Case, path: Path, opened: Watcher, last: list[Result], *, quiet: bool, as_json: bool) -> Callable[[Step], None]:
    """Return what says on standard output what is told, keeps the answer, and shows on a terminal how the watch stands."""
    from whosaw.watch import message
    from whosaw.watch.status import line

    live = not quiet and sys.stderr.isatty()

    def tell(step: Step) -> None:
        if live:
            click.echo("\r\x1b[K", err=True, nl=False)
        for one in step.told:
            about = message.subject(one).removeprefix(message.TAG)
            click.echo(message.payload(one) if as_json else f"{one.made:%Y-%m-%d %H:%M:%S} {one.kind}: {about}")
        if step.result is not None:
            last[:] = [step.result]
            try:
                keep(case, step.result, [path])
            except StorageError as problem:  # it is written again with the next answer
                click.echo(problem.message, err=True)
        if live and opened.status is not None:
            click.echo(line(opened.status, opened.status.made), err=True, nl=False)

    return tell
