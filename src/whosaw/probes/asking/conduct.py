"""How is a run of probes done from beginning to end? Operations, accounts, each probe, and the answer.

1. The operations are read from every source that is named.
2. What an earlier run wrote and could not put back is put back.
3. Every identity logs in and shows that it is itself; who does not takes no part.
4. Each probe asks; the run ends early when the gate says so.
5. What was proved, what could not be, and what was not asked is handed back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from whosaw.errors import InputError
from whosaw.probes.asking import openapi, traffic
from whosaw.probes.asking.account import restored
from whosaw.probes.asking.findings import Check, Outcome
from whosaw.probes.asking.gate import Over
from whosaw.probes.asking.operations import Operation, declared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from whosaw.config.probing import Target
    from whosaw.probes.asking.findings import State
    from whosaw.probes.asking.proofs import Shown
    from whosaw.probes.asking.run import Probe, Run

_NOTES = 12


class Conducted(NamedTuple):
    """The answer, the disclosures for the ledger, and the secrets that its `curl` lines name."""

    outcome: Outcome
    shown: list[Shown]
    variables: dict[str, str]


def conduct(run: Run, probes: Sequence[Probe], tell: Callable[[str], None]) -> Conducted:
    """Return what the probes found on a target. Raises `InputError` when no operations can be read."""
    made = run.gate.now()
    doubts = _operations(run)
    checks: list[Check] = []
    try:
        _enter(run, doubts)
        if len(run.identities) > 1:
            checks = _checks(run, probes, tell)
    except Over:
        pass
    finally:
        run.gate.close()
    left = [Check(probe=p.name, claim=p.claim, state="not asked", checks=0, requests=0) for p in probes[len(checks) :]]
    return Conducted(_outcome(run, probes, made, [*checks, *left], doubts), run.proofs.shown, run.proofs.variables)


def _operations(run: Run) -> list[str]:
    """Put the operations of all sources into the run, each once; return what was left out."""
    found, notes = gathered(run.target, run.folder)
    run.operations.extend(found)
    return notes


def gathered(target: Target, folder: Path) -> tuple[list[Operation], list[str]]:
    """Return the operations of a target, each once, and what was left out and why."""
    found: dict[str, Operation] = {}
    notes: list[str] = []
    for table in target.operation:
        one = declared(table)
        if one.method in {"GET", "HEAD"} or table.reads:
            found.setdefault(one.name, one)
        else:
            notes.append(f"{one.name} is not asked: a method that writes needs `reads = true`, or a [[write]]")
    sources = [(openapi.operations, target.openapi), (traffic.operations, target.har), (traffic.operations, target.log)]
    for read, names in sources:
        for name in names:
            listed, left_out = read(folder / name, target)
            notes += left_out
            for op in listed:
                if not _among(op, found.values()):
                    found[op.name] = op
    if not found:
        raise InputError("no operation is known", hint="name an `openapi`, a `har` or a `log`, or write [[operation]] tables")
    return list(found.values()), notes


def _among(op: Operation, found: Iterable[Operation]) -> bool:
    return any((op.method, op.path) == (other.method, other.path) and set(op.query) <= set(other.query) for other in found)


def _enter(run: Run, doubts: list[str]) -> None:
    absent = [identity.name for identity in run.target.identity if not run.control(identity)]
    doubts += [f"{run.out[name]}; nothing was asked as `{name}`" for name in absent]
    writes = {write.path: write for write in run.target.write}
    for entry in run.journal.open:
        account = next((i for i in run.identities if i.name == entry.identity), None)
        write = writes.get(entry.write)
        if account is not None and write is not None and restored(run, write, account, entry.before):
            run.journal.settle(entry.number)
            doubts.append(f"an earlier run was cut short: the account of `{entry.identity}` was put back as it was")
        else:
            doubts.append(f"an earlier run was cut short, and the account of `{entry.identity}` could not be put back: see the journal")
            run.unsettled = True


def _checks(run: Run, probes: Sequence[Probe], tell: Callable[[str], None]) -> list[Check]:
    done: list[Check] = []
    for probe in probes:
        tell(probe.name)
        run.begin(probe.name)
        before = run.gate.sent
        try:
            probe.ask(run)
        except Over as over:
            run.notes.append(f"cut short: {over}")
        state: State = "void" if run.voided else "clean" if run.checks else "not asked"
        done.append(
            Check(
                probe=probe.name,
                claim=probe.claim,
                state=state,
                checks=run.checks,
                requests=run.gate.sent - before,
                notes=list(dict.fromkeys(run.notes))[:_NOTES],
            )
        )
        if run.gate.over:
            break
    return done


def _outcome(run: Run, probes: Sequence[Probe], made: datetime, checks: list[Check], doubts: list[str]) -> Outcome:
    told = list(doubts)
    kinds = {probe.name: probe.kinds for probe in probes}
    checks = [msgspec.structs.replace(c, state="found") if run.proofs.proved(c.probe, kinds[c.probe]) else c for c in checks]
    if run.gate.over:
        told.insert(0, f"the run ended early: {run.gate.over}")
    elif len(run.identities) < 2:
        told.insert(0, "fewer than two identities are logged in: nothing can be proved")
    elif run.unprovable():
        told.insert(0, "no page showed its owner's marker or canary to the owner: nothing can be proved")
    if run.cut:
        told.append(f"{run.cut} answers were longer than `budget.answer_bytes`, and read to there")
    void = len(run.identities) < 2 or run.unprovable() or run.unsettled or any(check.state == "void" for check in checks)
    return Outcome(
        target=run.target.name,
        made=made,
        until=run.gate.now(),
        identities=[identity.name for identity in run.identities],
        operations=len(run.operations),
        provable=run.provable(),
        requests=run.gate.sent,
        findings=run.proofs.findings(),
        weaknesses=run.proofs.weaknesses,
        checks=checks,
        doubts=told,
        void=void,
        partial=bool(run.gate.over) or bool(run.out),
    )
