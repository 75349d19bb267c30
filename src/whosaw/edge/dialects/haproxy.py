"""How does HAProxy say it? A named `defaults` section that frontends inherit: delete by one pattern, then set for partners.

One pattern deletes all names in all spellings. Hosts are looked up whole, and their parents one by one, in lists held as trees: a
`-m end` over a list is a linear scan. What went out is logged as a token, taken where the header stands in the request after all rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.edge import innocent, subscribers
from whosaw.edge.compiled import Compiled, How, Rule
from whosaw.edge.heading import expiry, heading
from whosaw.edge.policy import networks, size
from whosaw.identifiers import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from whosaw.edge.policy import Group, Policy, Size, StripName
    from whosaw.identifiers.catalogue import Suffix

MAIN = "whosaw.cfg"

LOG = (
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "
    "{%[var(txn.whosaw_host)]|%[var(txn.whosaw_sent)]} %{+Q}r"
)
"""HAProxy's HTTP format with the host and the token of the number that was sent in the place of captured headers."""

CAPTURES = "captures: host, sent"
"""How a reader takes such a log, as `layout`."""

ADVICE = (
    "HAProxy answers 400 to requests with more than 100 headers, unless `tune.http.maxhdr` in `global` says otherwise",
    "`option forwardfor` adds the customer's own address after these rules: leave it out",
    "tell HAProxy of customers who come, go and change their address with `set map` at its socket: it reads the tables when it starts",
)

HOST, PORT = "txn.whosaw_host", "txn.whosaw_port"


def compiled(policy: Policy, moment: datetime, place: Path) -> Compiled:
    """Return the rules for HAProxy 2.6 and newer, for the folder they will lie in."""
    groups = policy.groups(moment)
    use = (
        f"use: haproxy -f {place}/{MAIN} -f your.cfg, and in yours: frontend NAME from whosaw",
        "no proxy may inherit from another section",
    )
    rules = [Rule("head", MAIN, heading(policy, moment, *use) + "defaults whosaw\n    mode http\n", frame=True)]
    rules += _names(policy)
    rules.append(_line("host", f"http-request set-var({HOST}) req.fhdr(host),lower,host_only,rtrim(.)", frame=True))
    if groups:
        rules += _asked(networks(groups) if policy.intercepted else {})
    for n, group in enumerate(groups, 1):
        rules += _group(n, group, place, pinned=policy.intercepted)
    rules += _log(groups, place, tokens=bool(policy.log.key_file))
    tables = _tables(policy) if groups else []
    secret = frozenset(rule.file for rule in tables)
    return Compiled("haproxy", (*rules, *tables), _gaps(policy, moment), MAIN, secret, advice=ADVICE)


def _line(name: str, *lines: str, frame: bool = False) -> Rule:
    return Rule(name, MAIN, "".join(f"    {line}\n" for line in lines), frame)


# --- names ---------------------------------------------------------------------------------------------------------


def _names(policy: Policy) -> Iterator[Rule]:
    """Yield the one rule that deletes by pattern, in pieces that can be told apart; what a wider piece covers is left out."""
    if policy.mode == "quarantine":
        allowed = "|".join(re.escape(name) for name in (*innocent.NAMES, *innocent.HOP, *policy.strip.keep))
        yield _line("quarantine", f"http-request del-header '(?i)^(?!(?:{allowed})$)' -m reg")
        return
    never = [name.name for name in catalogue().never] + list(policy.strip.keep)
    yield Rule("names", MAIN, f"    http-request del-header '(?i)^(?!(?:{'|'.join(map(_spelled, never))})$)(?:(?!)", frame=True)
    for name, pattern in _patterns(policy):
        yield Rule(name, MAIN, f"|{pattern}")
    yield Rule("names-end", MAIN, ")$' -m reg\n", frame=True)


