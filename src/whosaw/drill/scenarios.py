"""Which stories can the drill tell? Their names, what happens in each, and how they are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.drill.dice import dice
from whosaw.drill.leaks import company, gateway, portal, staff
from whosaw.drill.leaks.plan import Cast, Plan, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whosaw.drill.carrier import Carrier

SCENARIOS: dict[str, str] = {
    "quiet-month": "Nothing is wrong: every disclosure has its reason in a registry.",
    "maxis-2010": "After a release each new login of some customers opens a random other customer's account on the portal.",
    "o2-headers-2012": "A gateway loses its partner list for fifteen days and sends subscribers' numbers to every site.",
    "o2-bill-manager": "Any company user can open any bill, and one or two walk through hundreds of other companies' bills.",
    "ooredoo-insider": "An agent opens one customer's record and call list several times without any reason.",
    "cached-page": "A cache keeps a customer's account page for an hour and shows it to all who come next.",
    "shared-session": "An update hands one session to several customers, who all see the first one's account.",
    "former-owner": "People whose old numbers belong to somebody else now can still open the page of the line.",
    "anonymous-read": "The page of a line answers visitors who never logged in, each from another address.",
    "bulk-read": "An agent opens the records of a hundred and fifty and more customers in one night.",
    "canary-touch": "Someone is shown a customer who does not exist.",
    "bad-quarter": "All of this at once, with several insiders, bulk readers and touched canaries.",
}

_LEAKS: dict[str, Callable[[Plan, Scene], None]] = {
    "cached-page": portal.cached_page,
    "shared-session": portal.shared_session,
    "maxis-2010": portal.mixup,
    "former-owner": portal.former_owner,
    "anonymous-read": portal.anonymous_read,
    "o2-headers-2012": gateway.partners_dropped,
    "o2-bill-manager": company.bill_manager,
    "ooredoo-insider": staff.insider,
    "bulk-read": staff.bulk_reader,
    "canary-touch": staff.canary_touch,
}
"""In the order of planning. The mix-up strikes only those who take no part in the leaks before it, so that each row has one cause."""

_BAD_QUARTER = {"ooredoo-insider": 4, "bulk-read": 2, "canary-touch": 2}


def make_plan(names: Sequence[str], carrier: Carrier, seed: int) -> Plan:
    """Return what will go wrong in the named scenarios. Raises `ValueError` that names an unknown scenario."""
    for name in names:
        if name not in SCENARIOS:
            raise ValueError(f"`{name}` is no scenario, expected one of {', '.join(SCENARIOS)}")
    plan = Plan(Cast.of(carrier, dice(seed, "cast")))
    for name, leak in _LEAKS.items():
        for turn in range(_times(name, names)):
            leak(plan, Scene(carrier, seed, turn))
    return plan


def _times(name: str, names: Sequence[str]) -> int:
    return _BAD_QUARTER.get(name, 1) if "bad-quarter" in names else int(name in names)
