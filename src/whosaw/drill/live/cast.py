"""Who plays in the live operator? The make-believe operator's own people, and a few whose passwords are handed out for tests."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from whosaw.drill.carrier import Carrier, make_carrier
from whosaw.drill.clockwork import DAY, Window
from whosaw.drill.companies import Bill
from whosaw.drill.dice import dice
from whosaw.drill.people import Line, Supply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_FIRST = ("Alma", "Basil", "Clara", "Denis", "Edith", "Felix", "Grete", "Hugo", "Irma", "Jonas", "Klara", "Ludwig", "Mavis", "Nils", "Olga")
_LAST = ("Abbot", "Birch", "Cole", "Draper", "Ellis", "Fenn", "Grove", "Hale", "Irwin", "Jessop", "Kemp", "Lowe", "Marsh", "Nash", "Orme")
_STREETS = ("Mill Lane", "Quay Street", "Orchard Road", "Chapel Hill", "Station Road")
_TARIFFS = ("Talk 200", "Talk 600", "Data 5", "Family")

TICKETS = {"amy": "T-90001", "ben": "T-90002"}
"""The standing tickets of the two agents whose passwords are handed out: each for one customer."""


_MOVERS = 3


class Account(NamedTuple):
    """What the operator keeps of a customer."""

    account: str
    name: str
    email: str
    address: str
    note: str
    tariff: str


class Entry(NamedTuple):
    """An entry of somebody's phonebook backup."""

    account: str
    name: str
    number: str


class Call(NamedTuple):
    """A call on a bill: on which day of the month, at what time, to whom, for how long."""

    bill: str
    day: int
    time: str
    number: str
    seconds: int


class Invoice(NamedTuple):
    """A bill of one month (0 is the last one), and the reference that stands on it."""

    bill: str
    account: str
    month: int
    reference: str


class Member(NamedTuple):
    """A login of one of the applications."""

    login: str
    app: str
    password: str
    account: str = ""


class Ticket(NamedTuple):
    """A standing reason of an agent to open a customer."""

    reason: str
    agent: str
    account: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A test account: how to log in, what is its own, and the random words that stand in its own data and nowhere else."""

    name: str
    app: str
    login: str
    password: str
    tenant: str
    role: str
    account: str = ""
    number: str = ""
    former_number: str = ""
    company: str = ""
    reason: str = ""
    bills: tuple[str, ...] = ()
    marker: str = ""
    canaries: dict[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


@dataclass(slots=True)
class Cast:
    """Everybody, with everything that is theirs. What the carrier's own registries do not know stands in the `new_` lists."""

    carrier: Carrier
    now: int
    members: list[Member] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    phonebook: list[Entry] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    moves: list[tuple[str, str]] = field(default_factory=list)
    """Logins of ordinary customers, each with a number that was theirs once and is another's today."""

    new_lines: list[Line] = field(default_factory=list)
    new_companies: dict[str, list[str]] = field(default_factory=dict)
    new_mandates: list[tuple[str, str]] = field(default_factory=list)

    def lines(self) -> list[Line]:
        """Return every line there is or was."""
        return [*self.carrier.lines(), *self.new_lines]

    def companies(self) -> dict[str, list[str]]:
        """Return the accounts of each company."""
        return {c.id: [line.account for line in c.lines] for c in self.carrier.business.companies} | self.new_companies

    def mandates(self) -> list[tuple[str, str]]:
        """Return who acts for which company today."""
        return [(m.login, m.company) for m in self.carrier.business.mandates if m.until is None] + self.new_mandates

    def new_bills(self) -> list[Bill]:
        """Return the bills that the carrier's own registry does not list."""
        known = {bill.id for bill in self.carrier.business.bills}
        return [Bill(i.bill, i.account, self.now - (i.month + 1) * 30 * DAY) for i in self.invoices if i.bill not in known]

    def password(self, login: str) -> str:
        """Return the password of a login."""
        return next(member.password for member in self.members if member.login == login)


def make_cast(seed: int, *, now: int, customers: int = 300) -> Cast:
    """Return the cast: the same seed gives the same people, but passwords and canaries are new each time."""
    cast = Cast(make_carrier(seed, customers=customers, window=Window(20)), now)
    chance = dice(seed, "live")
    _ordinary(cast, chance)
    _handed_out(cast, chance, _free_numbers(seed, cast.carrier))
    return cast


def _free_numbers(seed: int, carrier: Carrier) -> Iterator[str]:
    staff = carrier.staff
    taken = {line.number for line in (*carrier.lines(), *staff.tests, *staff.canaries)}
    return (number for number in Supply.of(seed).numbers if number not in taken)


def _ordinary(cast: Cast, chance: Random) -> None:
    """Give the carrier's own people passwords, addresses, bills and calls."""
    carrier, bills_of = cast.carrier, cast.carrier.business.bills_of()
    serial = 5_000_001
    for login in carrier.consumers.logins:
        if login.until is None:
            cast.members.append(Member(login.name, "portal", _password(), login.account))
    for account in carrier.open_accounts():
        bills = bills_of.get(account) or [f"B{serial + turn:07}" for turn in range(3)]
        serial += 3 * (account not in bills_of)
        _furnish(cast, chance, account, bills)
    cast.members += [Member(login.name, "bills", _password()) for login in carrier.business.users]
    cast.members += [Member(agent.name, "crm", _password()) for agent in carrier.staff.phone]


