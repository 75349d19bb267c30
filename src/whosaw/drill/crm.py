"""Whom do the operator's own people look up in the care system, and what does its audit trail write about it?

Every benign look-up has its reason in a registry: a contact, a ticket, a duty, a portfolio, a lawful request or a test account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.carrier import Carrier
from whosaw.drill.clockwork import CALLS, DAY, HOUR, MINUTE, OFFICE, START, iso, weekend
from whosaw.drill.dice import dice
from whosaw.drill.logbook import Logbook
from whosaw.drill.registries import DeskBooks
from whosaw.drill.truth import Case

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from whosaw.drill.logbook import Entry
    from whosaw.drill.staff import Agent
    from whosaw.drill.truth import Seen

_CONTACTS_PER_CUSTOMER, _DUTIES_PER_CUSTOMER = 0.07, 0.012
_MEDIAN_CALL = 312
_OPENS_TICKET, _SAME_AGENT = 0.12, 0.4
_WRAP_UP = 8 * MINUTE
_SKEW = 50
"""The care system's clock and the telephone system's are at most that many seconds apart; it depends on the agent's desk."""

_MISTYPED, _MISTYPED_AT_MOST = 0.01, 0.0002
_SCREENS = {"summary": "view", "bill": "view", "calls": '"view, itemised"', "sim": "view"}
_JOBS = ("dunning letters", '"address check, returned post"', "bill correction")


class LookUp(NamedTuple):
    """One line of the audit trail before it is written."""

    t: int
    agent: str
    screen: str
    account: str
    ticket: str = ""
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class DeskFaults:
    """What the staff does wrong: planted look-ups, the pairs that must have no reason, and where mistyped numbers are noted."""

    planted: Sequence[LookUp]
    apart: Collection[tuple[str, str]]
    mistyped: Case | None


