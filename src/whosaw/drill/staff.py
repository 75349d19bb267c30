"""Who works for the operator, in which team and shift, and which accounts are there for tests and as traps?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.companies import Bill, Company
from whosaw.drill.dice import dice
from whosaw.drill.people import Line, Supply, long_ago

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHIFTS = (7, 7, 9, 9, 12, 12, 15, 22)
SHIFT_HOURS = 9


class Agent(NamedTuple):
    """An employee who opens customers' records, and the hour of UTC at which the working day begins."""

    name: str
    shift: int

    def works(self, hour: int) -> bool:
        """Say whether the hour lies in the agent's shift."""
        return (hour - self.shift) % 24 < SHIFT_HOURS


class Portfolio(NamedTuple):
    """A manager and a company in the manager's care."""

    manager: Agent
    company: Company


@dataclass(frozen=True, slots=True)
class Staff:
    """The teams, their portfolios, the accounts that testers may open, and the accounts that nobody may."""

    phone: tuple[Agent, ...]
    office: tuple[Agent, ...]
    testers: tuple[Agent, ...]
    lawful: tuple[Agent, ...]
    portfolios: tuple[Portfolio, ...]
    tests: tuple[Line, ...]
    canaries: tuple[Line, ...]

    def canary_bills(self) -> tuple[Bill, ...]:
        """Return one bill of each canary, far from all other numbers: no walk meets one by chance."""
        return tuple(Bill(f"B{number:07}", line.account, line.since) for number, line in enumerate(self.canaries, 9_000_001))


def make_staff(seed: int, *, customers: int, supply: Supply, companies: Sequence[Company]) -> Staff:
    """Return a staff large enough for so many customers."""
    chance = dice(seed, "staff")
    phone, office = max(14, customers // 100), max(3, customers // 600)
    names = [f"e-{number:04}" for number in chance.sample(range(100, 10_000), phone + office + 4 + len(companies) // 12 + 1)]
    agents = [Agent(name, _SHIFTS[turn % len(_SHIFTS)] if turn < phone else 8) for turn, name in enumerate(names)]
    managers = agents[phone + office + 4 :]
    return Staff(
        phone=tuple(agents[:phone]),
        office=tuple(agents[phone : phone + office]),
        testers=tuple(agents[phone + office : phone + office + 2]),
        lawful=tuple(agents[phone + office + 2 : phone + office + 4]),
        portfolios=tuple(Portfolio(managers[turn % len(managers)], company) for turn, company in enumerate(companies)),
        tests=tuple(supply.line(next(supply.accounts), long_ago(chance)) for _ in range(4 + customers // 1_000)),
        canaries=tuple(supply.line(next(supply.accounts), long_ago(chance)) for _ in range(3 + customers // 2_000)),
    )
