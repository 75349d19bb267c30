"""Can one login change another's record? Only where a `[[write]]` allows it, on own test accounts, with a fresh value that is put back."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from whosaw.probes.asking.account import NONCE, held, ids_of, operation, put, restored
from whosaw.probes.asking.run import Probe

if TYPE_CHECKING:
    from whosaw.config.probing import Identity, Write
    from whosaw.probes.asking.run import Run
    from whosaw.probes.asking.session import Session

_RESERVE = 20
"""Requests that must be left before an account is touched, so that it can be put back."""


def _ask(run: Run) -> None:
    for write in run.target.write if run.writes else ():
        run.trial(run.identities, partial(_write, run, write))


def _write(run: Run, write: Write) -> None:
    for owner in run.identities:
        before = held(run, write, owner) if ids_of(run, write, owner) is not None else None
        if before is None or not _works(run, write, owner, before):
            continue
        for other in run.others(owner):
            _attack(run, write, owner, before, run.sessions[other.name])
        _attack(run, write, owner, before, run.anonymous())


def _works(run: Run, write: Write, owner: Identity, before: dict[str, str]) -> bool:
    """Whether the owner's own write is seen in its page: otherwise nothing could be proved by another's."""
    nonce, ids = _nonce(), ids_of(run, write, owner)
    if ids is None or run.gate.left < _RESERVE:
        return False
    number = run.journal.begin(write.path, owner.name, before)
    put(run, write, run.sessions[owner.name], ids, {**before, NONCE: nonce})
    after = held(run, write, owner)
    works = after is not None and after[NONCE] == nonce
    _settle(run, write, owner, before, number)
    if not works:
        run.notes.append(f"{operation(write).name} has no effect for `{owner.name}` itself, so that nothing is proved by another's")
        run.voided = True
    return works


def _attack(run: Run, write: Write, owner: Identity, before: dict[str, str], session: Session) -> None:
    """Write to the owner's record as another, read both accounts, and put back what changed.

    An application may ignore the id and write to the account that is logged in: that one is put back too.
    """
    op, ids = operation(write), ids_of(run, write, owner)
    if ids is None or run.gate.left < _RESERVE or not run.spend(op, owner.name, session.name):
        return
    asker = session.identity
    own = held(run, write, asker) if asker is not None else None
    numbers = [(owner, before, run.journal.begin(write.path, owner.name, before))]
    if asker is not None and own is not None:
        numbers.append((asker, own, run.journal.begin(write.path, asker.name, own)))
    nonce = _nonce()
    seen = put(run, write, session, ids, {**(own or before), NONCE: nonce})
    run.sighted(seen, "foreign-record", op, how="the answer to a write to the owner's record")
    after = held(run, write, owner)
    if after is not None and nonce in after[NONCE]:
        run.changed(op, seen, owner, how="a fresh value written with the owner's ids, read back by the owner")
    for identity, held_before, number in numbers:
        _settle(run, write, identity, held_before, number)


def _settle(run: Run, write: Write, identity: Identity, before: dict[str, str], number: int) -> None:
    if restored(run, write, identity, before):
        run.journal.settle(number)
    else:
        run.voided = True
        run.notes.append(f"the account of `{identity.name}` could not be put back; the journal keeps its value for the next run")


def _nonce() -> str:
    return f"whosaw-{secrets.token_hex(8)}"


OVERWRITE = Probe("overwrite", "no login changes another's record", ("foreign-write",), _ask)
