"""`probe run`: ask the system of a target file, say what was proved, and write it where the ledger reads it."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.judging import DIR, QUIET, write_whole
from whosaw.cli.recording import recorded
from whosaw.cli.watching import now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whosaw.config.probing import Target
    from whosaw.edge.record import Decision
    from whosaw.identifiers import Pseudonymiser
    from whosaw.probes.asking.conduct import Conducted
    from whosaw.probes.asking.findings import Outcome
    from whosaw.probes.asking.proofs import Shown
    from whosaw.probes.asking.run import Probe, Run

RECORD = "probe"
"""The folder of what was proved, in that of --dir."""


@click.command(help="ask the system of a target file: is anybody shown what is another's?")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", "outs", multiple=True, metavar="FORMAT=PATH", help="also write json, junit or sarif; `-` is standard output")
@click.option("--only", multiple=True, metavar="PROBE", help="only this probe; repeatable  [default: all]")
@click.option("--no-writes", is_flag=True, help="leave the [[write]] tables of the target file out")
@click.option("--plan", is_flag=True, help="say what would be asked, and ask nothing")
@click.option("--key", type=click.Path(path_type=Path), default=None, help="key file of the ledger  [default: secret.key in --dir]")
@click.option(
    "--write-secrets", "secrets", type=click.Path(path_type=Path), default=None, help="a file for the variables of the curl lines"
)
@DIR
@QUIET
def run(  # noqa: PLR0913 - one argument per option
    *,
    target: Path,
    outs: Sequence[str],
    only: Sequence[str],
    no_writes: bool,
    plan: bool,
    key: Path | None,
    secrets: Path | None,
    folder: Path,
    quiet: bool,
) -> int:
    """Ask the system of a target file: is anybody shown what is another's?"""
    from whosaw.config import probing
    from whosaw.probes.asking.conduct import conduct

    targets, probes = _outs(outs), _chosen(only)
    settings = probing.load(target, os.environ)
    if plan:
        return _plan(settings, target.resolve().parent)
    state = _run(settings, target, writes=not no_writes)
    done = conduct(state, probes, lambda name: None if quiet else click.echo(f"asking: {name}", err=True))
    lost = _record(done, folder, key or folder / "secret.key")
    if secrets is not None:
        _write_secrets(done, settings, secrets)
    _show(done.outcome, targets, probes)
    return recorded(lost, folder / RECORD, done.outcome.exit_code)


def _outs(outs: Sequence[str]) -> list[tuple[str, Path]]:
    from whosaw.report.probe_files import FORMATS

    pairs = [out.partition("=") for out in outs]
    wrong = next(("".join(pair) for pair in pairs if pair[0] not in FORMATS or not pair[2]), None)
    if wrong is not None:
        raise click.UsageError(f"--out wants FORMAT=PATH with a format of {', '.join(FORMATS)}, got `{wrong}`")
    return [(name, Path(path)) for name, _, path in pairs]


def _chosen(only: Sequence[str]) -> tuple[Probe, ...]:
    from whosaw.probes import PROBES

    unknown = next((name for name in only if name not in {probe.name for probe in PROBES}), None)
    if unknown is not None:
        raise click.UsageError(f"--only wants one of {', '.join(probe.name for probe in PROBES)}, got `{unknown}`")
    return tuple(probe for probe in PROBES if not only or probe.name in only)


def _run(settings: Target, target: Path, *, writes: bool) -> Run:
    from whosaw.config.tables import seconds
    from whosaw.probes.asking.gate import Gate
    from whosaw.probes.asking.http import Http
    from whosaw.probes.asking.journal import Journal
    from whosaw.probes.asking.run import Run

    folder = target.resolve().parent
    budget = settings.budget
    ca = str(folder / settings.ca) if settings.ca else ""
    http = Http(timeout=seconds(budget.timeout, "budget.timeout"), most=budget.answer_bytes, monotonic=time.monotonic, ca=ca)
    hosts = [settings.url, *(host if "://" in host else f"{settings.url.partition('://')[0]}://{host}" for host in settings.hosts)]
    gate = Gate(http, budget, hosts, clock=now, pause=time.sleep)
    return Run(settings, gate, folder, os.environ, Journal(target.with_suffix(".journal")), writes=writes)


def _plan(settings: Target, folder: Path) -> int:
    from whosaw.probes.asking.conduct import gathered

    operations, notes = gathered(settings, folder)
    for op in operations:
        click.echo(f"{op.name}  ({op.source})")
    for note in notes:
        click.echo(note, err=True)
    return 0


def _record(done: Conducted, folder: Path, key: Path) -> int:
    """Write what was proved as disclosures, under the ledger's pseudonyms, where a source with `format = "edge"` reads them.

    Returns how many could not be written.
    """
    if not done.shown:
        return 0
    from whosaw.edge.record import append
    from whosaw.identifiers import Pseudonymiser
    from whosaw.identifiers.vault import secret

    pseudonyms = Pseudonymiser(secret(key))
    return append(folder / RECORD, [_decision(shown, pseudonyms) for shown in done.shown])


def _decision(shown: Shown, pseudonyms: Pseudonymiser) -> Decision:
    from whosaw.edge.record import Decision, under

    return Decision(
        seen_at=shown.seen_at,
        service="probe",
        outcome="shown",
        recipient=under(pseudonyms, "recipient", shown.recipient),
        customer=under(pseudonyms, "customer", shown.customer),
        route=shown.route,
        method=shown.method,
        status=shown.status,
        place=shown.place,
        why=shown.kind,
    )


def _write_secrets(done: Conducted, settings: Target, path: Path) -> None:
    """Write the variables that the curl lines name, for the owner of the file alone: sessions and ids of test accounts, in clear."""
    from whosaw.probes.asking.evidence import Veil

    held: Mapping[str, str] = {**Veil(settings).variables(), **done.variables}
    path.touch(0o600)
    path.chmod(0o600)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in held.items()))


def _show(outcome: Outcome, targets: Sequence[tuple[str, Path]], probes: Sequence[Probe]) -> None:
    from whosaw.report import probed
    from whosaw.report.probe_files import FORMATS

    taken = False
    kinds: dict[str, tuple[str, ...]] = {probe.name: probe.kinds for probe in probes}
    for name, path in targets:
        data = FORMATS[name](outcome, kinds)
        if str(path) == "-":
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            taken = True
        else:
            write_whole(path, data)
            click.echo(f"wrote {path}", err=True)
    if not taken:
        from rich.console import Console

        probed.render(outcome, Console(soft_wrap=False, highlight=False, width=None if sys.stdout.isatty() else 100))
