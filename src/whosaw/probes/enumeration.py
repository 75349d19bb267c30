"""How many records may one login ask for in a row before anything stops it? Own ids only, over and over."""

from __future__ import annotations

from functools import partial
from itertools import cycle, islice
from typing import TYPE_CHECKING

from whosaw.probes.asking.operations import asked, values_for
from whosaw.probes.asking.run import Probe

if TYPE_CHECKING:
    from whosaw.config.probing import Identity
    from whosaw.probes.asking.operations import Operation
    from whosaw.probes.asking.run import Run

_STOPPED = {401, 403, 423, 429}


def _ask(run: Run) -> None:
    if run.target.checks.enumeration:
        for op in run.askable():
            owner = run.owner(op) if op.ids else None
            if owner is not None:
                run.trial((owner,), partial(_walk, run, op, owner))
                return


def _walk(run: Run, op: Operation, owner: Identity) -> None:
    """Ask for the owner's records until something stops it, or often enough."""
    values, most = values_for(op, owner, run.target) or {}, run.target.checks.enumeration
    kind = next((kind for kind in op.ids if owner.own(kind)), "")
    start = run.gate.now()
    for number, value in enumerate(islice(cycle(owner.own(kind)), most), 1):
        answer = run.ask(run.sessions[owner.name], asked(op, run.target.url, {**values, kind: value}), patient=False).answer
        if answer.status in _STOPPED:
            run.notes.append(f"{op.name} was stopped with {answer.status} at request {number} of {most}")
            return
    spent = (run.gate.now() - start).total_seconds()
    run.proofs.weak("no-limit", op, f"{most} records in {spent:.0f} s, and nothing stopped it")


ENUMERATION = Probe("enumeration", "something stops who asks for record after record", (), _ask)