def _patterns(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield (name of the rule, pattern), the widest first."""
    wide: list[tuple[str, str]] = [(f"ends:{s.suffix}", f".*{'[^a-z]*'.join(s.suffix)}[^a-z]*") for s in _shortest()]
    headers = [listed for listed in policy.stripped() if listed.place == "header"]
    wide += [(f"strip:{listed.name}*", f"{_spelled(listed.name)}.*") for listed in headers if listed.prefix]
    yield from wide
    for listed in headers:
        if not listed.prefix and not _covered(listed, wide):
            yield f"strip:{listed.name}", _spelled(listed.name)


def _shortest() -> list[Suffix]:
    """Return the endings of unlisted names, without those that end like a shorter one."""
    endings = catalogue().suffixes
    return [s for s in endings if not any(s.suffix != o.suffix and s.suffix.endswith(o.suffix) for o in endings)]


def _covered(listed: StripName, wide: list[tuple[str, str]]) -> bool:
    return any(re.fullmatch(pattern, listed.name.lower()) for _, pattern in wide)


def _spelled(name: str) -> str:
    """Return the pattern of a name with `-`, `_` and `.` taken for each other, as web applications do."""
    return "[-_.]".join(re.escape(part) for part in re.split(r"[-_.]", name.lower()))


# --- partners ------------------------------------------------------------------------------------------------------


def _asked(pinned: Iterable[Size]) -> Iterator[Rule]:
    """Yield what is to be known of a request beside its host: the port, and with pins the network of each size that it goes to."""
    yield _line("port", f"http-request set-var({PORT}) req.fhdr(host),port_only", frame=True)
    for one in pinned:
        mask = f"{one.length}" if one.version == 4 else f"32,{one.length}"
        yield _line(f"place:{one.version}:{one.length}", f"http-request set-var({_place(one)}) dst,ipmask({mask})", frame=True)


def _place(size: Size) -> str:
    return f"txn.whosaw_place_{size.version}_{size.length}"


def _hosts(group: Group, *, pinned: bool) -> Iterator[tuple[int, Size | None, str]]:
    """Yield (labels, size, entry): 0 and a host that is met whole, or how many last labels are met, with a dot before them.

    With pins an entry is `host|network`, and networks are of a size.
    """
    if not pinned:
        yield from ((0, None, host) for host in group.exact)
        yield from ((domain.count(".") + 1, None, f".{domain}") for domain in group.below)
        return
    for pattern, network in group.pins:
        domain, at = pattern.lstrip("*."), network.partition("/")[0]
        if pattern[0] != "*":
            yield 0, size(network), f"{domain}|{at}"
        if pattern[0] in "*.":
            yield domain.count(".") + 1, size(network), f".{domain}|{at}"


def _group(n: int, group: Group, place: Path, *, pinned: bool) -> Iterator[Rule]:
    """Yield the lists of a group's hosts, and the rules that set its headers."""
    lists: dict[tuple[int, Size | None], list[str]] = {}
    for labels, at, entry in sorted(set(_hosts(group, pinned=pinned)), key=lambda host: (host[0], host[1] or (), host[2])):
        lists.setdefault((labels, at), []).append(entry)
    for (labels, at), entries in lists.items():
        kind = "-".join(map(str, (n, labels, *(at or ()))))
        yield from (Rule(f"host:{kind}:{entry}", f"hosts-{kind}.lst", f"{entry}\n") for entry in entries)
        yield _line(f"hosts:{kind}", f'acl whosaw_host_{n} "{_met(labels, at)}" -m str -f {place / f"hosts-{kind}.lst"}', frame=True)
    # no port is the port of http
    ports = " ".join(map(str, (*([0] if 80 in group.ports else []), *group.ports)))
    yield _line(f"port:{n}", f"acl whosaw_port_{n} var({PORT}) -m int {ports}", frame=True)
    conditions = [f"whosaw_host_{n}", f"whosaw_port_{n}", "!METH_CONNECT"]
    if group.path != "/":
        up = f"acl whosaw_up_{n} path -m reg -i '(/|%2f)([.]|%2e){{2}}'"  # /billing/../ is not below /billing/
        yield _line(f"path:{n}", f"acl whosaw_path_{n} path -m beg {group.path}", up, frame=True)
        conditions += [f"whosaw_path_{n}", f"!whosaw_up_{n}"]
    for told in group.told:
        value = f"src,map_ip({place / _table(subscribers.column(told.value, told.encoding))})"
        yield _line(
            f"set:{n}:{told.header}",
            f"http-request set-header {told.header} %[{value}] if {' '.join(conditions)} {{ {value} -m found }}",
        )


def _met(labels: int, at: Size | None) -> str:
    """Return what is looked up: the host, or a dot and its last labels if it has more (a host without more keeps no dot)."""
    last = rf",regsub('^(?:[^.]+[.])+((?:[^.]+[.]){{{labels - 1}}}[^.]+)\$','.\\1')" if labels else ""
    return f"var({HOST}){last}" + (f",concat(|,{_place(at)})" if at else "")


def _log(groups: tuple[Group, ...], place: Path, *, tokens: bool) -> Iterator[Rule]:
    """Yield what is logged of each request: the token of the customer whose value stands in it, whatever rule put it there."""
    headers = sorted({told.header for group in groups for told in group.told})
    if headers and tokens:
        carried = " || ".join(f"{{ req.hdr({name}) -m found }}" for name in headers)
        yield _line("sent", f"http-request set-var(txn.whosaw_sent) src,map_ip({place / _table('sent')}) if {carried}", frame=True)
    yield _line("log", f'log-format "{LOG}"', frame=True)


def _tables(policy: Policy) -> list[Rule]:
    """Return the maps from address to value. They are kept up to date with `set map` at HAProxy's socket."""
    return [
        Rule(f"table:{name}", _table(name), text, frame=True) for name, text in subscribers.tables(policy, "{address} {value}\n").items()
    ]


def _table(name: str) -> str:
    return f"{name}.map"


def _gaps(policy: Policy, moment: datetime) -> dict[str, tuple[How, str]]:
    found: dict[str, tuple[How, str]] = {
        "pattern-names": ("native", "by one pattern"),
        "unlisted-names": ("native", "by one pattern"),
        "cookies": ("none", "HAProxy is told nothing of cookies here, and asks no ICAP service"),
        "trailers": ("none", "HAProxy passes on what stands behind a chunked body; it is never what an operator added"),
        "own-number": ("none", "HAProxy does not look into values, and asks no ICAP service"),
    }
    if policy.intercepted:
        found["intercepted"] = ("native", "partners are pinned to their addresses")
    return found | ({"expiry": end} if (end := expiry(policy, moment)) else {})
