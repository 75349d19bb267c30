"""Is one login shown another's records? Every operation is asked for by everybody with everybody else's ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.probes.asking.operations import asked, values_for
from whosaw.probes.asking.run import Probe
from whosaw.probes.asking.variants import in_headers, variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.config.probing import Identity
    from whosaw.probes.asking.operations import Operation
    from whosaw.probes.asking.run import Run
    from whosaw.probes.asking.wire import Request


def _ask(run: Run) -> None:
    run.batches(run.askable(shared=False), lambda op: _operation(run, op))


def _operation(run: Run, op: Operation) -> None:
    for owner in run.identities:
        if run.baseline(op, owner) is None:
            continue
        for other in run.others(owner):
            if not run.proofs.known(op, "anonymous-read", "cached-page"):
                _pair(run, op, owner, other)


def _pair(run: Run, op: Operation, owner: Identity, other: Identity) -> None:
    """Ask with the owner's ids as the other; the plain way first, further ways only where that was refused."""
    session = run.sessions[other.name]
    if any(owner.own(kind) for kind in op.ids):
        plain = run.first(op, owner, session)
        if plain is not None and plain.sightings:
            run.sighted(plain, "foreign-record", op, how="the owner's own request, with other credentials")
            return
    for how, request in [*_former(run, op, owner, other), *_further(run, op, owner, other)]:
        if not run.spend(op, owner.name, other.name):
            return
        seen = run.ask(session, request)
        if seen.sightings:
            run.sighted(seen, "former-owner" if how == _FORMER else "foreign-record", op, how=how)
            return


_FORMER = "an id that was the asker's own before it was the owner's"


def _former(run: Run, op: Operation, owner: Identity, other: Identity) -> Iterator[tuple[str, Request]]:
    """Yield requests for what was the other's once and is the owner's now; an id that is nobody's of ours is never asked for."""
    values = values_for(op, owner, run.target) or {}
    for kind in op.ids:
        for value in set(other.once(kind)) & set(owner.own(kind)):
            yield _FORMER, asked(op, run.target.url, {**values, kind: value})


def _further(run: Run, op: Operation, owner: Identity, other: Identity) -> Iterator[tuple[str, Request]]:
    own, foreign = values_for(op, other, run.target), values_for(op, owner, run.target)
    if own is None or foreign is None:
        return
    yield from in_headers(op, run.target, own, owner)
    yield from variants(op, run.target, own, foreign)


NEIGHBOUR = Probe("neighbour", "no login is shown another's records", ("foreign-record", "former-owner", "unexplained-lookup"), _ask)
