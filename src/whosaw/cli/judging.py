"""The main job: `judge` looks at logs, `report` shows the last answer again."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whosaw.errors import ConfigError, NotFoundError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whosaw.config import Config
    from whosaw.judge import Case, Work
    from whosaw.model import Result

DIR = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("whosaw-out"),
    show_default=True,
    help="folder of the ledger and the last answer",
)
OUT = click.option(
    "--out", "outs", multiple=True, metavar="FORMAT=PATH", help="also write html, json, csv, sarif or ocsf; `-` is standard output"
)
QUIET = click.option("--quiet", is_flag=True, help="no progress and no talk on standard error")


@click.command(help="judge logs: what was shown, to whom, and was it all right")
@click.argument("inputs", nargs=-1, metavar="CONFIG|LOGS...")
@DIR
@OUT
@QUIET
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="FACT=FIELD",
    help="for logs without configuration: which field says the recipient, customer, ...",
)
@click.option("--format", "reader", default="", help="for logs without configuration: the log format, instead of guessing it")
@click.option(
    "--fail-on",
    "fail_on",
    multiple=True,
    type=click.Choice(["unentitled", "gap", "rejected"]),
    help="exit 1 (unentitled) or 3 (gap, rejected)",
)
@click.option("--min-coverage", type=float, default=None, help="exit 3 when a smaller share than this could be judged")
@click.option(
    "--engine",
    default="duckdb",
    show_default=True,
    metavar="ENGINE",
    help="where to judge: duckdb (in this process), spark://HOST:PORT, yarn, k8s://..., or local[N] to try Spark",
)
@click.option(
    "--shared",
    type=click.Path(path_type=Path),
    default=None,
    help="with Spark: a folder under the same path on this machine and all workers  [default: that of --dir]",
)
def judge(  # noqa: PLR0913 - one argument per option
    *,
    inputs: Sequence[str],
    folder: Path,
    outs: Sequence[str],
    quiet: bool,
    maps: Sequence[str],
    reader: str,
    fail_on: Sequence[str],
    min_coverage: float | None,
    engine: str,
    shared: Path | None,
) -> int:
    """Judge logs: what was shown, to whom, and was it all right."""
    from whosaw.judge import run

    targets = checked_outs(outs)
    if engine != "duckdb":
        from whosaw.engine.cluster import checked

        checked(engine)
    with spooled(inputs or ("whosaw.toml",)) as paths:
        case = replace(_case(paths, folder, maps, reader), engine=engine, shared=shared)
        with progress(quiet=quiet) as tell:
            result = run(case, made=now(), command=command_line(), progress=tell, note=lambda work: _note(work, quiet=quiet))
    keep(case, result, paths)
    show(result, targets)
    return exit_code(result, fail_on=fail_on, min_coverage=min_coverage, limit=case.config.limits.min_coverage)


@click.command(help="show the last answer again, or write it in another format")
@DIR
@OUT
def report(*, folder: Path, outs: Sequence[str]) -> int:
    """Show the last answer again, or write it in another format."""
    from whosaw.report import json_out

    targets = checked_outs(outs)
    path = folder / "result.json"
    if not path.exists():
        raise NotFoundError(f"there is no answer in `{folder}`", hint="run `whosaw judge` first, or name its folder with --dir")
    show(json_out.load(path.read_text()), targets)
    return 0


def now() -> datetime:
    """Return the time of this run; the only clock there is."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the command line is where the clock is read


def command_line() -> str:
    """Return the command as it was given, for the report's method section."""
    return " ".join(["whosaw", *sys.argv[1:]])


def checked_outs(outs: Sequence[str]) -> list[tuple[str, Path]]:
    """Return the wanted formats and paths. Raises a usage error before any work is done."""
    from whosaw.report import FORMATS

    found = []
    for out in outs:
        name, equals, path = out.partition("=")
        if name not in FORMATS or not equals or not path:
            raise click.UsageError(f"--out wants FORMAT=PATH with a format of {', '.join(FORMATS)}, got `{out}`")
        found.append((name, Path(path)))
    return found


