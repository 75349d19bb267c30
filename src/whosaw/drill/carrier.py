"""What does the whole make-believe operator consist of? All who live, work and trade in it, made from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from whosaw.drill.clockwork import DAY, START, Window
from whosaw.drill.companies import Business, make_business
from whosaw.drill.people import Consumers, Line, Supply, make_consumers
from whosaw.drill.staff import Staff, make_staff

_IN_COMPANIES = 0.4
_BYSTANDERS = 3


class Partner(NamedTuple):
    """A site that may be sent the number of its visitors; a leading dot means all hosts below that domain."""

    site: str
    since: int
    until: int | None
    agreement: str


@dataclass(frozen=True, slots=True)
class Carrier:
    """Everybody and everything that does not change while the logs are written."""

    window: Window
    consumers: Consumers
    business: Business
    staff: Staff
    partners: tuple[Partner, ...]

    def lines(self) -> tuple[Line, ...]:
        """Return every line a living customer holds or held: consumers and companies, neither tests nor canaries."""
        return self.consumers.lines() + tuple(line for company in self.business.companies for line in company.lines)

    def open_accounts(self) -> list[str]:
        """Return the accounts that are open during the whole window, consumers first."""
        consumers = dict.fromkeys(login.account for login in self.consumers.logins if login.until is None)
        return list(consumers) + [line.account for company in self.business.companies for line in company.lines]

    def bystanders(self) -> list[str]:
        """Return a few open accounts that never have anything to do with the staff."""
        return self.open_accounts()[:_BYSTANDERS]


def make_carrier(seed: int, *, customers: int, window: Window) -> Carrier:
    """Return an operator with so many open accounts, two fifths of them companies' as long as one company does not outgrow its size."""
    supply = Supply.of(seed)
    in_companies = int(customers * _IN_COMPANIES)
    consumers = make_consumers(seed, accounts=customers - in_companies, supply=supply, window=window)
    business = make_business(seed, accounts=in_companies, supply=supply)
    staff = make_staff(seed, customers=customers, supply=supply, companies=business.companies)
    return Carrier(window, consumers, business, staff, _partners(window))


def _partners(window: Window) -> tuple[Partner, ...]:
    return (
        Partner("tones.example", START - 700 * DAY, None, "ring tones"),
        Partner(".pay.example", START - 500 * DAY, None, "premium billing, all hosts"),
        Partner("football.example", START - 90 * DAY, None, "score alerts"),
        Partner("lotto.example", START - 400 * DAY, START - 6 * DAY, "lottery, ended with the year"),
        Partner("games.example", window.day(0.5), None, "games, new this month"),
    )
