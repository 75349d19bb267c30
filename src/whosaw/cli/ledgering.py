"""Keeping the ledger: is it still right, small, no older than it may be, and without who asked to be forgotten?"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.inquiry import asker
from whosaw.cli.judging import DIR, QUIET, command_line, keep, now, opened_case, progress

if TYPE_CHECKING:
    from whosaw.judge import Case, Work
    from whosaw.judge.audit import Audit
    from whosaw.judge.settle import Settled

SHOWN = 20
"""Files named one by one in each group."""


@click.group(help="keep the ledger: verify it, make it smaller, let go of what is too old or of a person")
def ledger() -> None:
    """Keep the ledger: verify it, make it smaller, let go of what is too old or of a person."""


@ledger.command(help="read every source and every part again, and say what is not as it was recorded")
@click.argument("config", required=False, type=click.Path(path_type=Path))
@DIR
@QUIET
def verify(*, config: Path | None, folder: Path, quiet: bool) -> int:
    """Read every source and every part again, and say what is not as it was recorded."""
    from whosaw.judge import audit, opened

    with opened(_case(config, folder)) as work, progress(quiet=quiet) as tell:
        found = audit.verify(work, progress=tell)
    click.echo("\n".join(_audit_lines(found)))
    return 1 if found.differs else 3 if found.incomplete else 0


@ledger.command(help="merge the small parts of each day into large ones; no row changes")
@DIR
def compact(*, folder: Path) -> int:
    """Merge the small parts of each day into large ones; no row changes."""
    from whosaw.judge import opened

    with opened(opened_case(folder), write=True) as work:
        before = len(work.ledger.parts())
        work.ledger.compact(work.engine)
        after = len(work.ledger.parts())
    click.echo(f"{after:,} parts where there were {before:,}")
    return 0


@ledger.command(help="let go of what was shown too long ago: entitled disclosures are only counted, the others are kept with their verdict")
@click.option("--keep", "span", required=True, metavar="TIME", help="how much to keep, back from today: 90d")
@DIR
def retain(*, span: str, folder: Path) -> int:
    """Let go of what was shown too long ago: entitled disclosures are only counted, the others are kept with their verdict."""
    from whosaw.config import seconds
    from whosaw.judge import opened, settle

    kept = timedelta(seconds=seconds(span, "--keep"))
    moment = now()
    before = datetime.combine((moment - kept).date(), datetime.min.time(), UTC)
    case = opened_case(folder)
    with opened(case, write=True) as work:
        done = settle.retain(work, before=before, at=moment.isoformat(), by=asker())
        _answer_anew(case, work)
    click.echo(f"of what was shown before {before:%Y-%m-%d}, {_said(done)}")
    return 0


@ledger.command(help="let go of a person: their account in clear, as c:..., or - to type it unseen by the shell's history")
@click.argument("customer")
@click.option("--reason", required=True, help="why; it is recorded with your name, so do not name the person in it")
@DIR
def erase(*, customer: str, reason: str, folder: Path) -> int:
    """Let go of a person: their account in clear, as c:..., or - to type it unseen by the shell's history."""
    from whosaw.judge import inquiry, opened, prepare, settle, verdict

    if customer == "-":
        customer = click.prompt("customer", hide_input=sys.stdin.isatty(), err=True).strip()
    if customer in reason:
        raise click.UsageError("--reason names the person; it is kept, so say why without saying who")
    case = opened_case(folder)
    with opened(case, write=True) as work:
        prepare(work)
        verdict.resolve(work.engine)
        key = inquiry.customer_key(work, customer)
        done = settle.erase(work, key, at=now().isoformat(), by=asker(), reason=reason)
        _answer_anew(case, work)
    click.echo(f"of this person's rows, {_said(done)}; their names have left the vault")
    if not done.scrubbed:
        click.echo("somebody is reading the ledger: the old files are removed by the next command that writes it", err=True)
        return 3
    return 0


def _case(config: Path | None, folder: Path) -> Case:
    if config is None:
        return opened_case(folder)
    from whosaw import config as settings
    from whosaw.judge import Case

    path = config / "whosaw.toml" if config.is_dir() else config
    loaded, config_hash = settings.load(path)
    return Case(loaded, config_hash, path.resolve().parent, folder)


def _answer_anew(case: Case, work: Work) -> None:
    """Write the last answer again: the old one may name what has left."""
    from whosaw.judge import judged

    keep(case, judged(work, made=now(), command=command_line()), [Path(work.ledger.meta("config"))])


def _said(done: Settled) -> str:
    return f"{done.counted:,} disclosures were entitled and are only counted now, {done.kept:,} are kept with their verdict"


def _audit_lines(found: Audit) -> list[str]:
    from whosaw.judge.audit import State

    same = len(found.of(State.SAME))
    if found.differs:
        verdict = "something is not as it was recorded"
    elif found.incomplete:
        verdict = "what can be looked at is as it was recorded; not all of it can"
    else:
        verdict = "everything is as it was recorded"
    lines = [verdict, "", f"files       {same:,} of {len(found.files):,} are there and give the same again"]
    lines += [f"parts       {found.parts - len(found.damaged):,} of {found.parts:,} are whole, with {found.rows:,} disclosures in all"]
    for name, checks in (
        ("changed", found.of(State.CHANGED)),
        ("differs", found.of(State.DIFFERS)),
        ("gone", found.of(State.GONE)),
    ):
        lines += [f"{name:<12}{check.file.path}{': ' if check.found else ''}{check.found}" for check in checks[:SHOWN]]
        lines += [f"{'':<12}and {len(checks) - SHOWN:,} more"] if len(checks) > SHOWN else []
    lines += [f"damaged     {name}" for name in found.damaged]
    lines += [f"lost        {name}" for name in found.lost]
    lines += [f"miscounted  {text}" for text in found.miscounted]
    moved = [check for check in found.of(State.SAME) if check.found]
    lines += [f"moved       {check.file.path}: {check.found}" for check in moved[:SHOWN]]
    return lines