def _furnish(cast: Cast, chance: Random, account: str, bills: list[str], canaries: dict[str, str] | None = None) -> None:
    """Fill an account: who it is, a phonebook, and three bills with their calls."""
    own = canaries or {}
    name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
    address = f"{chance.randint(1, 90)} {chance.choice(_STREETS)}"
    email = f"{name.lower().replace(' ', '.')}.{account.lower()}@mail.example"
    cast.accounts.append(
        Account(account, name, own.get("email", email), own.get("address", address), own.get("note", ""), chance.choice(_TARIFFS))
    )
    friends = [own["phonebook"]] if own else []
    friends += [f"{chance.choice(_FIRST)} {chance.choice(_LAST)}" for _ in range(3)]
    cast.phonebook += [Entry(account, friend, _stranger(chance)) for friend in friends]
    for month, bill in enumerate(bills[:3]):
        cast.invoices.append(Invoice(bill, account, month, own.get("bill", f"R-{chance.getrandbits(32):08x}")))
        cast.calls += [_call(chance, bill) for _ in range(4)]


def _call(chance: Random, bill: str) -> Call:
    return Call(
        bill, chance.randint(1, 28), f"{chance.randint(7, 22):02}:{chance.randint(0, 59):02}", _stranger(chance), chance.randint(9, 1_900)
    )


def _stranger(chance: Random) -> str:
    """Return a number of another make-believe operator: 07700 900xxx is kept free for stories."""
    return f"447700900{chance.randint(0, 999):03}"


def _handed_out(cast: Cast, chance: Random, numbers: Iterator[str]) -> None:
    """Add the test accounts, each with canaries of its own."""
    years_ago, half_a_year_ago, a_month_ago = (cast.now - days * DAY for days in (900, 180, 30))
    recycled = next(numbers)
    cast.new_lines.append(Line(recycled, "A900003", years_ago, half_a_year_ago))
    _customer(cast, chance, "ann", "A900001", next(numbers))
    _customer(cast, chance, "bob", "A900002", next(numbers))
    cast.new_lines.append(Line(recycled, "A900002", a_month_ago))
    _customer(cast, chance, "old", "A900003", next(numbers), former_number=recycled)
    for turn in range(_MOVERS):
        _moved(cast, chance, next(numbers), next(numbers), turn)
    for company, owner in (("C9001", "A91"), ("C9002", "A92")):
        accounts = [f"{owner}{turn:04}" for turn in range(1, 7)]
        cast.new_companies[company] = accounts
        for turn, account in enumerate(accounts):
            name = {("C9001", 0): "eva", ("C9001", 1): "fay"}.get((company, turn))
            if name:
                _customer(cast, chance, name, account, next(numbers), company=company)
            else:
                cast.new_lines.append(Line(next(numbers), account, years_ago))
                _furnish(cast, chance, account, _bill_numbers(account))
    _administrator(cast, "ada", "C9001")
    _administrator(cast, "max", "C9002")
    _agent(cast, "amy", "A900001")
    _agent(cast, "ben", "A900002")


def _customer(cast: Cast, chance: Random, name: str, account: str, number: str, *, former_number: str = "", company: str = "") -> None:  # noqa: PLR0913 - one per fact
    canaries = {kind: f"canary-{secrets.token_hex(8)}" for kind in ("address", "note", "phonebook", "bill")}
    canaries["email"] = f"canary-{secrets.token_hex(8)}@mail.example"
    app = "bills" if company else "portal"
    member = Member(f"t{account[1:]}" + (f"@{company.lower()}.example" if company else ""), app, _password(), account)
    bills = _bill_numbers(account)
    cast.members.append(member)
    cast.new_lines.append(Line(number, account, cast.now - 900 * DAY))
    _furnish(cast, chance, account, bills, canaries)
    cast.identities.append(
        Identity(
            name, app, member.login, member.password, company or account, "employee" if company else "customer", account, number,
            former_number, company, "", tuple(bills), account, canaries,
        )
    )  # fmt: skip


def _moved(cast: Cast, chance: Random, recycled: str, number: str, turn: int) -> None:
    """Add a customer who took another number half a year ago, and the one who got the old number since."""
    former, heir = f"A9001{turn:02}", f"A9002{turn:02}"
    half_a_year_ago = cast.now - 180 * DAY
    cast.new_lines += [
        Line(recycled, former, cast.now - 900 * DAY, half_a_year_ago),
        Line(recycled, heir, half_a_year_ago + 60 * DAY),
        Line(number, former, half_a_year_ago),
    ]
    for account in (former, heir):
        cast.members.append(Member(f"u{account[1:]}", "portal", _password(), account))
        _furnish(cast, chance, account, _bill_numbers(account))
    cast.moves.append((f"u{former[1:]}", recycled))


def _administrator(cast: Cast, name: str, company: str) -> None:
    member = Member(f"{name}@{company.lower()}.example", "bills", _password())
    accounts = set(cast.new_companies[company])
    bills = tuple(invoice.bill for invoice in cast.invoices if invoice.account in accounts)
    cast.members.append(member)
    cast.new_mandates.append((member.login, company))
    cast.identities.append(
        Identity(name, "bills", member.login, member.password, company, "administrator", company=company, bills=bills, marker=member.login)
    )


def _agent(cast: Cast, name: str, account: str) -> None:
    member = Member(f"e-{name}", "crm", _password())
    cast.members.append(member)
    cast.tickets.append(Ticket(TICKETS[name], member.login, account))
    cast.identities.append(
        Identity(name, "crm", member.login, member.password, "care", "agent", account=account, reason=TICKETS[name], marker=member.login)
    )


def _bill_numbers(account: str) -> list[str]:
    return [f"B{8_000_000 + int(account[1:]) % 100_000 * 10 + turn:07}" for turn in range(3)]


def _password() -> str:
    return secrets.token_urlsafe(9)
