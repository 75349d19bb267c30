"""How do company users come to see other companies' bills?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.drill.bills import BILL_ROUTE, View, visit
from whosaw.drill.clockwork import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from whosaw.drill.companies import Bill, CompanyUser
    from whosaw.drill.leaks.plan import Plan, Scene
    from whosaw.drill.truth import Case

_WALKED = 600
_CURIOUS = 5


def bill_manager(plan: Plan, scene: Scene) -> None:
    """Open every bill to every company user from a release on: one or two walk through them by number, a few look once."""
    carrier, chance = scene.carrier, scene.dice("o2-bill-manager")
    case = plan.open("o2-bill-manager", ("object-walk", "bulk-read"), "bills", "route")
    bills, release = carrier.business.bills, carrier.window.day(0.35)
    length = min(_WALKED, len(bills) // 4)
    for turn in range(1 + int(chance.random() * 2)):
        start = int(chance.random() * (len(bills) - length))
        evening = release + (1 + turn) * DAY + 19 * HOUR + int(chance.random() * HOUR)
        plan.views += _walk(case, plan.cast.users.pop(), bills[start : start + length], evening, chance)
    for _ in range(_CURIOUS):
        user = plan.cast.users.pop()
        own = _own(user)
        bill = chance.choice([bill for bill in bills if bill.account not in own])
        t = release + int((9 + 60 * chance.random()) * HOUR)
        plan.views.append(visit(user, chance, t=t, uri=f"/company/bills/{bill.id}", seen=case.seen(bill.account, user.name, BILL_ROUTE)))


def _walk(case: Case, user: CompanyUser, bills: Sequence[Bill], t: int, chance: Random) -> Iterator[View]:
    entry, own = visit(user, chance, t=t, uri="/company"), _own(user)
    yield entry
    for bill in bills:
        t += 3 + int(chance.random() * 6)
        # A bill of the walker's own company, passed on the way, is no leak.
        seen = None if bill.account in own else case.seen(bill.account, user.name, BILL_ROUTE)
        yield entry._replace(t=t, uri=f"/company/bills/{bill.id}", seen=seen)


def _own(user: CompanyUser) -> frozenset[str]:
    """Return the accounts the user acts for."""
    return frozenset(line.account for company in user.companies for line in company.lines)
