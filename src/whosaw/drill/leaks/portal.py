"""How does the portal show customers to strangers? A mix-up, a shared cache, a shared session, an old owner, no login at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.drill.clockwork import DAY, HOUR, MINUTE
from whosaw.drill.people import DEVICES
from whosaw.drill.portal import LINE_ROUTE, SELF_ROUTES, CacheHour, Mixup, Visit, session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from whosaw.drill.leaks.plan import Plan, Scene
    from whosaw.drill.people import Line, Login, Move
    from whosaw.drill.truth import Case

_MIXED_UP, _MIXUP_DAYS = 0.3, 4
_READERS = 9
_GROUPS = 3
_FORMER_OWNERS = 5
_VISITOR_RANGES = ("192.0.2", "198.51.100", "203.0.113")


def mixup(plan: Plan, scene: Scene) -> None:
    """Let each new login of some customers open a random other account, from a release in the small hours on."""
    carrier, chance = scene.carrier, scene.dice("maxis-2010")
    case = plan.open("maxis-2010", ("account-mixup",), "portal", "route")
    since = carrier.window.day(0.5) + 4 * HOUR + 10 * MINUTE
    struck = frozenset(login.name for login in plan.cast.logins if chance.random() < _MIXED_UP)
    owners = list(dict.fromkeys(login.account for login in plan.cast.logins))
    plan.mixups.append(Mixup(case, since, min(since + _MIXUP_DAYS * DAY, carrier.window.end), struck, owners))


def cached_page(plan: Plan, scene: Scene) -> None:
    """Let a cache keep a self route for an hour on two days, while a mailing brings readers."""
    case = plan.open("cached-page", ("cached-page",), "portal", "route")
    noon = scene.carrier.window.day(0.15) + 12 * HOUR
    plan.cache_hours += [CacheHour(case, since, since + HOUR, SELF_ROUTES[0], _READERS) for since in (noon, noon + DAY)]


def shared_session(plan: Plan, scene: Scene) -> None:
    """Let an update hand one session to several logins: all of them see the first one's account."""
    chance = scene.dice("shared-session")
    case = plan.open("shared-session", ("shared-session",), "portal", "route")
    update = scene.carrier.window.day(0.3) + 15 * HOUR
    for group in range(_GROUPS):
        t = update + (group % 2) * DAY + int(chance.random() * 2 * HOUR)
        first, *others = _strangers(plan, 2 + int(chance.random() * 4))
        visits = list(session(first, t, chance))
        plan.visits += visits
        for login in others:
            t += 4 * MINUTE + int(chance.random() * 12 * MINUTE)
            plan.visits += _joined(case, first.account, visits[0].sid, session(login, t, chance))


def former_owner(plan: Plan, scene: Scene) -> None:
    """Let old owners of recycled numbers still open the page of a line that is another customer's now."""
    carrier, chance = scene.carrier, scene.dice("former-owner")
    case = plan.open("former-owner", ("former-owner",), "portal", "route")
    t = carrier.window.day(0.4) + 10 * HOUR
    moved = [move for move in carrier.consumers.moves if move.line.since < t]
    owners = chance.sample(moved, min(_FORMER_OWNERS, len(moved)))
    turn = 0
    while t < carrier.window.end - HOUR:
        plan.visits += _looks_back(case, owners[turn % len(owners)], t, chance)
        turn += 1
        t += int((5 + chance.random() * 25) * HOUR)


def anonymous_read(plan: Plan, scene: Scene) -> None:
    """Let visitors who never logged in read line after line, each from another address."""
    carrier, chance = scene.carrier, scene.dice("anonymous-read")
    case = plan.open("anonymous-read", ("anonymous-read",), "portal", "route")
    since = carrier.window.day(0.6) + 3 * HOUR
    held = [line for line in carrier.lines() if line.held(since, carrier.window.end)]
    for line in chance.sample(held, min(180, len(held) // 4)):
        plan.visits.append(_nobody(case, line, since + int(chance.random() * 40 * HOUR), chance))


def _strangers(plan: Plan, count: int) -> list[Login]:
    """Return so many logins of different accounts, and take their whole households off the cast."""
    taken: dict[str, Login] = {}
    while len(taken) < count:
        login = plan.cast.logins.pop()
        taken.setdefault(login.account, login)
    plan.cast.logins[:] = [login for login in plan.cast.logins if login.account not in taken]
    return list(taken.values())


def _joined(case: Case, account: str, sid: str, visits: Iterator[Visit]) -> Iterator[Visit]:
    for visit in visits:
        route = visit.request.removeprefix("GET ")
        if visit.shown == "-":
            yield visit._replace(sid=sid)
        elif route in SELF_ROUTES:
            yield visit._replace(sid=sid, shown=account, seen=case.seen(account, visit.login, route))


def _looks_back(case: Case, move: Move, t: int, chance: Random) -> Sequence[Visit]:
    former, line = move.former, move.line
    sid = f"{chance.getrandbits(64):016x}"
    login = Visit(t, former.client, former.name, "POST /login", 302, former.device, sid)
    page = login._replace(t=t + 5 + int(chance.random() * 40), request=f"GET /lines/{line.number}", status=200)
    return login, page._replace(shown=line.account, seen=case.seen(line.account, former.name, LINE_ROUTE))


def _nobody(case: Case, line: Line, t: int, chance: Random) -> Visit:
    client = f"{chance.choice(_VISITOR_RANGES)}.{1 + int(chance.random() * 254)}"
    seen = case.seen(line.account, "-", LINE_ROUTE)
    return Visit(t, client, "-", f"GET /lines/{line.number}", 200, chance.choice(DEVICES), "-", line.account, "-", seen)
