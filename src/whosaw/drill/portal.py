"""What do customers do on the self-care portal, and what does its nginx write about it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.clockwork import DAY, HOME, MINUTE, START, clf
from whosaw.drill.dice import dice
from whosaw.drill.logbook import Logbook
from whosaw.drill.people import DEVICES, Login, address
from whosaw.drill.truth import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from whosaw.drill.carrier import Carrier
    from whosaw.drill.logbook import Entry
    from whosaw.drill.truth import Seen

LINE_ROUTE = "/lines/{number}"
SELF_ROUTES = ("/account", "/account/bills", "/account/calls", "/account/phonebook")
_WALKS = tuple(tuple(SELF_ROUTES[page] for page in pages) for pages in ((0,), (0, 1), (0, 1, 2), (0, 2), (0, 3), (0, 1, 2, 3), (0, 1, 0)))
_WALK_WEIGHTS = (20, 34, 16, 12, 6, 4, 8)
_SESSION_END = 15 * MINUTE
_ROTATED = 0.35
_EAST_BEFORE_ROTATION = 1
"""The server's clock stood an hour east of Greenwich until the log was rotated."""

_PUBLIC = ("GET /", "GET /help/tariffs", "GET /help/roaming", "GET /help/search?q=bill", "GET /static/logo.png")
_NOT_THERE = ("GET /robots.txt", "GET /wp-login.php", "GET /favicon.ico")
_BOT = "ExampleBot/2.1 (+http://bot.example/about)"
_TLS_BYTES = r'"\x16\x03\x01\x00\xC8\x01\x00\x00\xC4\x03\x01" 400 173 "-" "-" sid="-" shown="-" cache="-"'


class Visit(NamedTuple):
    """One line of the portal's log before it is written."""

    t: int
    client: str
    login: str
    request: str
    status: int
    device: str
    sid: str
    shown: str = "-"
    cache: str = "-"
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Mixup:
    """A fault that opens some other customer's account at each new login of some of the customers."""

    case: Case
    since: int
    until: int
    logins: frozenset[str]
    accounts: Sequence[str]

    def stranger(self, login: Login, t: int, chance: Random) -> str:
        """Return whose account a login opens, or nothing while it is its own."""
        if not self.since <= t < self.until or login.name not in self.logins:
            return ""
        other = chance.choice(self.accounts)
        return other if other != login.account else ""


@dataclass(frozen=True, slots=True)
class CacheHour:
    """A time in which a self route is kept by a cache that does not ask who is reading."""

    case: Case
    since: int
    until: int
    route: str
    readers: int

    def starts(self, chance: Random) -> list[int]:
        """Return when the readers come whom a mailing sends to the portal in this time."""
        return [self.since + int(chance.random() * (self.until - self.since - 2 * MINUTE)) for _ in range(self.readers)]

    def serve(self, visits: Iterable[Visit]) -> Iterator[Visit]:
        """Yield the visits of a day, in order, as the cache answers them."""
        kept = ""
        for visit in visits:
            if visit.request != f"GET {self.route}" or visit.status != 200 or not self.since <= visit.t < self.until:
                yield visit
            elif not kept:
                kept = visit.shown
                yield visit._replace(cache="MISS")
            elif visit.shown == kept:
                yield visit._replace(cache="HIT")
            else:
                yield visit._replace(shown=kept, cache="HIT", seen=self.case.seen(kept, visit.login, self.route))


@dataclass(frozen=True, slots=True)
class PortalFaults:
    """What is wrong with the portal in this drill."""

    mixup: Mixup | None
    cache_hours: Sequence[CacheHour]
    planted: Sequence[Visit]


def write_portal(out: Path, carrier: Carrier, seed: int, faults: PortalFaults) -> None:
    """Write the portal's log: an older, compressed part and the current one."""
    midnights = carrier.window.midnights()
    turn = max(1, int(len(midnights) * _ROTATED))
    customers = len(carrier.open_accounts())
    for name, days, east in (("access.log.1.gz", midnights[:turn], _EAST_BEFORE_ROTATION), ("access.log", midnights[turn:], 0)):
        with Logbook(out, f"logs/portal/{name}") as log:
            for midnight in days:
                day = _Day(midnight, dice(seed, f"portal/{midnight}"), carrier.consumers.logins, faults)
                entries = _entries(day.visits(customers), day.chance, east)
                log.write(entries + _junk(midnight, day.chance, east, first=midnight == days[0]))