@contextmanager
def spooled(inputs: Sequence[str]) -> Iterator[list[Path]]:
    """Give paths for the inputs; standard input (`-`) is spooled to a file that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="whosaw-") as temp:
        paths = []
        for name in inputs:
            path = Path(name)
            if name == "-":
                path = Path(temp) / "stdin"
                with path.open("wb") as f:
                    while chunk := sys.stdin.buffer.read(1 << 20):
                        f.write(chunk)
            paths.append(path)
        yield paths


def _case(paths: list[Path], ledger: Path, maps: Sequence[str], reader: str) -> Case:
    from whosaw import config
    from whosaw.judge import Case

    first = paths[0] / "whosaw.toml" if paths[0].is_dir() else paths[0]
    if first.suffix == ".toml":
        if len(paths) > 1:
            raise click.UsageError("give either one configuration or log files, not both")
        settings, config_hash = config.load(first)
        return Case(settings, config_hash, first.resolve().parent, ledger)
    return Case(_bare(paths, maps, reader), "", Path.cwd(), ledger)


def _bare(paths: list[Path], maps: Sequence[str], reader: str) -> Config:
    """Return the configuration of logs that come without one: each file is its own source, and nothing is known of owners."""
    from whosaw import config, readers
    from whosaw.engine.inputs import Input

    wrong = next((pair for pair in maps if not all(pair.partition("="))), None)
    if wrong is not None:
        raise click.UsageError(f"--map wants FACT=FIELD, got `{wrong}`")
    wanted = dict(pair.split("=", 1) for pair in maps)
    sources: list[dict[str, Any]] = []
    for path in paths:
        guesses = [g for g in readers.detect(Input(path).sample()) if not reader or g.reader == reader]
        roles = dict(guesses[0].layout.roles) if guesses else {}
        facts = {fact: roles[fact] for fact in ("recipient", "customer", "session", "cache") if fact in roles} | wanted
        source: dict[str, Any] = {
            "name": _own_name(path.stem, {str(s["name"]) for s in sources}),
            "files": [str(path.resolve())],
            "channel": path.stem,
            "format": reader,
            "vantage": "app",
            **facts,
        }
        kind = "unknown" if "recipient" not in facts else "customer_login"
        sources.append({**source, "recipient_kind": kind})
    return config.parse({"source": sources})


def _own_name(name: str, taken: set[str]) -> str:
    """Return a name no other source has: access.log.1 and access.log.2 are two."""
    return next(own for own in (name, *(f"{name}-{i}" for i in range(2, len(taken) + 3))) if own not in taken)


def _note(work: Work, *, quiet: bool) -> None:
    if quiet:
        return
    for job in work.tasks:
        sure = "as configured" if job.confidence == 1 and job.source.layout else f"confidence {job.confidence:.0%}"
        click.echo(f"read {job.shown} as {job.reader.name} ({sure}); time from `{job.layout.roles.get('time', '?')}`", err=True)
    for problem in work.problems:
        click.echo(problem, err=True)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Any]:
    """Give a function that shows how far reading is, on a terminal's standard error only."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(file: str, done: int, total: int, lines: int) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file, total=total, rate="")
            elapsed = bar.tasks[tasks[file]].elapsed or 0.0
            rate = f"{lines:,} lines, {lines / elapsed:,.0f}/s" if elapsed else f"{lines:,} lines"
            bar.update(tasks[file], completed=done, rate=rate)

        yield tell


def keep(case: Case, result: Result, paths: list[Path]) -> None:
    """Keep the answer beside the ledger, whole or not at all, and where its configuration lies."""
    from whosaw.ledger import Ledger
    from whosaw.report import FORMATS

    write_whole(case.ledger / "result.json", FORMATS["json"](result, claims()))
    if paths[0].suffix == ".toml" or paths[0].is_dir():
        path = paths[0] / "whosaw.toml" if paths[0].is_dir() else paths[0]
        with Ledger(case.ledger) as ledger:
            ledger.remember("config", str(path.resolve()))


def claims() -> dict[str, str]:
    """Return what each detector claims, in a sentence."""
    from whosaw.detectors import DETECTORS

    return {d.name: d.claim for d in DETECTORS}


def show(result: Result, targets: Sequence[tuple[str, Path]]) -> None:
    """Write the wanted formats, and the answer for people unless standard output is taken by one of them."""
    from whosaw.report import FORMATS, terminal

    taken = False
    for name, path in targets:
        data = FORMATS[name](result, claims())
        if str(path) == "-":
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            taken = True
        else:
            write_whole(path, data)
            click.echo(f"wrote {path}", err=True)
    if not taken:
        from rich.console import Console

        terminal.render(result, Console(soft_wrap=False, highlight=False, width=None if sys.stdout.isatty() else 100))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all. Raises `StorageError` when it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        part.replace(path)
    except OSError as problem:
        with suppress(OSError):
            part.unlink()
        raise StorageError(
            f"cannot write `{path}`: {(problem.strerror or 'unknown reason').lower()}", hint="choose another path, or free some space"
        ) from problem


def exit_code(result: Result, *, fail_on: Sequence[str], min_coverage: float | None, limit: float) -> int:
    """Return the promised exit code: 1 found what --fail-on names, 3 not reliable, 5 partial, 0 done."""
    if "unentitled" in fail_on and result.verdicts.unentitled:
        return 1
    shown = result.read.disclosures
    judged = result.verdicts.entitled + result.verdicts.unentitled
    wanted = limit if min_coverage is None else min_coverage
    if not shown or judged / shown < wanted:
        return 3
    if "gap" in fail_on and any(c.gaps for c in result.coverage):
        return 3
    if "rejected" in fail_on and result.read.rejected:
        return 3
    return 5 if result.partial else 0


def opened_case(folder: Path) -> Case:
    """Return the case a ledger was judged with, for questions about it."""
    from whosaw import config
    from whosaw.judge import Case
    from whosaw.ledger import Ledger

    if not (folder / "manifest.sqlite").exists():
        raise NotFoundError(f"there is no ledger in `{folder}`", hint="run `whosaw judge` first, or name its folder with --dir")
    with Ledger(folder) as ledger:
        path = ledger.meta("config")
    if not path:
        raise ConfigError(
            "this ledger was judged without a configuration, so nothing is known of owners", hint="`whosaw init` writes one from your logs"
        )
    settings, config_hash = config.load(Path(path))
    return Case(settings, config_hash, Path(path).parent, folder)
