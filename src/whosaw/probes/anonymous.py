"""Is a visitor without a login shown a customer's data? Every operation is asked for without any credentials, also those from logs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.probes.asking.run import Probe

if TYPE_CHECKING:
    from whosaw.probes.asking.operations import Operation
    from whosaw.probes.asking.run import Run


def _ask(run: Run) -> None:
    run.batches(run.askable(), lambda op: _operation(run, op))


def _operation(run: Run, op: Operation) -> None:
    for owner in run.identities:
        if run.baseline(op, owner) is None or run.proofs.known(op, "cached-page"):
            continue
        seen = run.first(op, owner, run.anonymous())
        if seen is not None:
            run.sighted(seen, "anonymous-read", op, how="the owner's own request, without credentials")


ANONYMOUS = Probe("anonymous", "no customer's data are shown without a login", ("anonymous-read",), _ask)
