"""How does nginx say it? One `proxy_set_header` a name: an empty value is not sent, so the same line strips and tells.

nginx itself drops names with `_` or `.` unless it is told otherwise, so one spelling will do. A `proxy_set_header` in an inner block makes
nginx forget those around it, which is O2's maintenance error in miniature: the rules are included in each location that passes on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.edge import innocent, subscribers
from whosaw.edge.compiled import Compiled, How, Rule
from whosaw.edge.heading import expiry, heading
from whosaw.edge.policy import networks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from whosaw.edge.policy import Group, Policy, Size, StripName, Told

MAPS, RULES = "maps.conf", "rules.conf"

LOG = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
    '"$host" "$whosaw_sent"'
)
"""The combined format with the host and the token of the number that was sent; a reader takes it as `layout`."""

ADVICE = (
    "leave `underscores_in_headers off` and `ignore_invalid_headers on`, as they are by default: nginx then drops X_MSISDN and X.MSISDN",
    "reload nginx when customers come, go and change their address: it reads the tables only then",
)


def compiled(policy: Policy, moment: datetime, place: Path) -> Compiled:
    """Return the rules for nginx 1.22 and newer, for the folder they will lie in."""
    groups = policy.groups(moment)
    use = (
        f"use: include {place}/{MAPS} in http {{}}, and include {place}/{RULES} in every location that has proxy_pass",
        "there, beside it, set Host and whatever else the site needs: nginx forgets what outer blocks set",
    )
    tables = _tables(policy) if groups else []
    rules = [Rule("head", MAPS, heading(policy, moment, *use), frame=True)]
    rules += _sizes(groups, tables)
    rules += _maps(policy, groups, place)
    rules += tables
    rules.append(Rule("rules-head", RULES, heading(policy, moment, *use), frame=True))
    rules += _names(policy, groups)
    secret = frozenset(rule.file for rule in tables)
    return Compiled("nginx", tuple(rules), _gaps(policy, moment), MAPS, secret, advice=ADVICE)


def _map(name: str, *lines: str, frame: bool = True) -> Rule:
    return Rule(name, MAPS, "".join(f"{line}\n" for line in lines), frame)


# --- who is told what ----------------------------------------------------------------------------------------------


def _sizes(groups: tuple[Group, ...], tables: list[Rule]) -> Iterator[Rule]:
    """Yield hash tables that are large enough: nginx does not start with one that is too small."""
    hosts = max((len(group.exact) + 2 * len(group.below) for group in groups), default=0)
    rows = max((table.text.count("\n") for table in tables), default=0)
    yield _map("sizes", f"map_hash_max_size {max(2048, 2 * max(hosts, rows))};", "map_hash_bucket_size 256;")
    yield _map("header-sizes", "proxy_headers_hash_max_size 4096;", "proxy_headers_hash_bucket_size 128;")


def _maps(policy: Policy, groups: tuple[Group, ...], place: Path) -> Iterator[Rule]:
    """Yield the variables: `whosaw_KIND` for the customer, `whosaw_ok_N` for each group, `whosaw_value_H` for each header."""
    for value, encoding in subscribers.wanted(policy) if groups else ():
        yield _known(subscribers.column(value, encoding), place)
    if groups:
        yield _map("port", 'map $http_host $whosaw_port { default 80; "~:(?<whosaw_digits>[0-9]+)$" $whosaw_digits; }')
    pinned = networks(groups) if policy.intercepted else None
    for size, listed in (pinned or {}).items():
        file = f"networks-{size.version}-{size.length}.map"
        yield Rule(f"networks:{size.version}:{size.length}", file, "".join(f"{network} {network};\n" for network in listed), frame=True)
        yield _map(f"place:{size.version}:{size.length}", f"geo $server_addr {_place(size)} {{ default none; include {place / file}; }}")
    for n, group in enumerate(groups, 1):
        yield from _group(n, group, pinned, place)
    asked = "".join(f"$whosaw_ok_{n}" for n in range(1, len(groups) + 1))
    values = [f"$whosaw_value_{_word(header)}" for header in _offers(groups)]
    for header, offers in _offers(groups).items():
        lines = [f'    "~^.{{{n - 1}}}1" $whosaw_{subscribers.column(told.value, told.encoding)};' for n, told in offers]
        yield _map(f"value:{header}", f'map "{asked}" $whosaw_value_{_word(header)} {{', '    default "";', *lines, "}")
    if values and policy.log.key_file:
        yield _known("sent", place, variable="token")
        yield _map("sent", f'map "{"".join(values)}" $whosaw_sent {{ default $whosaw_token; "" ""; }}')
    else:
        yield _map("sent", 'map "" $whosaw_sent { default ""; }')


def _known(name: str, place: Path, *, variable: str = "") -> Rule:
    return _map(f"known:{name}", f'map $remote_addr $whosaw_{variable or name} {{ default ""; include {place / _table(name)}; }}')


def _place(size: Size) -> str:
    """Return the variable that holds the network of a size in which the server lies."""
    return f"$whosaw_place_{size.version}_{size.length}"


def _group(n: int, group: Group, pinned: dict[Size, list[str]] | None, place: Path) -> Iterator[Rule]:
    """Yield the variable that says whether a request is for a host of a group, at its ports and below its path."""
    file = f"hosts-{n}.map"
    for host, value in ((host, "1") for host in _met(group)) if pinned is None else _hosts(group):
        yield Rule(f"host:{n}:{host}", file, f"{host} {value};\n")
    hosts = "whosaw_in" if pinned is None else "whosaw_places"
    yield _map(f"hosts:{n}", f"map $host ${hosts}_{n} {{ hostnames; default 0; include {place / file}; }}")
    if pinned is not None:
        met = f'"{",".join(map(_place, pinned))}|$whosaw_places_{n}"'
        yield _map(
            f"pins:{n}", f'map {met} $whosaw_in_{n} {{ default 0; "~^(?:[^|]*,)?([^|,]+/[0-9]+)(?:,[^|]*)?\\|.*,\\1," 1; }}', frame=False
        )
    ports = "|".join(map(str, group.ports))
    asked = f'"$whosaw_in_{n}:$whosaw_port:$uri"'
    yield _map(f"ok:{n}", f'map {asked} $whosaw_ok_{n} {{ default 0; "~^1:(?:{ports}):{re.escape(group.path)}" 1; }}')


def _met(group: Group) -> list[str]:
    """Return a group's hosts as nginx writes them: a leading dot means the domain itself as well."""
    exact, below = set(group.exact), set(group.below)
    return [f"{'.' if domain in exact else '*.'}{domain}" for domain in group.below] + [host for host in group.exact if host not in below]


