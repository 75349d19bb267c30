"""What may leave with a request, and to whom? One file, checked once; where it says nothing, nothing leaves."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from itertools import product
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from whosaw.config.agreements import PAGE, Field, Partner, changes, covers, document, partners
from whosaw.config.tables import Table, named, seconds
from whosaw.edge.lookup import ENCODINGS
from whosaw.errors import ConfigError
from whosaw.identifiers import catalogue

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from publicsuffixlist import PublicSuffixList

GAPS = {
    "pattern-names": "names that the catalogue knows by their beginning only",
    "unlisted-names": "names that nobody has listed and that end like one of the catalogue",
    "cookies": "the customer's identity in a cookie",
    "own-number": "the customer's own number under any name, in a cookie or in the address",
    "trailers": "a name behind a chunked body, which some servers take for a header",
    "expiry": "the end of an agreement, until the policy is compiled again",
    "intercepted": "a partner's name claimed by another address, where traffic is intercepted",
}
"""What a proxy's own rules may be unable to stop. A policy says which of them it accepts; everything else is refused."""


class Subscribers(Table, frozen=True, kw_only=True):
    """Which customer has which address now: a CSV file with a column `address` and one for each value, kept up to date by the operator.

    `ttl` is how long a proxy may go on with an answer: for so long an address that changes hands may be taken for the one before.
    """

    file: str = ""
    ttl: str = "1s"


class Strip(Table, frozen=True, kw_only=True):
    """Names to take out beside those of the catalogue, and names of the catalogue to leave alone."""

    also: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


class Icap(Table, frozen=True, kw_only=True):
    """Where `whosaw edge icap` listens, for the proxies that can ask it."""

    url: str = ""


class Log(Table, frozen=True, kw_only=True):
    """The key of the tokens that logs hold instead of a number: one of `operator.hash_keys` of `whosaw.toml`, in a file of its own."""

    key_file: str = ""


class Page(Table, frozen=True, kw_only=True):
    """A page of a portal: how it says whose data it shows, and how the session's own customer is known.

    `shown` is `response:HEADER`, or looked for in the page: `regex:PATTERN` with one group, `json:PATH` (names, and `*` for every member),
    or `numbers`, the operator's own telephone numbers. `own` is `request:HEADER`, `response:HEADER` or `cookie:NAME`. `owners` is a CSV
    file of `object` and `customer`: whose what is shown is.
    """

    route: str
    shown: str
    own: str
    mode: Literal["report", "block"] = "report"
    owners: str = ""


class _Written(Table, frozen=True, kw_only=True):
    """The policy as it is written down."""

    mode: Literal["strict", "quarantine"] = "strict"
    intercepted: bool = False
    accept: tuple[str, ...] = ()
    field: tuple[Field, ...] = ()
    subscribers: Subscribers = Subscribers()
    strip: Strip = Strip()
    icap: Icap = Icap()
    log: Log = Log()
    page: tuple[Page, ...] = ()
    partner: tuple[object, ...] = ()
    partners: str = ""


_TABLES: tuple[type[msgspec.Struct], ...] = (Field, Partner, Subscribers, Strip, Icap, Log, Page, _Written)


class Told(NamedTuple):
    """One header of an offer: its name, the value it holds and how that is written."""

    header: str
    value: str
    encoding: str


class Group(NamedTuple):
    """Partners to whom the same is told under the same conditions, without overlaps: `below` are domains, met from their subdomains on.

    A domain that is itself meant (`.music.example`) stands in `exact` and in `below`. `pins` are all (host or domain, network), where
    networks matter: what one agreement pins here another may pin there.
    """

    told: tuple[Told, ...]
    ports: tuple[int, ...]
    path: str
    exact: tuple[str, ...]
    below: tuple[str, ...]
    pins: tuple[tuple[str, str], ...]


