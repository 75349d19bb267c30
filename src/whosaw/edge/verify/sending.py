"""How do the trips of a probe become one result? They are sent, and what the origins received of each request is judged."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from whosaw.edge.verify.judging import State, judge
from whosaw.edge.verify.probes import NEEDS
from whosaw.edge.verify.raw import Piece, talk
from whosaw.identifiers import mask_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whosaw.edge.verify.asking import Form, Probe, Trip
    from whosaw.edge.verify.judging import Judgement
    from whosaw.edge.verify.origins import Origins
    from whosaw.edge.verify.raw import Address
    from whosaw.edge.verify.scene import Scene

_WORST: tuple[State, ...] = ("broken", "inconclusive", "not expressible", "held")
_MOST_REASONS = 5
_MARKS = count()


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a probe: its state, why (masked), how many requests it took and how long."""

    probe: str
    claim: str
    state: State
    why: tuple[str, ...] = ()
    requests: int = 0
    milliseconds: int = 0


class Door(NamedTuple):
    """Where a proxy takes requests, the form in which clients write them to it, and how long to wait for an answer."""

    address: Address
    form: Form
    patience: float = 10.0

    def leading(self, to: str) -> Address:
        """Return the address to connect to; intercepted traffic goes to the server's own."""
        return (to or self.address[0], self.address[1])


def send(scene: Scene, door: Door, origins: Origins, probe: Probe) -> Result:
    """Send a probe and return its result; one that the policy gives no occasion for is not expressible."""
    has, without = NEEDS[probe.needs]
    if not has(scene):
        return Result(probe=probe.name, claim=probe.claim, state="not expressible", why=(without,))
    begun = time.monotonic()
    found = [each for trip in probe.trips(scene) for each in judged(scene, door, origins, trip)]
    return result(probe.name, probe.claim, found, begun)


def result(name: str, claim: str, found: Sequence[tuple[str, Judgement]], begun: float) -> Result:
    """Return the result of judged requests: as bad as the worst of them, with the reasons of those that are so."""
    states = {judgement.state for _, judgement in found}
    state: State = next((state for state in _WORST if state in states), "inconclusive")
    why = dict.fromkeys(f"{what}: {mask_runs(each.why)}" for what, each in found if each.state == state and each.why)
    spent = round(1000 * (time.monotonic() - begun))
    return Result(probe=name, claim=claim, state=state, why=tuple(why)[:_MOST_REASONS], requests=len(found), milliseconds=spent)


def judged(scene: Scene, door: Door, origins: Origins, trip: Trip) -> list[tuple[str, Judgement]]:
    """Send a trip, and once more where nothing can be concluded from the first time: a machine may be busy."""
    found = list(_sent(scene, door, origins, trip))
    if any(judgement.state == "inconclusive" for _, judgement in found):
        found = list(_sent(scene, door, origins, trip))
    return found


def _sent(scene: Scene, door: Door, origins: Origins, trip: Trip) -> Iterator[tuple[str, Judgement]]:
    marks = [_letters(next(_MARKS)) for _ in trip.asks]
    written = [ask.request.written(door.form, mark) for ask, mark in zip(trip.asks, marks, strict=True)]
    if trip.pipelined:
        pieces = [Piece(b"".join(written), len(written))]
    else:
        pieces = [Piece(data, tunnel=ask.request.method == "CONNECT") for ask, data in zip(trip.asks, written, strict=True)]
    heard = talk(door.leading(trip.asks[0].request.to), trip.customer.address, pieces, patience=door.patience)
    for turn, (ask, mark) in enumerate(zip(trip.asks, marks, strict=True)):
        yield trip.what, judge(scene, ask, trip.customer, heard.said(turn), origins.arrived(mark))


def _letters(number: int) -> str:
    """Return a number in letters, so that no mark can be taken for a customer's."""
    text = ""
    while number or not text:
        number, digit = divmod(number, 26)
        text = chr(97 + digit) + text
    return text