@dataclass(frozen=True, slots=True)
class _Day:
    midnight: int
    chance: Random
    logins: Sequence[Login]
    faults: PortalFaults

    def visits(self, customers: int) -> list[Visit]:
        visits: Iterable[Visit] = sorted(self._all(customers), key=lambda visit: visit.t)
        for hour in self._cache_hours():
            visits = hour.serve(visits)
        return list(visits)

    def _all(self, customers: int) -> Iterator[Visit]:
        chance, end = self.chance, self.midnight + DAY
        starts = HOME.times(chance, self.midnight, max(4, customers // 18))
        for hour in self._cache_hours():
            starts += hour.starts(chance)
        for t in starts:
            login = self._anyone()
            if login.until is None or t + _SESSION_END < login.until:
                yield from session(login, min(t, end - _SESSION_END), chance, self.faults.mixup)
        for t in HOME.times(chance, self.midnight, max(4, customers // 10)):
            yield self._passer_by(t)
        yield from (visit for visit in self.faults.planted if self.midnight <= visit.t < end)

    def _cache_hours(self) -> list[CacheHour]:
        return [hour for hour in self.faults.cache_hours if self.midnight <= hour.since < self.midnight + DAY]

    def _passer_by(self, t: int) -> Visit:
        chance = self.chance
        kind, client, device = chance.random(), address(chance), chance.choice(DEVICES)
        number = self._anyone().lines[0].number
        if kind < 0.62:
            return Visit(t, client, "-", chance.choice(_PUBLIC), 200, device, "-")
        if kind < 0.80:
            return Visit(t, client, "-", "GET " + chance.choice((*SELF_ROUTES, f"/lines/{number}")), 302, device, "-")
        if kind < 0.93:
            return Visit(t, client, "-", chance.choice(_NOT_THERE), 404, _BOT, "-")
        curious = self._anyone()
        return Visit(t, curious.client, curious.name, f"GET /lines/{number}", 403, curious.device, _sid(chance))

    def _anyone(self) -> Login:
        return self.logins[int(self.chance.random() * len(self.logins))]


def session(login: Login, t: int, chance: Random, mixup: Mixup | None = None) -> Iterator[Visit]:
    """Yield the visits of one session: log in, look at some pages, and perhaps at one's own lines."""
    sid = _sid(chance)
    stranger = mixup.stranger(login, t, chance) if mixup else ""
    cache = "MISS" if stranger and chance.random() < 0.5 else "-"
    yield Visit(t, login.client, login.name, "POST /login", 302, login.device, sid)
    for route in chance.choices(_WALKS, _WALK_WEIGHTS)[0]:
        t += 2 + int(chance.random() * 40)
        if chance.random() < 0.012:
            # The page failed, and the browser asks again at once.
            yield Visit(t, login.client, login.name, f"GET {route}", 500, login.device, sid)
        seen = mixup.case.seen(stranger, login.name, route) if mixup and stranger else None
        yield Visit(t, login.client, login.name, f"GET {route}", 200, login.device, sid, stranger or login.account, cache, seen)
        if chance.random() < 0.4:
            status = 304 if chance.random() < 0.5 else 200
            yield Visit(t, login.client, login.name, "GET /static/app.css", status, login.device, sid, "-", "HIT")
    if chance.random() < 0.3:
        t += 2 + int(chance.random() * 40)
        line = login.lines[int(chance.random() * len(login.lines))]
        if line.held(t, t):
            yield Visit(t, login.client, login.name, f"GET /lines/{line.number}", 200, login.device, sid, line.account)


def _sid(chance: Random) -> str:
    return f"{chance.getrandbits(64):016x}"


def _entries(visits: Iterable[Visit], chance: Random, east: int) -> list[Entry]:
    entries: list[Entry] = []
    for t, client, login, request, status, device, sid, shown, cache, seen in visits:
        size = 0 if status == 304 else 200 + int(chance.random() * (14_000 if status == 200 else 300))
        referer = "-" if login == "-" else "https://my.operator.example/"
        head = f'{client} - {login} [{clf(t, east)}] "{request} HTTP/1.1" {status} {size} "{referer}" "{device}"'
        entries.append((t * 1_000, f'{head} sid="{sid}" shown="{shown}" cache="{cache}"', seen))
    return entries


def _junk(midnight: int, chance: Random, east: int, *, first: bool) -> list[Entry]:
    """Return lines that real logs hold too; none of them shows anybody's data."""
    at = [midnight + int(chance.random() * DAY) for _ in range(3)]
    entries: list[Entry] = []
    if chance.random() < 0.4:
        entries.append((at[0] * 1_000, f"{address(chance)} - - [{clf(at[0], east)}] {_TLS_BYTES}", None))
    if first and midnight > START:
        entries.append((at[1] * 1_000, f'{address(chance)} - - [{clf(at[1], east)}] "GET /static/app.css HT', None))
    if first:
        tail = '"GET /help/tariffs HTTP/1.1" 200 5120 "-" "Téléphone/1.0" sid="-" shown="-" cache="-"'
        entries.append((at[2] * 1_000, f"{address(chance)} - - [{clf(at[2], east)}] {tail}", None))
    return entries
