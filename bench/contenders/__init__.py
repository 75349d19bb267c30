"""Who answers the same questions of the same ledger? One file per contender; each is told a folder and returns an `Answer`.

The questions: which disclosures no entitlement covers at their time (ownership; delegation, from login to company to numbers; tickets;
lawful requests; partner sites); which recipients were shown more than a number of distinct customers in an hour and in a day;
and the unentitled as incidents, by channel and wherever twelve hours pass without one.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PER_HOUR = 20
PER_DAY = 100
"""More distinct customers than this are over the budget of a recipient."""
GAP_HOURS = 12

NEEDED = ("id", "seen_at", "channel", "recipient", "site", "customer")
"""The columns of the ledger that the questions need."""

PAIRS = ("ownership", "tickets", "lawful")
"""Relations of recipient, customer, since and until."""


@dataclass
class Answer:
    """What a contender found, to be compared, and how long each part took it, to be shown."""

    unentitled: int = 0
    checksum: int = 0
    """Sum of the ids modulo a prime: the same number of other rows is another answer."""
    hours: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    """How many recipients and hours (or days) are over the budget, and their distinct customers in all."""
    incidents: list[list[Any]] = field(default_factory=list)
    """Channel, first and last (seconds since 1970), disclosures, customers, recipients."""
    parts: dict[str, list[float]] = field(default_factory=dict)

    def over(self, unit: str, row: Iterable[Any]) -> None:
        """Keep the count of an hour or day budget."""
        setattr(self, f"{unit}s", [int(value or 0) for value in row])

    def found(self, row: Iterable[Any]) -> None:
        """Keep how many are unentitled."""
        self.unentitled, self.checksum = (int(value or 0) for value in row)

    def grouped(self, rows: Iterable[Iterable[Any]]) -> None:
        """Keep the incidents, in their own order."""
        self.incidents = sorted([str(channel), *map(int, numbers)] for channel, *numbers in rows)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure a part: seconds on the wall and of work."""
        begin, worked = time.perf_counter(), time.process_time()
        yield
        before = self.parts.get(name, [0.0, 0.0])
        self.parts[name] = [before[0] + time.perf_counter() - begin, before[1] + time.process_time() - worked]


CHECKSUM = "count(*), sum(id % 1000003)"
