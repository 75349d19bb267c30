"""What do phones fetch through the mobile gateways, and to which sites does their Squid send the subscriber's number?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.clockwork import AIR, DAY
from whosaw.drill.dice import dice
from whosaw.drill.logbook import Logbook
from whosaw.drill.truth import Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whosaw.drill.carrier import Carrier, Partner
    from whosaw.drill.logbook import Entry
    from whosaw.drill.people import Line

NUMBER_FIELD = "note_msisdn"
GATEWAYS = ("gw-1", "gw-2")
_LINES_PER_CUSTOMER = 0.62
_NUMBER_KNOWN = 0.86
"""The rest comes over wifi or through a browser that has a proxy of its own: the gateway cannot tell who it is."""

_STRANGERS = 48
_PAGES = ("", "index.html", "m/", "style/main.css", "img/top.gif", "read?id=4711")
_MIMES = ("text/html", "text/html", "text/html", "text/css", "image/gif", "text/html")
_PARTNER_HOSTS = ("tones.example", "www.pay.example", "m.pay.example", "football.example", "lotto.example", "games.example")
_NEAR_MISSES = ("img.tones.example", "notpay.example", "pay.example.net", "football.example.org")
"""Hosts that only look like a partner's: no agreement covers them."""


class Page(NamedTuple):
    """An address that phones fetch, and the partner agreement of its host if there is one."""

    host: str
    url: str
    mime: str
    partner: Partner | None

    def entitled(self, t: int) -> bool:
        """Say whether the site may be sent its visitors' numbers at that time."""
        partner = self.partner
        return partner is not None and partner.since <= t and (partner.until is None or t <= partner.until)


class _Outcome(NamedTuple):
    code: str
    method: str
    forwarded: bool


# Only what is forwarded to the site can carry a number: not what the cache answers, the proxy refuses or TLS hides.
_OUTCOMES = {
    _Outcome("TCP_MISS/200", "GET", forwarded=True): 74,
    _Outcome("TCP_MISS/200", "POST", forwarded=True): 4,
    _Outcome("TCP_MISS/302", "GET", forwarded=True): 4,
    _Outcome("TCP_REFRESH_UNMODIFIED/304", "GET", forwarded=True): 3,
    _Outcome("TCP_MEM_HIT/200", "GET", forwarded=False): 8,
    _Outcome("TCP_MISS/200", "CONNECT", forwarded=False): 4,
    _Outcome("TCP_DENIED/403", "GET", forwarded=False): 2,
    _Outcome("NONE/503", "GET", forwarded=False): 1,
}


@dataclass(frozen=True, slots=True)
class PartnersDropped:
    """A time in which a gateway forgets its partner list and sends numbers to every site; for some of it there may be no log."""

    case: Case
    gateway: str
    since: int
    until: int
    silent: tuple[int, int]

    def sends(self, gateway: str, t: int) -> bool:
        """Say whether the gateway sends numbers to everybody at that time."""
        return gateway == self.gateway and self.since <= t < self.until

    def is_silent(self, gateway: str, t: int) -> bool:
        """Say whether the gateway writes no log at that time."""
        return gateway == self.gateway and self.silent[0] <= t < self.silent[1]


def write_gateways(out: Path, carrier: Carrier, seed: int, fault: PartnersDropped | None) -> None:
    """Write the log of each gateway."""
    lines, pages = carrier.lines(), _pages(carrier.partners)
    weights = list(accumulate(10 if page.partner else 60 / (2 + turn) for turn, page in enumerate(pages)))
    count = int(len(carrier.open_accounts()) * _LINES_PER_CUSTOMER)
    for gateway in GATEWAYS:
        with Logbook(out, f"logs/gateway/{gateway}.log") as log:
            for midnight in carrier.window.midnights():
                chance = dice(seed, f"{gateway}/{midnight}")
                active = [line for line in lines if line.held(midnight, midnight + DAY)]
                day = _Day(gateway, chance, AIR.times(chance, midnight, count), fault)
                log.write(list(day.entries(active, chance.choices(pages, cum_weights=weights, k=count))))


@dataclass(frozen=True, slots=True)
class _Day:
    gateway: str
    chance: Random
    times: Sequence[int]
    fault: PartnersDropped | None

    def entries(self, lines: Sequence[Line], pages: Sequence[Page]) -> Iterator[Entry]:
        draw, fault = self.chance.random, self.fault
        outcomes = self.chance.choices(list(_OUTCOMES), list(_OUTCOMES.values()), k=len(pages))
        for t, page, outcome in zip(self.times, pages, outcomes, strict=True):
            ms, size = t * 1_000 + int(draw() * 1_000), draw()
            line = lines[int(draw() * len(lines))]
            note, seen = "-", None
            if outcome.forwarded and draw() < _NUMBER_KNOWN:
                if page.entitled(t):
                    note = line.number
                elif fault and fault.sends(self.gateway, t):
                    note, seen = line.number, fault.case.seen(line.account, page.host, NUMBER_FIELD)
            if fault and fault.is_silent(self.gateway, t):
                if seen:
                    seen.unlogged(ms)
                continue
            yield ms, _text(ms, line, page, outcome, size) + note + _tail(page, outcome), seen


def _text(ms: int, line: Line, page: Page, outcome: _Outcome, size: float) -> str:
    url = f"{page.host}:443" if outcome.method == "CONNECT" else page.url
    number = int(line.number[-5:])
    client = f"10.{number // 10_000}.{number // 100 % 100}.{1 + number % 100}"
    elapsed, sent = int(12 + 900 * size), int(280 + 40_000 * size * size)
    return f"{ms // 1_000}.{ms % 1_000:03} {elapsed:6} {client} {outcome.code} {sent} {outcome.method} {url} "


def _tail(page: Page, outcome: _Outcome) -> str:
    return " -" if outcome.method == "CONNECT" else f" {page.mime}"


def _pages(partners: Sequence[Partner]) -> list[Page]:
    strangers = [f"site-{number:02}.example" for number in range(1, _STRANGERS + 1)]
    strangers[5:5] = _NEAR_MISSES
    found = []
    for host in (*strangers, *_PARTNER_HOSTS):
        partner = next((partner for partner in partners if covers(partner.site, host)), None)
        found += [Page(host, f"http://{host}/{path}", mime, partner) for path, mime in zip(_PAGES, _MIMES, strict=True)]
    return found


def covers(site: str, host: str) -> bool:
    """Say whether an agreement's site names the host: exactly, or as a domain with a leading dot."""
    return host == site or (site.startswith(".") and host.endswith(site))
