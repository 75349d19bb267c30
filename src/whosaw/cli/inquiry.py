"""Questions about an answer: why this row, what scope, who saw this customer, and vouching for a missing entitlement."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from whosaw.cli.judging import DIR, command_line, now, opened_case
from whosaw.errors import NotFoundError
from whosaw.identifiers.pseudonyms import label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from whosaw.judge import Work
    from whosaw.judge.inquiry import Explained
    from whosaw.model import Incident, Result


REVEAL = click.option(
    "--reveal", default="", metavar="REASON", help="also open the vault and show who it was; recorded with your name and reason"
)


@contextmanager
def answered(folder: Path, *, until: datetime | None = None) -> Iterator[tuple[Work, Result]]:
    """Judge what a ledger holds once more, without reading anything, and give the engine and the answer."""
    from whosaw.judge import judged, opened

    with opened(opened_case(folder)) as work:
        yield work, judged(work, made=now(), command=command_line(), until=until)


@click.command(help="show why a disclosure (D-..., file:line), an incident (INC-...) or a detector says what it says")
@click.argument("name", metavar="ID")
@REVEAL
@DIR
def explain(*, name: str, reveal: str, folder: Path) -> int:
    """Show why a disclosure (D-..., file:line), an incident (INC-...) or a detector says what it says."""
    from whosaw.detectors import DETECTORS
    from whosaw.judge import inquiry

    detector = next((d for d in DETECTORS if d.name == name), None)
    with answered(folder) as (work, result):
        if detector is not None:
            _explain_detector(detector.name, detector.claim, dict(detector.settings), result)
            return 0
        if name.startswith("INC-"):
            incident = inquiry.scoped(result, name)
            click.echo("\n".join(_scope_lines(incident)))
            click.echo("\nfirst row of it:\n")
            name = incident.evidence[0]
        key = inquiry.find(work, name)
        explained = inquiry.explain(work, key)
        _record(work, explained.customer, "explain", reveal)
        click.echo("\n".join(_explain_lines(explained)))
        if reveal:
            click.echo("\n".join(f"{what:<12}{name}" for what, name in inquiry.revealed(work, key)))
    return 0


@click.command(help="show since when, until when and how many: at least by rows, at most by what cannot be excluded")
@click.argument("name", metavar="INCIDENT")
@click.option(
    "--as-of",
    "as_of",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
    help="count only what was shown until then (UTC)",
)
@DIR
def scope(*, name: str, as_of: datetime | None, folder: Path) -> int:
    """Show since when, until when and how many: at least by rows, at most by what cannot be excluded."""
    from whosaw.judge import inquiry

    with answered(folder) as (_, result):
        incident = inquiry.scoped(result, name)
    if as_of is not None:
        with answered(folder, until=as_of) as (_, result):
            incident = inquiry.same(result, incident)
    click.echo("\n".join(_scope_lines(incident)))
    return 0


@click.command(help="show who saw a customer's data: their account in clear, as c:..., or - to type it unseen by the shell's history")
@click.argument("customer")
@click.option("--reason", default="", help="why you look; it is recorded with your name")
@click.option("--all", "everything", is_flag=True, help="also the entitled ones")
@DIR
def saw(*, customer: str, reason: str, everything: bool, folder: Path) -> int:
    """Show who saw a customer's data: their account in clear, as c:..., or - to type it unseen by the shell's history."""
    from whosaw.judge import inquiry
    from whosaw.model import Verdict

    if customer == "-":
        customer = click.prompt("customer", hide_input=sys.stdin.isatty(), err=True).strip()
    with answered(folder) as (work, _):
        key = inquiry.customer_key(work, customer)
        sights = inquiry.saw(work, key)
        name = label("customer", key)
        work.ledger.note_lookup(at=now().isoformat(), by=asker(), command="saw", customer=key, reason=reason)
        if not sights:
            raise NotFoundError(
                "no disclosure of this customer is in the ledger", hint="give the account as the logs and registries write it"
            )
        bad = [s for s in sights if s.verdict is not Verdict.ENTITLED]
        click.echo(f"{name} was shown {len(sights):,} times; {len(bad):,} of them without a reason on file or not judgeable\n")
        for s in sights if everything else bad:
            click.echo(
                f"{s.seen_at:%Y-%m-%d %H:%M:%S} UTC  {s.verdict.value:<12}  "
                f"{s.channel}: {s.recipient_kind} {s.recipient}  {s.route}  [{', '.join(s.data)}]"
            )
            click.echo(f"{'':25}{s.reason}{'  ' + s.id if s.id else ''}")
        click.echo("\nthis look-up has been recorded" + (f": {reason}" if reason else "; give --reason next time"), err=True)
    return 0


@click.command(help="vouch for an entitlement that is missing on file (grade B); it is recorded, never changed and judged from now on")
@click.argument("name", metavar="REPAIR")
@click.option("--reason", required=True, help="why this entitlement exists; it is recorded with your name")
@DIR
def repair(*, name: str, reason: str, folder: Path) -> int:
    """Vouch for an entitlement that is missing on file (grade B); it is recorded, never changed and judged from now on."""
    from whosaw.judge import repairs

    with answered(folder) as (work, _):
        pairs = repairs.confirm(work.engine, work.ledger, name, reason=reason, by=asker(), at=now().isoformat())
    click.echo(f"recorded: {pairs:,} pairs of recipient and customer, vouched for by {asker()}; run `whosaw judge` again", err=True)
    return 0


def asker() -> str:
    """Return the name of who asks; the number, where a machine knows no name for it (a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _record(work: Work, customer: str, command: str, reason: str) -> None:
    from whosaw.judge import inquiry

    if customer.startswith("c:"):
        work.ledger.note_lookup(
            at=now().isoformat(),
            by=asker(),
            command=command,
            customer=inquiry.customer_key(work, customer),
            reason=reason or "review of a finding",
        )


def _explain_lines(e: Explained) -> list[str]:
    lines = [f"{e.id}  {e.seen_at:%Y-%m-%d %H:%M:%S} UTC  {e.verdict.value.replace('_', ' ')}: {e.why}", ""]
    lines += [f"  {'line':<12}{e.place}", *[f"  {name:<12}{value}" for name, value in e.facts]]
    lines += [f"  {'customer':<12}{e.customer}, {e.customer_by}", "", "entitlements tried"]
    lines += [f"  {'yes' if t.holds else 'no ':<4}{t.sentence}  ({t.where})" for t in e.tried] or ["  none is configured"]
    if e.detector:
        lines += ["", f"shape       {e.detector}, part of {e.incident or 'no incident'}"]
    elif e.incident:
        lines += ["", f"shape       looks like a missing entitlement, see {e.incident}"]
    lines += [f"pattern     {e.pattern}"] if e.pattern else []
    return [*lines, f"source      fingerprint {e.digest[:16]}..."]


def _scope_lines(i: Incident) -> list[str]:
    certain = f"{i.since:%Y-%m-%d %H:%M:%S} UTC certain"
    if i.since_earliest is None:
        certain += " (older is possible)"
    elif i.since_earliest < i.since:
        certain += f" (possible from {i.since_earliest:%Y-%m-%d %H:%M:%S} UTC)"
    kinds = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in i.recipients.kinds.items())
    lines = [
        f"{i.id}  {i.detector} in {i.channel}",
        f"  since      {certain}",
        f"  until      {i.until:%Y-%m-%d %H:%M:%S} UTC",
        f"  customers  at least {i.customers.at_least:,}, at most {i.customers.at_most:,}; {i.test_accounts:,} registered test accounts",
        f"  recipients {i.recipients.count:,} ({kinds})",
        f"  shown      {i.disclosures:,} times: {', '.join(i.data) or 'data classes not known'}",
        f"  cause      {i.cause.kind} {i.cause.value}",
    ]
    return lines + [f"  because    {sentence}" for sentence in i.why]


def _explain_detector(name: str, claim: str, settings: dict[str, int], result: Result) -> None:
    found = [i.id for i in result.incidents if i.detector == name]
    click.echo(f"{name}: {claim}")
    click.echo(f"settings: {', '.join(f'{k} = {v}' for k, v in settings.items()) or 'none'}")
    click.echo(f"found here: {', '.join(found) or 'nothing'}; its page is docs/detectors/{name}.md")