def _hosts(group: Group) -> Iterator[tuple[str, str]]:
    """Yield each host with the networks it may lie in. nginx takes the closest of the names: each gets what those around it allow."""
    places: dict[str, set[str]] = {}
    for pattern, network in group.pins:
        domain = pattern.lstrip("*.")
        for name in (domain,) * (pattern[0] != "*") + (f"*.{domain}",) * (pattern[0] in "*."):
            places.setdefault(name, set()).add(network)
    for name in sorted(places):
        parts = name.removeprefix("*.").split(".")
        above = (places.get(f"*.{'.'.join(parts[i:])}", set()) for i in range(1, len(parts)))
        yield name, f'",{",".join(sorted(places[name].union(*above)))},"'


def _offers(groups: tuple[Group, ...]) -> dict[str, list[tuple[int, Told]]]:
    """Return, for each header, the groups that are told it, and what it holds for them."""
    found: dict[str, list[tuple[int, Told]]] = {}
    for n, group in enumerate(groups, 1):
        for told in group.told:
            found.setdefault(told.header, []).append((n, told))
    return found


def _word(header: str) -> str:
    return header.lower().replace("-", "_")


def _tables(policy: Policy) -> list[Rule]:
    """Return the maps from address to value. nginx reads them when it is reloaded."""
    return [
        Rule(f"table:{name}", _table(name), text, frame=True) for name, text in subscribers.tables(policy, '{address} "{value}";\n').items()
    ]


def _table(name: str) -> str:
    return f"{name}.map"


# --- names ---------------------------------------------------------------------------------------------------------


def _names(policy: Policy, groups: tuple[Group, ...]) -> Iterator[Rule]:
    """Yield a line for each header: told to partners where it is one of theirs, and else sent to nobody."""
    offers = {header.lower(): header for header in _offers(groups)}
    if policy.mode == "quarantine":
        yield Rule("quarantine", RULES, "proxy_pass_request_headers off;\n")
        for name in sorted({*innocent.NAMES, *policy.strip.keep}):
            yield Rule(f"let:{name}", RULES, f"proxy_set_header {name} $http_{_word(name)};\n", frame=True)
    for header in offers.values():
        yield Rule(f"told:{header}", RULES, f"proxy_set_header {header} $whosaw_value_{_word(header)};\n")
    if policy.mode == "strict":
        lines = {_dashed(listed).lower(): _dashed(listed) for listed in policy.stripped() if listed.place == "header" and not listed.prefix}
        for name in sorted(lines.keys() - offers.keys()):
            yield Rule(f"strip:{lines[name]}", RULES, f'proxy_set_header {lines[name]} "";\n')


def _dashed(listed: StripName) -> str:
    """Return the one spelling of a name that nginx passes on: it drops those with `_` or `.` unasked."""
    return listed.name.replace("_", "-").replace(".", "-")


def _gaps(policy: Policy, moment: datetime) -> dict[str, tuple[How, str]]:
    names: tuple[How, str] = ("none", "nginx takes whole names only")
    if policy.mode == "quarantine":
        names = ("native", "in quarantine only innocent names may leave")
    found: dict[str, tuple[How, str]] = {
        "pattern-names": names,
        "unlisted-names": names,
        "cookies": ("none", "nginx passes a Cookie header on whole, and asks no ICAP service"),
        "own-number": ("none", "nginx does not look into values, and asks no ICAP service"),
    }
    if policy.intercepted:
        found["intercepted"] = ("native", "partners are pinned to their addresses")
    return found | ({"expiry": end} if (end := expiry(policy, moment)) else {})
