"""What do company users do in the bill manager, and what does its JSON log write about it?

The log does not say whose data a page showed: that follows from the bill's or the line's owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.clockwork import DAY, OFFICE, iso, iso_date, weekend
from whosaw.drill.dice import dice
from whosaw.drill.logbook import Logbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from random import Random

    from whosaw.drill.carrier import Carrier
    from whosaw.drill.companies import Company, CompanyUser
    from whosaw.drill.logbook import Entry
    from whosaw.drill.truth import Seen

BILL_ROUTE = "/company/bills/{bill}"
_ON_WEEKDAYS, _ON_WEEKENDS = 0.45, 0.06
_LARGE = 100
_READS_BILL, _READS_LINE = 0.62, 0.97


class View(NamedTuple):
    """One line of the bill manager's log before it is written."""

    t: int
    client: str
    login: str
    session: str
    uri: str
    status: int
    device: str
    seen: Seen | None = None


def write_bills(out: Path, carrier: Carrier, seed: int, planted: Sequence[View]) -> None:
    """Write one JSON log a day."""
    users, bills = carrier.business.users, carrier.business.bills_of()
    for midnight in carrier.window.midnights():
        chance = dice(seed, f"bills/{midnight}")
        share = _ON_WEEKENDS if weekend(midnight) else _ON_WEEKDAYS
        views = [view for view in planted if midnight <= view.t < midnight + DAY]
        for t in OFFICE.times(chance, midnight, max(2, int(len(users) * share))):
            views += _session(users[int(chance.random() * len(users))], t, chance, bills)
        with Logbook(out, f"logs/bills/bills-{iso_date(midnight)}.json") as log:
            log.write([_entry(view, chance) for view in views])


def visit(user: CompanyUser, chance: Random, *, t: int, uri: str, seen: Seen | None = None) -> View:
    """Return a view that stands alone in a session of its own."""
    return View(t, user.client, user.name, _sid(chance), uri, 200, user.device, seen)


def _session(user: CompanyUser, t: int, chance: Random, bills: Mapping[str, Sequence[str]]) -> Iterator[View]:
    entry = visit(user, chance, t=t, uri="/company")
    yield entry
    companies = user.companies if len(user.companies) == 1 else chance.sample(user.companies, min(3, len(user.companies)))
    for company in companies:
        for uri, status in _pages(company, chance, bills):
            t += 4 + int(chance.random() * 50)
            yield entry._replace(t=t, uri=uri, status=status)


def _pages(company: Company, chance: Random, bills: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, int]]:
    most = 36 if len(company.lines) > _LARGE else 8
    for _ in range(1 + int(chance.random() * most)):
        line = chance.choice(company.lines)
        kind = chance.random()
        if kind < _READS_BILL:
            yield f"/company/bills/{chance.choice(bills[line.account])}", 200
        elif kind < _READS_LINE:
            yield f"/company/lines/{line.number}", 200
        else:
            yield "/company/bills/B0000001", 404


def _entry(view: View, chance: Random) -> Entry:
    size = 400 + int(chance.random() * (22_000 if view.status == 200 else 200))
    text = (
        f'{{"time":"{iso(view.t)}","client":"{view.client}","login":"{view.login}","session":"{view.session}","method":"GET",'
        f'"uri":"{view.uri}","status":"{view.status}","bytes":"{size}","agent":"{view.device}"}}'
    )
    return view.t * 1_000, text, view.seen


def _sid(chance: Random) -> str:
    return f"{chance.getrandbits(64):016x}"
