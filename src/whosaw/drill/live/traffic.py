"""Who keeps the operator busy? A few threads that play visits at an even pace, in an order of the seed's."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

from whosaw.drill.dice import dice
from whosaw.drill.live.visits import DECK, REGULARS, World

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from whosaw.drill.live.run import Operator
    from whosaw.drill.live.visits import Visit

PLAYERS = 4
"""So many visits go on at the same time."""


def world_of(operator: Operator, part: str) -> World:
    """Return the world of one player: the operator as it runs, and chance of its own."""
    chance = dice(operator.seed, part)
    phones = tuple(address for address in operator.phones() if address.startswith("127.0.1."))
    turns = count(chance.randrange(REGULARS))
    return World(operator.cast, operator.urls, operator.sites_port, operator.switch_key, phones, chance, turns)


def play(world: World, visits: Iterable[Visit]) -> int:
    """Play visits as fast as they go, and return how many requests they made."""
    return sum(1 for visit in visits for _ in visit(world))


class Traffic:
    """Background traffic of so many requests a second, none at all for 0, until closed."""

    def __init__(self, operator: Operator, rate: float) -> None:
        """Begin."""
        self.requests = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._players = [
            threading.Thread(target=self._plays, args=(world_of(operator, f"player {turn}"), PLAYERS / rate), daemon=True)
            for turn in range(PLAYERS if rate else 0)
        ]
        for player in self._players:
            player.start()

    def close(self) -> None:
        """End with the requests that are under way."""
        self._over.set()
        for player in self._players:
            player.join()

    def _plays(self, world: World, pace: float) -> None:
        due = time.monotonic() + pace * world.chance.random()
        with closing(_steps(world)) as steps:
            for _ in steps:
                with self._lock:
                    self.requests += 1
                due = max(due + pace, time.monotonic())
                if self._over.wait(due - time.monotonic()):
                    return


def _steps(world: World) -> Generator[object, None, None]:
    """Deal out the deck again and again."""
    while True:
        for visit in world.chance.sample(DECK, len(DECK)):
            yield from visit(world)
