"""How does Squid say it? Strip every name from everybody, note who may be told what, and add it to theirs.

Squid applies `request_header_access` before `request_header_add`, so what a customer sends himself is gone before the true value is added
(once: `request_header_add` never replaces). Adding knows fast conditions only, so the slow ones (who is this customer?) are asked in an
`http_access` rule that can never match, because it ends with `!all`, and that leaves a note.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw.config.tables import seconds
from whosaw.edge import innocent, lookup
from whosaw.edge.compiled import Compiled, How, Rule
from whosaw.edge.heading import expiry, heading
from whosaw.edge.policy import spellings
from whosaw.edge.subscribers import column, file_of, key_file, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from whosaw.edge.policy import Group, Policy, Told

MAIN, LOOKUP = "whosaw.conf", "lookup"

LOG = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %{sent}note %mt"
"""Squid's own format with the token of the number that was sent; a reader takes it as `layout`."""


def compiled(policy: Policy, moment: datetime, place: Path) -> Compiled:
    """Return the rules for Squid 5 and newer, for the folder they will lie in."""
    groups = policy.groups(moment)
    rules = [Rule("head", MAIN, heading(policy, moment, f"use: include {place}/{MAIN}, before your own http_access rules"), frame=True)]
    rules += _strip(policy)
    if groups:
        rules += _lookup(policy, moment, place)
    offers = {group.told: n for n, group in reversed(list(enumerate(groups, 1)))}
    for n, group in enumerate(groups, 1):
        rules += _note(n, group, offers[group.told], place, intercepted=policy.intercepted)
    for told, n in sorted(offers.items(), key=lambda offer: offer[1]):
        rules += _add(n, told)
    rules.append(_log())
    rules += _icap(policy)
    return Compiled("squid", tuple(rules), _gaps(policy, moment), MAIN, programs=frozenset({LOOKUP}))


def _line(name: str, *lines: str, frame: bool = False) -> Rule:
    return Rule(name, MAIN, "".join(f"{line}\n" for line in lines), frame)


def _strip(policy: Policy) -> Iterator[Rule]:
    """Yield a rule for each spelling of each name, and those that hide the customer's own network."""
    yield _line("via", "via off")
    yield _line("forwarded-for", "forwarded_for delete")
    seen: set[str] = set()
    for listed in policy.stripped():
        if listed.prefix or listed.place == "cookie":
            continue
        for name in spellings(listed.name):
            # `via off` and `forwarded_for delete` see to these two
            if name.lower() not in seen and name.lower() not in {"via", "x-forwarded-for"}:
                seen.add(name.lower())
                yield _line(f"strip:{name}", f"request_header_access {name} deny all")
    if policy.mode == "quarantine":
        for name in innocent.NAMES:
            yield _line(f"let:{name}", f"request_header_access {name} allow all", frame=True)
        yield _line("quarantine", "request_header_access Other deny all")


def _lookup(policy: Policy, moment: datetime, place: Path) -> Iterator[Rule]:
    """Yield who says which customer has an address: a helper that reads the operator's file, and knows nothing else of the policy."""
    ttl = seconds(policy.subscribers.ttl, "subscribers.ttl")
    key = key_file(policy)
    values = " ".join(f"{value}:{encoding}" for value, encoding in wanted(policy))
    asked = f"{place / LOOKUP} subscribers {file_of(policy).resolve()} {key.resolve() if key else '-'} {values}"
    yield Rule("lookup", LOOKUP, "#!/usr/bin/python3\n" + Path(lookup.__file__).read_text(encoding="utf-8"), frame=True)
    yield _line("connect", "acl whosaw_connect method CONNECT", frame=True)
    yield _line(
        "subscribers",
        f"external_acl_type whosaw_subscribers {_helper(ttl)} %SRC {asked}",
        "acl whosaw_known external whosaw_subscribers",
        frame=True,
    )
    if policy.intercepted:
        yield _line(
            "pins",
            f"external_acl_type whosaw_pins {_helper(60)} %>ha{{Host}} %>la {place / LOOKUP} pins {place / 'pins.txt'}",
            "acl whosaw_pinned external whosaw_pins",
            frame=True,
        )
        pins = sorted({pin for group in policy.groups(moment) for pin in group.pins})
        yield Rule("pins-list", "pins.txt", "".join(f"{host} {network}\n" for host, network in pins), frame=True)


def _helper(ttl: int) -> str:
    return f"ttl={ttl} negative_ttl={ttl} grace=0 cache=262144 children-max=4 children-startup=1 children-idle=1 concurrency=256 ipv4"


def _note(n: int, group: Group, offer: int, place: Path, *, intercepted: bool) -> Iterator[Rule]:
    """Yield the rule that notes the offer of a group for whoever visits its hosts, and the list of those."""
    file = f"hosts-{n}.txt"
    for host in (*(f".{domain}" for domain in group.below), *(host for host in group.exact if host not in group.below)):
        yield Rule(f"host:{n}:{host}", file, f"{host}\n")
    yield _line(
        f"group:{n}",
        f'acl whosaw_hosts_{n} dstdomain -n "{place / file}"',
        f"acl whosaw_ports_{n} port {' '.join(map(str, group.ports))}",
        f"acl whosaw_mark_{n} annotate_transaction whosaw_offer_{offer}=yes",
        frame=True,
    )
    # the slow conditions stand last
    conditions = ["!whosaw_connect", f"whosaw_hosts_{n}", f"whosaw_ports_{n}"]
    if alone := [domain for domain in group.below if domain not in group.exact]:
        # a leading dot means the domain itself as well
        yield Rule(f"alone-list:{n}", f"not-{n}.txt", "".join(f"{domain}\n" for domain in alone), frame=True)
        yield _line(f"alone:{n}", f'acl whosaw_not_{n} dstdomain -n "{place / f"not-{n}.txt"}"', frame=True)
        conditions.append(f"!whosaw_not_{n}")
    if group.path != "/":
        yield _line(f"path:{n}", f"acl whosaw_path_{n} urlpath_regex ^{re.escape(group.path)}", frame=True)
        conditions.append(f"whosaw_path_{n}")
    conditions += ["whosaw_pinned"] * intercepted + ["whosaw_known", f"whosaw_mark_{n}", "!all"]
    yield _line(f"note:{n}", f"http_access deny {' '.join(conditions)}")


def _add(offer: int, told: tuple[Told, ...]) -> Iterator[Rule]:
    """Yield the rules that add an offer's headers wherever it is noted."""
    yield _line(f"offer:{offer}", f"acl whosaw_told_{offer} note whosaw_offer_{offer} yes", frame=True)
    for one in told:
        yield _line(
            f"add:{offer}:{one.header}", f'request_header_add {one.header} "%{{{column(one.value, one.encoding)}}}note" whosaw_told_{offer}'
        )


def _log() -> Rule:
    """Return how to log what went out: a note is there only where the header was added. The number is in no log."""
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
        names = ("native", "in quarantine only names that Squid knows may leave")
    found: dict[str, tuple[How, str]] = {
        "pattern-names": names,
        "unlisted-names": names,
        "cookies": ("icap", "Squid drops a Cookie header whole or not at all"),
        "own-number": ("icap", "Squid does not look into values"),
    }
    if policy.intercepted:
        found["intercepted"] = ("native", "partners are pinned to their addresses")
    return found | ({"expiry": end} if (end := expiry(policy, moment)) else {})
