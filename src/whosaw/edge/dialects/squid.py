"""How does Squid say it? Strip every name from everybody, note who may be told what, and add it to theirs.

Squid applies `request_header_access` before `request_header_add`, so what a customer sends himself is gone before the true value is added
(once: `request_header_add` never replaces). Adding knows fast conditions only, so the slow ones (who is this customer?) are asked in an
`http_access` rule that can never match, because it ends with `!all`, and that leaves a note. It says `allow`, for what a list of rules
does not decide Squid decides against its last one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw.config.tables import seconds
from whosaw.edge import innocent, lookup
from whosaw.edge.compiled import Compiled, How, Rule, plain
from whosaw.edge.heading import expiry, heading
from whosaw.edge.policy import spellings
from whosaw.edge.subscribers import column, file_of, key_file, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from whosaw.edge.policy import Group, Policy, Told

MAIN, LOOKUP = "whosaw.conf", "lookup"

LOG = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %{whosaw_sent}note %mt"
"""Squid's own format with the token of the number that was sent; a reader takes it as `layout`."""

ADVICE = ("the look-up runs as Squid does: that account must be able to read the subscribers and the key of the log",)

KEPT = {"via": "via off", "x-forwarded-for": "forwarded_for transparent"}
"""How Squid leaves alone what it would else add to; where these names are stripped, its own additions are stripped with them."""


def compiled(policy: Policy, moment: datetime, place: Path) -> Compiled:
    """Return the rules for Squid 5 and newer, for the folder they will lie in."""
    groups = policy.groups(moment)
    rules = [Rule("head", MAIN, heading(policy, moment, f"use: include {place}/{MAIN}, before your own http_access rules"), frame=True)]
    rules += _strip(policy)
    if groups:
        rules += _lookup(policy, groups, place)
    offers = {group.told: n for n, group in reversed(list(enumerate(groups, 1)))}
    for n, group in enumerate(groups, 1):
        rules += _note(n, group, offers[group.told], place, intercepted=policy.intercepted)
    for told, n in sorted(offers.items(), key=lambda offer: offer[1]):
        rules += _add(n, told)
    rules.append(_log())
    rules += _icap(policy)
    return Compiled("squid", tuple(rules), _gaps(policy, moment), MAIN, programs=frozenset({LOOKUP}), advice=ADVICE)


def _line(name: str, *lines: str, frame: bool = False) -> Rule:
    return Rule(name, MAIN, "".join(f"{line}\n" for line in lines), frame)


def _strip(policy: Policy) -> Iterator[Rule]:
    """Yield a rule for each spelling of each name, or in quarantine one for all names but the innocent ones."""
    for name in policy.strip.keep:
        if line := KEPT.get(name.lower()):
            yield _line(f"keep:{name}", line, frame=True)
    if policy.mode == "quarantine":
        for name in sorted({*innocent.NAMES, *innocent.HOP, *policy.strip.keep}):
            yield _line(f"let:{name}", f"request_header_access {name} allow all", frame=True)
        yield _line("quarantine", "request_header_access All deny all")
        return
    whole = [listed.name for listed in policy.stripped() if listed.place == "header" and not listed.prefix]
    known: set[str] = set()
    for name in (spelled for listed in whole for spelled in spellings(listed)):
        if name.lower() not in known:
            known.add(name.lower())
            yield _line(f"strip:{name}", f"request_header_access {name} deny all")


def _lookup(policy: Policy, groups: tuple[Group, ...], place: Path) -> Iterator[Rule]:
    """Yield who says which customer has an address: a helper that reads the operator's file, and knows nothing else of the policy."""
    ttl = seconds(policy.subscribers.ttl, "subscribers.ttl")
    key = key_file(policy)
    values = " ".join(f"{value}:{encoding}" for value, encoding in wanted(policy))
    asked = f"{place / LOOKUP} subscribers {plain(file_of(policy).resolve())} {plain(key.resolve()) if key else '-'} {values}"
    yield Rule("lookup", LOOKUP, "#!/usr/bin/python3\n" + Path(lookup.__file__).read_text(encoding="utf-8"), frame=True)
    yield _line("connect", "acl whosaw_connect method CONNECT", frame=True)
    yield _line(
        "subscribers",
        f"external_acl_type whosaw_subscribers {_helper(ttl)} %SRC {asked}",
        "acl whosaw_known external whosaw_subscribers",
        frame=True,
    )
    for name in sorted({column(told.value, told.encoding) for group in groups for told in group.told}):
        # without it, a customer who has no such value would be told of as `-`
        yield _line(f"has:{name}", f"acl whosaw_has_{name} note {name}", frame=True)
    if policy.intercepted:
        asked = f"%>rd %>la {place / LOOKUP} pins {place / 'pins.txt'}"
        yield _line("pins", f"external_acl_type whosaw_pins {_helper(60)} {asked}", frame=True)
        pins = sorted({(n, *pin) for n, group in enumerate(groups, 1) for pin in group.pins})
        yield Rule("pins-list", "pins.txt", "".join(f"{n} {host} {network}\n" for n, host, network in pins), frame=True)


