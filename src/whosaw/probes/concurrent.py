"""Is it still me when many ask at once? Several identities at the same moment, some hanging up, some sharing a connection.

Sessions get mixed up where a connection is shared: an answer that nobody waited for reaches the next who asks.
"""

from __future__ import annotations

import random
from itertools import cycle, islice
from typing import TYPE_CHECKING

from whosaw.probes.asking.marks import shows
from whosaw.probes.asking.run import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.probes.asking.proofs import Seen
    from whosaw.probes.asking.run import Run
    from whosaw.probes.asking.session import Session
    from whosaw.probes.asking.wire import Answer, Request

_ENOUGH = 3
_PAGE = 200
_PIPELINE_EVERY = 10


def _ask(run: Run) -> None:
    if len(run.identities) > 1 and run.target.checks.concurrent:
        run.trial(run.identities, lambda: _rounds(run))


def _rounds(run: Run) -> None:
    """Ask round after round until the wanted number of pages was held against the markers, or enough were wrong.

    An answer that is no page (a refusal, a limit) is no check; if there are more of them than pages, nothing is proved.
    """
    amounts = run.target.checks
    chance = random.Random(amounts.concurrent)  # noqa: S311 - which request is given up must be repeatable, not secret
    lanes = [run.sessions[identity.name].twin() for identity in islice(cycle(run.identities), max(2, amounts.lanes))]
    wrong: list[tuple[int, Seen]] = []
    pages = refused = number = 0
    while pages < amounts.concurrent and len(wrong) < _ENOUGH and refused <= pages + amounts.lanes:
        number += 1
        chance.shuffle(lanes)
        asked = [session.dressed(run.self_request()) for session in lanes]
        for session, request, answer in _round(run, lanes, asked, number=number, chance=chance):
            seen = run.judged(session, request, answer)
            own = session.identity is not None and shows(answer, request, session.identity)
            pages += own or answer.status == _PAGE
            refused += not own and answer.status != _PAGE
            if seen.sightings or (not own and answer.status == _PAGE):
                wrong.append((pages, seen))
    run.checks -= refused
    if refused > pages:
        run.voided = True
        run.notes.append(f"{refused} answers were no page, and {pages} were one")
    for place, seen in wrong:
        _hand_in(run, seen, f"many asking at once, page {place:,}")


def _hand_in(run: Run, seen: Seen, how: str) -> None:
    if seen.session.identity is not None and not run.stranger(seen, seen.session.identity, how):
        run.notes.append(f"a page of `{seen.session.name}` showed neither its own marker nor anybody else's")


def _round(
    run: Run, lanes: list[Session], asked: list[Request], *, number: int, chance: random.Random
) -> Iterator[tuple[Session, Request, Answer]]:
    if number % _PIPELINE_EVERY == 0:
        yield from zip(lanes[:2], asked[:2], run.gate.pipelined(asked[:2]), strict=True)
        return
    share = run.target.checks.aborts
    dropped = {i for i in range(1, len(lanes)) if chance.random() < share}
    for session, request, answer in zip(lanes, asked, run.gate.together(asked, dropped), strict=True):
        if answer is not None:
            yield session, request, answer


CONCURRENT = Probe("concurrent", "every page is one's own when many ask at once", ("account-mixup",), _ask)
