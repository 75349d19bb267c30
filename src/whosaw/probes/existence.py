"""Does a refusal tell whether a record exists? Another's id and one that nobody has must be refused alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.probes.asking.operations import asked, values_for
from whosaw.probes.asking.run import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whosaw.probes.asking.operations import Operation
    from whosaw.probes.asking.proofs import Seen
    from whosaw.probes.asking.run import Run

_VOLATILE = re.compile(r"[0-9a-fA-F-]{8,}|[0-9]+")


def _ask(run: Run) -> None:
    absent = [op for op in run.askable(shared=False) if set(op.ids) & set(run.target.absent)]
    if not absent:
        run.notes.append("no `absent` id is named, and one that is guessed may be a real customer's")
    run.batches(absent, lambda op: _operation(run, op))


def _operation(run: Run, op: Operation) -> None:
    owner = run.owner(op)
    if owner is None:
        return
    values = values_for(op, owner, run.target) or {}
    for other in run.others(owner)[:1]:
        session = run.sessions[other.name]
        foreign = run.first(op, owner, session)
        if foreign is None or foreign.answer.status < 400 or not run.spend(op, owner.name, other.name, 2):
            continue
        nobodys = {kind: run.target.absent.get(kind, value) for kind, value in values.items()}
        request = asked(op, run.target.url, nobodys)
        _compare(run, op, foreign, [run.ask(session, request), run.ask(session, request)], [*values.values(), *nobodys.values()])


def _compare(run: Run, op: Operation, foreign: Seen, absent: list[Seen], ids: Iterable[str]) -> None:
    """Compare the answers; what differs between two answers for the same absent id says nothing."""
    known = list(ids)
    if any(seen.answer.status != foreign.answer.status for seen in absent):
        text = f"another's record answers {foreign.answer.status}, one that does not exist {absent[0].answer.status}"
        run.proofs.weak("existence-oracle", op, text)
    elif _plain(absent[0], known) == _plain(absent[1], known) != _plain(foreign, known):
        run.proofs.weak("existence-oracle", op, "another's record is refused in other words than one that does not exist")


def _plain(seen: Seen, ids: list[str]) -> str:
    text = seen.answer.text
    for value in ids:
        text = text.replace(value, "")
    return _VOLATILE.sub("", text)


EXISTENCE = Probe("existence", "a refusal does not tell whether a record exists", (), _ask)