def _helper(ttl: int) -> str:
    return f"ttl={ttl} negative_ttl={ttl} grace=0 cache=262144 children-max=4 children-startup=1 children-idle=1 concurrency=256 ipv4"


def _note(n: int, group: Group, offer: int, place: Path, *, intercepted: bool) -> Iterator[Rule]:
    """Yield the rule that notes the offer of a group for whoever visits its hosts, and the list of those."""
    exact, below = set(group.exact), set(group.below)
    for host in (*(f".{domain}" for domain in group.below), *(host for host in group.exact if host not in below)):
        yield Rule(f"host:{n}:{host}", _hosts(n), f"{host}\n")
    yield _line(
        f"group:{n}",
        f'acl whosaw_hosts_{n} dstdomain -n "{place / _hosts(n)}"',
        f"acl whosaw_ports_{n} port {' '.join(map(str, group.ports))}",
        f"acl whosaw_any_{n} any-of {' '.join(f'whosaw_has_{column(told.value, told.encoding)}' for told in group.told)}",
        f'acl whosaw_mark_{n} annotate_transaction whosaw_offer_{offer}=yes whosaw_sent="%{{sent}}note"',
        frame=True,
    )
    # the slow conditions stand last
    conditions = ["!whosaw_connect", f"whosaw_hosts_{n}", f"whosaw_ports_{n}"]
    if alone := [domain for domain in group.below if domain not in exact]:
        # a leading dot means the domain itself as well
        yield Rule(f"alone-list:{n}", f"not-{n}.txt", "".join(f"{domain}\n" for domain in alone), frame=True)
        yield _line(f"alone:{n}", f'acl whosaw_not_{n} dstdomain -n "{place / f"not-{n}.txt"}"', frame=True)
        conditions.append(f"!whosaw_not_{n}")
    if group.path != "/":
        up = f"acl whosaw_up_{n} urlpath_regex -i (/|%2f)([.]|%2e)([.]|%2e)"  # /billing/../ is not below /billing/
        yield _line(f"path:{n}", f"acl whosaw_path_{n} urlpath_regex ^{re.escape(group.path)}", up, frame=True)
        conditions += [f"whosaw_path_{n}", f"!whosaw_up_{n}"]
    if intercepted:
        yield _line(f"pinned:{n}", f"acl whosaw_pinned_{n} external whosaw_pins {n}", frame=True)
        conditions.append(f"whosaw_pinned_{n}")
    yield _line(f"note:{n}", f"http_access allow {' '.join(conditions)} whosaw_known whosaw_any_{n} whosaw_mark_{n} !all")


def _hosts(n: int) -> str:
    return f"hosts-{n}.txt"


def _add(offer: int, told: tuple[Told, ...]) -> Iterator[Rule]:
    """Yield the rules that add an offer's headers wherever it is noted."""
    yield _line(f"offer:{offer}", f"acl whosaw_told_{offer} note whosaw_offer_{offer} yes", frame=True)
    for one in told:
        name = column(one.value, one.encoding)
        added = f'request_header_add {one.header} "%{{{name}}}note" whosaw_told_{offer} whosaw_has_{name}'
        yield _line(f"add:{offer}:{one.header}", added)


def _log() -> Rule:
    """Return how to log what went out: a note is there only where a header was added. The number is in no log."""
    return _line("log", f"logformat whosaw {LOG}", frame=True)


def _icap(policy: Policy) -> Iterator[Rule]:
    """Yield the additional layer. It may fail: what is stripped here by name is stripped whatever becomes of it."""
    if not policy.icap.url:
        return
    yield _line(
        "icap",
        "icap_enable on",
        "icap_preview_enable on",
        "adaptation_send_client_ip on",
        f"icap_service whosaw_icap reqmod_precache bypass=on on-overload=wait {policy.icap.url}",
        "adaptation_access whosaw_icap allow all",
    )


def _gaps(policy: Policy, moment: datetime) -> dict[str, tuple[How, str]]:
    names: tuple[How, str] = ("icap", "Squid takes whole names only")
    if policy.mode == "quarantine":
        names = ("native", "in quarantine only innocent names may leave")
    found: dict[str, tuple[How, str]] = {
        "pattern-names": names,
        "unlisted-names": names,
        "cookies": ("icap", "Squid drops a Cookie header whole or not at all"),
        "own-number": ("icap", "Squid does not look into values"),
    }
    if policy.intercepted:
        found["intercepted"] = ("native", "partners are pinned to their addresses")
    return found | ({"expiry": end} if (end := expiry(policy, moment)) else {})
