"""How do the operator's own people look up customers without a reason? One favour, a whole night's worth, or a trap that was touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.drill.bills import visit
from whosaw.drill.clockwork import DAY, HOUR
from whosaw.drill.crm import LookUp

if TYPE_CHECKING:
    from whosaw.drill.leaks.plan import Plan, Scene

_BULK = 150


def insider(plan: Plan, scene: Scene) -> None:
    """Let one agent open one customer's summary and call list, two to four times on different days."""
    chance, window = scene.dice("ooredoo-insider"), scene.carrier.window
    case = plan.open("ooredoo-insider", ("unexplained-lookup",), "crm", "recipient")
    agent, account = plan.cast.agents.pop().name, plan.cast.logins.pop().account
    plan.apart.add((agent, account))
    day = window.day(0.2 + 0.1 * scene.turn)
    for turn in range(chance.choice((2, 3, 4))):
        t = day + int((9 + 8 * chance.random()) * HOUR)
        if t < window.end:
            for wait, screen in ((0, "summary"), (11 + int(chance.random() * 30), "calls")):
                plan.look_ups.append(LookUp(t + wait, agent, screen, account, "", case.seen(account, agent, agent)))
        day += DAY * (1 if turn == 0 else chance.choice((1, 2)))


def bulk_reader(plan: Plan, scene: Scene) -> None:
    """Let one agent open the summaries of 150 and more customers in one night."""
    chance, window = scene.dice("bulk-read"), scene.carrier.window
    case = plan.open("bulk-read", ("bulk-read",), "crm", "recipient")
    agent = plan.cast.agents.pop().name
    t = window.day(0.45 + 0.2 * scene.turn) + HOUR
    most = len(plan.cast.accounts) * 2 // 3
    for account in chance.sample(plan.cast.accounts, min(_BULK + int(chance.random() * 80), most)):
        plan.apart.add((agent, account))
        t += 18 + int(chance.random() * 40)
        plan.look_ups.append(LookUp(t, agent, "summary", account, "", case.seen(account, agent, agent)))


def canary_touch(plan: Plan, scene: Scene) -> None:
    """Let an agent or a company user be shown a customer who does not exist."""
    chance, staff = scene.dice("canary-touch"), scene.carrier.staff
    t = scene.carrier.window.day(0.55 + 0.15 * scene.turn) + int((10 + 6 * chance.random()) * HOUR)
    canary = scene.turn % len(staff.canaries)
    if (scene.seed + scene.turn) % 2:
        case = plan.open("canary-touch", ("canary-touch",), "bills", "recipient")
        user, bill = plan.cast.users.pop(), staff.canary_bills()[canary]
        seen = case.seen(bill.account, user.name, user.name)
        plan.views.append(visit(user, chance, t=t, uri=f"/company/bills/{bill.id}", seen=seen))
    else:
        case = plan.open("canary-touch", ("canary-touch",), "crm", "recipient")
        agent, account = plan.cast.agents.pop().name, staff.canaries[canary].account
        plan.look_ups.append(LookUp(t, agent, "summary", account, "", case.seen(account, agent, agent)))