class StripName(NamedTuple):
    """A name that must not leave. `prefix` says that all names that begin so are meant, `place` whether it is a header or a cookie."""

    name: str
    prefix: bool
    place: Literal["header", "cookie"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The checked policy. `hash` tells it from every other, whatever the order in which it is written down."""

    mode: Literal["strict", "quarantine"]
    intercepted: bool
    accept: tuple[str, ...]
    fields: tuple[Field, ...]
    partners: tuple[Partner, ...]
    subscribers: Subscribers
    strip: Strip
    icap: Icap
    log: Log
    pages: tuple[Page, ...]
    folder: str
    hash: str

    def groups(self, moment: datetime) -> tuple[Group, ...]:
        """Return the partners whose agreements are in force at a moment, in a fixed order."""
        together: dict[tuple[tuple[str, ...], str, tuple[int, ...], str], list[Partner]] = {}
        for partner in self.partners:
            if partner.holds(moment):
                together.setdefault((partner.fields, partner.encoding, partner.ports, partner.path), []).append(partner)
        same: dict[tuple[tuple[Told, ...], tuple[int, ...], str], list[Partner]] = {}
        for those in together.values():
            terms = self.offer(those[0]), tuple(sorted(set(those[0].ports))), those[0].path
            same.setdefault(terms, []).extend(those)
        return tuple(_group(*terms, those) for terms, those in sorted(same.items(), key=lambda item: item[0]))

    def offer(self, partner: Partner) -> tuple[Told, ...]:
        """Return what a partner is told, in the order of the headers' names."""
        known = {field.name: field for field in self.fields}
        those = (known[name] for name in sorted(set(partner.fields)))
        return tuple(sorted(Told(f.header, f.value, partner.encoding or f.encoding) for f in those))

    def offers(self) -> set[tuple[Told, ...]]:
        """Return all that some partner is told, whether its agreement is in force or not."""
        return {self.offer(one) for one in {(partner.fields, partner.encoding): partner for partner in self.partners}.values()}

    def changes(self, moment: datetime) -> datetime | None:
        """Return when the policy means something else for the first time after a moment, because an agreement begins or ends."""
        return changes(self.partners, moment)

    def stripped(self) -> tuple[StripName, ...]:
        """Return every name that must not leave but to partners: the catalogue and `strip.also`, without `strip.keep`."""
        kept = {name.lower() for name in self.strip.keep}
        listed = [(e.name, e.place) for e in catalogue().headers]
        listed += [(name, "header") for name in self.strip.also]
        listed += [(field.header, "header") for field in self.fields]
        found: dict[tuple[str, str], StripName] = {}
        for name, place in listed:
            if name.lower() not in kept:
                found.setdefault((name.lower(), place), StripName(name.rstrip("*"), name.endswith("*"), place))
        return tuple(found[key] for key in sorted(found))


def _group(told: tuple[Told, ...], ports: tuple[int, ...], path: str, those: list[Partner]) -> Group:
    hosts = {host for partner in those for host in partner.hosts}
    below = {host.lstrip("*.") for host in hosts if host[0] in "*."}
    exact = {host.lstrip(".") for host in hosts if host[0] != "*"}
    pinned: dict[str, set[str]] = {}
    for partner in those:
        for host in partner.hosts if partner.addresses else ():
            pinned.setdefault(host, set()).update(partner.addresses)
    pins = ((host, network) for host, at in pinned.items() for network in _apart(at))
    below = {domain for domain in below if not _is_below(domain, below)}
    exact = {host for host in exact if host in below or not _is_below(host, below)}
    return Group(told, ports, path, tuple(sorted(exact)), tuple(sorted(below)), tuple(sorted(pins)))


def _apart(listed: set[str]) -> set[str]:
    """Return the same addresses as networks that do not overlap."""
    if len(listed) < 2:
        return listed
    known = [ip_network(text) for text in listed]
    fours = collapse_addresses(network for network in known if isinstance(network, IPv4Network))
    sixes = collapse_addresses(network for network in known if isinstance(network, IPv6Network))
    return {str(network) for network in (*fours, *sixes)}


class Size(NamedTuple):
    """How large a network is: networks of one size never overlap, so an address is in one of them at most."""

    version: int
    length: int


def size(network: str) -> Size:
    """Return how large a network is."""
    address, _, length = network.partition("/")
    return Size(6 if ":" in address else 4, int(length))


def networks(groups: tuple[Group, ...]) -> dict[Size, list[str]]:
    """Return the networks that partners are pinned to, by size, in a fixed order."""
    found: dict[Size, list[str]] = {}
    for network in sorted({network for group in groups for _, network in group.pins}):
        found.setdefault(size(network), []).append(network)
    return dict(sorted(found.items()))


def _is_below(host: str, domains: set[str]) -> bool:
    """Whether one of the domains lies above a host."""
    parts = host.split(".")
    return any(".".join(parts[i:]) in domains for i in range(1, len(parts)))


def spellings(name: str) -> tuple[str, ...]:
    """Return a header name in all ways a web application takes for it: CGI, WSGI and PHP read `X_MSISDN` as `X-MSISDN` (RFC 3875)."""
    parts = name.replace("_", "-").split("-")
    return tuple("".join(map("".join, zip(parts, (*signs, ""), strict=True))) for signs in product("-_", repeat=len(parts) - 1))


def load(path: Path) -> Policy:
    """Return the checked policy of a TOML or YAML file. Raises `ConfigError` that names the key, what was expected and what to do."""
    data = document(path)
    try:
        written = msgspec.convert(data, _Written)
    except msgspec.ValidationError as problem:
        raise named(str(problem), _TABLES, PAGE) from problem
    those = partners(data, path.parent)
    _check(written, those)
    return Policy(
        mode=written.mode,
        intercepted=written.intercepted,
        accept=tuple(sorted(set(written.accept))),
        fields=written.field,
        partners=those,
        subscribers=written.subscribers,
        strip=written.strip,
        icap=written.icap,
        log=written.log,
        pages=written.page,
        folder=str(path.resolve().parent),
        hash=_hash(written, those),
    )


def _hash(written: _Written, those: tuple[Partner, ...]) -> str:
    """Return the hash of what a policy means; where its files lie is no part of it, their agreements are."""
    fields = tuple(sorted(written.field, key=lambda field: field.name))
    meant = msgspec.structs.replace(written, partner=(), partners="", field=fields, accept=tuple(sorted(set(written.accept))))
    body = msgspec.json.encode([catalogue().version, meant, sorted(those, key=msgspec.json.encode)])
    return hashlib.sha256(body).hexdigest()[:16]


def _check(written: _Written, those: tuple[Partner, ...]) -> None:
    fields = {field.name: field for field in written.field}
    _check_fields(written.field)
    _check_pages(written.page)
    for gap in written.accept:
        if gap not in GAPS:
            raise ConfigError(f"`accept` holds `{gap}`, which is not known", hint=f"what can be accepted: {', '.join(GAPS)}")
    seconds(written.subscribers.ttl, "subscribers.ttl")
    if written.icap.url and not written.icap.url.startswith("icap://"):
        raise ConfigError("`icap.url` is no address of an ICAP service", hint='write for example "icap://127.0.0.1:1344/request"')
    for partner in those:
        _check_partner(partner, fields, intercepted=written.intercepted)
    _check_conflicts(those)
    if those and not written.subscribers.file:
        raise ConfigError("`subscribers.file` is not set, and there are partners", hint="name the CSV file that says who has which address")


def _check_pages(pages: tuple[Page, ...]) -> None:
    for i, page in enumerate(pages):
        kind, _, rest = page.shown.partition(":")
        if (kind not in {"response", "regex", "json"} or not rest) and page.shown != "numbers":
            raise ConfigError(f"`page[{i}].shown` is `{page.shown}`", hint="write response:HEADER, regex:PATTERN, json:PATH or numbers")
        if kind == "regex":
            _check_pattern(f"page[{i}].shown", rest)
        where, _, name = page.own.partition(":")
        if where not in {"request", "response", "cookie"} or not name:
            raise ConfigError(f"`page[{i}].own` is `{page.own}`", hint="write request:HEADER, response:HEADER or cookie:NAME")


def _check_pattern(key: str, pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as problem:
        raise ConfigError(f"`{key}` is no pattern: {problem}", hint="a regular expression of Python, with one group") from problem
    if groups != 1:
        raise ConfigError(f"`{key}` has {groups} groups", hint="put the customer, and nothing else, in parentheses")


def _check_fields(fields: tuple[Field, ...]) -> None:
    names = [field.name for field in fields]
    for i, field in enumerate(fields):
        if names.count(field.name) > 1:
            raise ConfigError(f"`field.name` `{field.name}` stands twice", hint="give each field its own name: agreements refer to it")
        if field.encoding not in ENCODINGS:
            raise ConfigError(f"`field[{i}].encoding` is `{field.encoding}`", hint=f"known encodings: {', '.join(ENCODINGS)}")
        if not field.header.replace("-", "").isalnum() or not field.header.isascii():
            raise ConfigError(f"`field[{i}].header` is `{field.header}`, expected letters, digits and -", hint='for example "X-MSISDN"')


def _check_partner(partner: Partner, fields: dict[str, Field], *, intercepted: bool) -> None:
    key = f"partner `{partner.agreement}`"
    for name in partner.fields:
        if name not in fields:
            known = f"known fields: {', '.join(fields)}" if fields else "there is no [[field]] at all"
            raise ConfigError(f"{key} may be told `{name}`, which is no field of this policy", hint=known)
    if partner.encoding and partner.encoding not in ENCODINGS:
        raise ConfigError(f"{key}: `encoding` is `{partner.encoding}`", hint=f"known encodings: {', '.join(ENCODINGS)}")
    if intercepted and not partner.addresses:
        raise ConfigError(
            f"{key} has no `addresses`, and traffic is intercepted",
            hint="there any server can be asked under a partner's name: pin the partner to its addresses, or set intercepted = false",
        )
    for host in partner.hosts:
        if host[0] in ".*" and is_shared(host.lstrip("*.")):
            raise ConfigError(
                f"{key} names `{host}`: everybody can have a host below `{host.lstrip('*.')}`",
                hint="name the partner's own domain; publicsuffix.org lists the shared ones",
            )


def is_shared(domain: str) -> bool:
    """Whether a domain is a public suffix, of the registries (`co.uk`) or of a hoster (`github.io`)."""
    return domain == _suffixes().publicsuffix(domain)


def _check_conflicts(those: tuple[Partner, ...]) -> None:
    """Refuse two agreements that tell one host different things at one time and place: nobody could say which of them holds."""
    told: dict[str, list[Partner]] = {}
    for partner in those:
        for host in partner.hosts:
            told.setdefault(host.lstrip("*."), []).append(partner)
    for name, partners_of in told.items():
        parts = name.split(".")
        above = [other for i in range(1, len(parts)) for other in told.get(".".join(parts[i:]), ())]
        for i, one in enumerate(partners_of):
            for other in (*partners_of[i + 1 :], *above):
                if _conflict(one, other):
                    raise ConfigError(
                        f"the agreements `{one.agreement}` and `{other.agreement}` say different things of `{name}`",
                        hint="let one of them end before the other begins, or limit them to different ports or paths",
                    )


def _conflict(one: Partner, other: Partner) -> bool:
    if (set(one.fields), one.encoding) == (set(other.fields), other.encoding):
        return False
    if (one.since and other.until and one.since >= other.until) or (other.since and one.until and other.since >= one.until):
        return False
    if not set(one.ports) & set(other.ports) or not (one.path.startswith(other.path) or other.path.startswith(one.path)):
        return False
    return any(_meet(a, b) for a in one.hosts for b in other.hosts)


def _meet(one: str, other: str) -> bool:
    """Whether some host is meant by both."""
    if other[0] not in ".*":
        return covers(one, other)
    if one[0] not in ".*":
        return covers(other, one)
    low, high = sorted((one.lstrip("*."), other.lstrip("*.")), key=len, reverse=True)
    return covers("." + high, low)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError as problem:
        raise ConfigError("the public-suffix list is not installed", hint="pip install 'whosaw[edge]'") from problem
    return PublicSuffixList()