def write_crm(out: Path, carrier: Carrier, seed: int, faults: DeskFaults) -> None:
    """Write the audit trail, and the registries that hold the reasons."""
    days: defaultdict[int, list[LookUp]] = defaultdict(list)
    for look_up in faults.planted:
        days[look_up.t // DAY].append(look_up)
    with DeskBooks(out / "registry") as books, Logbook(out, "logs/crm/audit.csv", heading="time,agent,action,screen,account,ticket") as log:
        desk = Desk(carrier, books, faults, days, Callers.of(carrier, dice(seed, "callers")))
        for midnight in carrier.window.midnights():
            desk.work(midnight, dice(seed, f"crm/{midnight}"))
            log.write([_entry(look_up) for look_up in days.pop(midnight // DAY, [])])


@dataclass(frozen=True, slots=True)
class Callers:
    """The accounts that call, and how often: most hardly ever do, a few do all the time."""

    accounts: Sequence[str]
    weights: Sequence[float]

    @classmethod
    def of(cls, carrier: Carrier, chance: Random) -> Callers:
        """Return every open account but the bystanders."""
        bystanders = set(carrier.bystanders())
        accounts = [account for account in carrier.open_accounts() if account not in bystanders]
        return cls(accounts, list(accumulate(0.02 + chance.random() ** 4 for _ in accounts)))

    def draw(self, chance: Random, count: int) -> list[str]:
        """Return who calls next, so many times."""
        return chance.choices(self.accounts, cum_weights=self.weights, k=count)


@dataclass(slots=True)
class Desk:
    """The staff at work, day by day."""

    carrier: Carrier
    books: DeskBooks
    faults: DeskFaults
    days: defaultdict[int, list[LookUp]]
    callers: Callers
    today: int = 0
    tickets: int = 100_000
    looked_up: int = 0
    mistakes: int = 0

    def work(self, midnight: int, chance: Random) -> None:
        """Do one day's work; follow-ups land on the days they are due."""
        self.today = midnight // DAY
        self._contacts(midnight, chance)
        if midnight == START or (midnight - START) // DAY % 9 == 4:
            self._lawful_request(midnight, chance)
        if not weekend(midnight):
            self._duties(midnight, chance)
            self._portfolios(midnight, chance)
            self._tests(midnight, chance)

    def _contacts(self, midnight: int, chance: Random) -> None:
        count = max(6, int(len(self.callers.accounts) * _CONTACTS_PER_CUSTOMER))
        shifts = self._shifts(midnight)
        for t, account in zip(CALLS.times(chance, midnight, count), self.callers.draw(chance, count), strict=True):
            crew = shifts[(t - midnight) // HOUR]
            agent = crew[int(chance.random() * len(crew))]
            if (agent.name, account) not in self.faults.apart:
                self._contact(agent, account, t, chance)

    def _shifts(self, midnight: int) -> list[list[Agent]]:
        """Return who is at work in each hour: two days in seven are free, and someone is always there."""
        phone = self.carrier.staff.phone
        today = [agent for turn, agent in enumerate(phone) if (midnight // DAY + turn) % 7 > 1]
        return [[agent for agent in today if agent.works(hour)] or list(phone) for hour in range(24)]

    def _contact(self, agent: Agent, account: str, t: int, chance: Random) -> None:
        end = t + max(20, int(_MEDIAN_CALL * chance.lognormvariate(0, 0.55)))
        self.books.enter("contacts", agent.name, account, (t, end))
        at = t + 3 + int(chance.random() * 12) + _skew(agent)
        self._add(LookUp(at, agent.name, "search", ""))
        if self.faults.mistyped is not None and chance.random() < _MISTYPED:
            self._mistype(self.faults.mistyped, agent, at + 4, chance)
        self._add(LookUp(at + 9, agent.name, "summary", account))
        for screen, share in (("bill", 0.30), ("calls", 0.12), ("sim", 0.03)):
            if chance.random() < share:
                later = t + 20 + int(chance.random() * (end - t + _WRAP_UP)) + _skew(agent)
                self._add(LookUp(later, agent.name, screen, account))
        if chance.random() < _OPENS_TICKET:
            self._ticket(agent, account, end, chance)

    def _mistype(self, case: Case, agent: Agent, at: int, chance: Random) -> None:
        if self.mistakes + 1 > self.looked_up * _MISTYPED_AT_MOST:
            return
        self.mistakes += 1
        wrong = chance.choice(self.carrier.bystanders())
        self._add(LookUp(at, agent.name, "summary", wrong, "", case.seen(wrong, agent.name, agent.name)))

    def _ticket(self, agent: Agent, account: str, opened: int, chance: Random) -> None:
        if chance.random() > _SAME_AGENT:
            agent = chance.choice(self.carrier.staff.phone)
        if (agent.name, account) in self.faults.apart:
            return
        self.tickets += 1
        ticket = f"T{self.tickets}"
        closed = opened + int((2 + 60 * chance.random()) * HOUR)
        self.books.enter("tickets", agent.name, account, (opened, closed if closed < self.carrier.window.end else None), ticket)
        for _ in range(1 + int(chance.random() * 3)):
            at = opened + 2 * MINUTE + int(chance.random() * (closed - opened - 4 * MINUTE)) + _skew(agent)
            if 7 * HOUR <= at % DAY < 21 * HOUR:
                self._add(LookUp(at, agent.name, chance.choice(("summary", "summary", "bill", "calls")), account, ticket))

    def _duties(self, midnight: int, chance: Random) -> None:
        for _ in range(max(2, int(len(self.callers.accounts) * _DUTIES_PER_CUSTOMER))):
            agent, account = chance.choice(self.carrier.staff.office), chance.choice(self.callers.accounts)
            since = midnight + 8 * HOUR + int(chance.random() * 4 * HOUR)
            until = since + (2 + int(chance.random() * 5)) * HOUR
            self.books.enter("duties", agent.name, account, (since, until), chance.choice(_JOBS))
            at = since + 2 * MINUTE + int(chance.random() * HOUR) + _skew(agent)
            self._add(LookUp(at, agent.name, "summary", account))
            self._add(LookUp(at + 30 + int(chance.random() * 300), agent.name, "bill", account))

    def _portfolios(self, midnight: int, chance: Random) -> None:
        for manager, company in self.carrier.staff.portfolios:
            if chance.random() < 0.25:
                for t in OFFICE.times(chance, midnight, 1 + int(chance.random() * 5)):
                    self._add(LookUp(t, manager.name, chance.choice(("summary", "bill")), chance.choice(company.lines).account))

    def _tests(self, midnight: int, chance: Random) -> None:
        for t in OFFICE.times(chance, midnight, 4):
            tester, line = chance.choice(self.carrier.staff.testers), chance.choice(self.carrier.staff.tests)
            self._add(LookUp(t, tester.name, chance.choice(tuple(_SCREENS)), line.account))

    def _lawful_request(self, midnight: int, chance: Random) -> None:
        agent, account = chance.choice(self.carrier.staff.lawful), chance.choice(self.callers.accounts)
        since = midnight + 9 * HOUR
        self.books.enter("lawful_requests", agent.name, account, (since, since + 7 * DAY), f"LR-2012-{(midnight - START) // DAY + 1:03}")
        for turn in range(3):
            at = since + turn * DAY + HOUR + int(chance.random() * 6 * HOUR)
            self._add(LookUp(at, agent.name, ("summary", "calls", "calls")[turn], account))

    def _add(self, look_up: LookUp) -> None:
        self.looked_up += bool(look_up.account)
        # A slow clock may put the first look-up of a day before midnight; that day's log is closed already.
        self.days[max(look_up.t // DAY, self.today)].append(look_up)


def _skew(agent: Agent) -> int:
    """Return by how many seconds the clock of the agent's desk is off, always the same."""
    return int(agent.name[-4:]) % (2 * _SKEW + 1) - _SKEW


def _entry(look_up: LookUp) -> Entry:
    action = _SCREENS.get(look_up.screen, "search")
    text = f"{iso(look_up.t)},{look_up.agent},{action},{look_up.screen},{look_up.account},{look_up.ticket}"
    return look_up.t * 1_000, text, look_up.seen
