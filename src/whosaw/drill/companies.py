"""Which companies are customers, who may see their bills, and which bills are there?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.clockwork import DAY, START
from whosaw.drill.dice import dice
from whosaw.drill.people import DEVICES, Line, Supply, address, long_ago

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_NAMES = ("acme", "borough", "cobalt", "dunes", "elmfield", "fenwick", "granite", "harbour", "ironside", "juniper", "kestrel", "lantern")
_LARGEST = 400
_MANDATES = 40
_ISSUED = tuple(START - days * DAY for days in (66, 36, 5))
"""Bills were issued on the first of November, December and January."""


class Company(NamedTuple):
    """A company with its lines; each line is an account of its own."""

    id: str
    domain: str
    lines: tuple[Line, ...]


class CompanyUser(NamedTuple):
    """Someone who acts for one company, or an accountant who acts for many."""

    name: str
    companies: tuple[Company, ...]
    client: str
    device: str


class Mandate(NamedTuple):
    """From when to when a login acts for a company."""

    login: str
    company: str
    since: int
    until: int | None = None


class Bill(NamedTuple):
    """A monthly bill of one account."""

    id: str
    account: str
    since: int


@dataclass(frozen=True, slots=True)
class Business:
    """All companies, their users with every mandate past and present, and the bills in the order of their numbers."""

    companies: tuple[Company, ...]
    users: tuple[CompanyUser, ...]
    mandates: tuple[Mandate, ...]
    bills: tuple[Bill, ...]

    def bills_of(self) -> dict[str, list[str]]:
        """Return the bill numbers of each account."""
        found: dict[str, list[str]] = {}
        for bill in self.bills:
            found.setdefault(bill.account, []).append(bill.id)
        return found


def make_business(seed: int, *, accounts: int, supply: Supply) -> Business:
    """Return companies with so many accounts in all; one of them is large: half of all lines, but not more than 400."""
    chance = dice(seed, "companies")
    sizes = [min(_LARGEST, accounts // 2)]
    while (left := accounts - sum(sizes)) > 0:
        # Most companies are small, and even a small operator has several: at least five lines, and no rest smaller than that.
        size = min(5 + int(36 * chance.random() ** 3), max(5, accounts // 12), left)
        sizes.append(left if left - size < 5 else size)
    companies = [_company(chance, number, size, supply) for number, size in enumerate(sizes, 1)]
    users, mandates = _users(chance, companies)
    lines = [line for company in companies for line in company.lines]
    return Business(tuple(companies), tuple(users), tuple(mandates), tuple(_bills(chance, lines)))


def _company(chance: Random, number: int, size: int, supply: Supply) -> Company:
    since = long_ago(chance)
    lines = tuple(supply.line(next(supply.accounts), since) for _ in range(size))
    return Company(f"C{number:04}", f"{_NAMES[number % len(_NAMES)]}-{number}.example", lines)


def _users(chance: Random, companies: Sequence[Company]) -> tuple[list[CompanyUser], list[Mandate]]:
    users, mandates, serial = [], [], 100
    for company in companies:
        staff = [f"cu{serial + turn:05}@{company.domain}" for turn in range(3 + int(chance.random() * 2))]
        serial += len(staff)
        users += [_user(chance, name, (company,)) for name in staff[1:]]
        mandates += [Mandate(name, company.id, long_ago(chance)) for name in staff[1:]]
        # The first of each staff left the company before the window: the row stays, and ends.
        left = START - int(5 + chance.random() * 50) * DAY
        mandates.append(Mandate(staff[0], company.id, left - 400 * DAY, left))
    for turn in range(2 + len(companies) // 20):
        clients = tuple(chance.sample(companies[1:], min(chance.randint(3, _MANDATES) if turn else _MANDATES, len(companies) - 1)))
        accountant = _user(chance, f"cu{serial + turn:05}@ledger-lane.example", clients)
        users.append(accountant)
        mandates += [Mandate(accountant.name, client.id, long_ago(chance)) for client in clients]
    return users, mandates


def _user(chance: Random, name: str, companies: tuple[Company, ...]) -> CompanyUser:
    return CompanyUser(name, companies, address(chance), chance.choice(DEVICES))


def _bills(chance: Random, lines: Sequence[Line]) -> list[Bill]:
    bills: list[Bill] = []
    for issued in _ISSUED:
        batch = list(lines)
        # A billing run goes through all companies at once, so that neighbouring bills belong to strangers.
        chance.shuffle(batch)
        bills += [Bill(f"B{number:07}", line.account, issued) for number, line in enumerate(batch, 1_001 + len(bills))]
    return bills
