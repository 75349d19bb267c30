"""What has the operator told us about their logs, owners and entitlements? One TOML file, checked once; errors name the key."""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import available_timezones

import msgspec

from whosaw.config.agreements import is_policy
from whosaw.config.deciding import AskedAction, AskedCustomer, AskedRecipient, Decide, check_decide
from whosaw.config.tables import Table
from whosaw.config.tables import seconds as seconds
from whosaw.config.watching import Syslog, Tell, Watch, check_listeners, check_watch
from whosaw.errors import ConfigError
from whosaw.model import Basis, DataClass, Grade, RecipientKind, Vantage

if TYPE_CHECKING:
    from pathlib import Path


ROLES = ("time", "client", "method", "uri", "host", "status", "bytes", "cache", "recipient", "session", "agent", "referer", "request")
"""The parts of a line that `columns` may name another field for."""


class Operator(Table, frozen=True, kw_only=True):
    """Who the operator is: enough to recognise its own numbers."""

    name: str = "this operator"
    country: str = ""
    numbers: list[str] = []
    salts: list[str] = []
    hash_keys: list[str] = []
    timezone: str = "UTC"

    def __repr__(self) -> str:
        """Say which operator, and nothing of the salts and keys: they are secrets."""
        return f"Operator(name={self.name!r}, country={self.country!r}, salts={len(self.salts)}, hash_keys={len(self.hash_keys)})"


class Route(Table, frozen=True, kw_only=True):
    """A page or screen: what it shows, and whether its address selects the customer."""

    template: str
    data: list[DataClass] = []
    object: str = ""
    self: bool = False
    public: bool = False


class Source(Table, frozen=True, kw_only=True):
    """One kind of log: where it lies or arrives, how it is written, and which part of a line says what."""

    name: str
    files: list[str] = []
    listen: str = ""
    syslog: Syslog = Syslog()
    channel: str
    vantage: Vantage = Vantage.ORIGIN
    format: str = ""
    layout: str = ""
    columns: dict[str, str] = {}
    clock: str = ""
    timezone: str = ""
    recipient_kind: RecipientKind = RecipientKind.UNKNOWN
    recipient: str | list[str] = []
    session: str | list[str] = []
    device: str | list[str] = []
    client: str | list[str] = []
    customer: str | list[str] = []
    object: str | list[str] = []
    object_type: str = ""
    scan: list[str] = []
    cache: str | list[str] = []
    sets_session: str | list[str] = []
    filler_session: str | list[str] = []
    claim: str | list[str] = []
    records: str | list[str] = []
    data_from: str | list[str] = []
    data_to: str | list[str] = []
    screen: str | list[str] = []
    data: list[DataClass] = []
    route: list[Route] = []
    gaps: list[tuple[datetime, datetime]] = []


class Relation(Table, frozen=True, kw_only=True):
    """Rows from a file (with a map of columns) or from a query over files."""

    file: str = ""
    query: str = ""
    columns: dict[str, str] = {}


class Owner(Relation, frozen=True, kw_only=True):
    """Which customer an object (bill, number, account) belonged to, from when to when."""

    object: str


class Entitlement(Relation, frozen=True, kw_only=True):
    """Who may see whose data, on which basis. `members` expands a group (company, portfolio) to its customers."""

    basis: Basis
    grade: Grade = Grade.A
    reason: str = ""
    before: str = "0s"
    after: str = "0s"
    data: list[DataClass] = []
    members: Relation | None = None
    gaps: list[tuple[datetime, datetime]] = []


class Canaries(Relation, frozen=True, kw_only=True):
    """Customers that do not exist: whoever is shown one has copied or guessed."""


class Limits(Table, frozen=True, kw_only=True):
    """When an answer is no longer called reliable, how findings are grouped, and how much memory the engine takes."""

    min_coverage: float = 0.5
    max_rejected: float = 0.05
    gap_lines: int = 20
    incident_gap: str = "72h"
    memory: str = "1200MB"


class Keys(Table, frozen=True, kw_only=True):
    """Where the secret of the pseudonyms lies (made on first use, mode 0600)."""

    file: str = ""


class Config(Table, frozen=True, kw_only=True):
    """The operator's `whosaw.toml`."""

    operator: Operator = Operator()
    source: list[Source] = []
    owner: list[Owner] = []
    entitlement: list[Entitlement] = []
    canary: list[Canaries] = []
    detector: dict[str, dict[str, int]] = {}
    limits: Limits = Limits()
    keys: Keys = Keys()
    watch: Watch = Watch()
    decide: Decide = Decide()


def load(path: Path) -> tuple[Config, str]:
    """Return the checked configuration of a file and the hash of its text.

    Raises `ConfigError` that names the key, what was expected and what to do.
    """
    try:
        raw = path.read_bytes()
        data = tomllib.loads(raw.decode("utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(
            f"cannot read the configuration `{path}`: {_plain(problem)}", hint="`whosaw init` writes one from your logs"
        ) from problem
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(
            f"`{path}` is not TOML: {str(problem).lower()}", hint="see docs/reference/settings.md for a whole example"
        ) from problem
    config = parse(data)
    return config, hashlib.sha256(raw).hexdigest()[:16]


def parse(data: dict[str, object]) -> Config:
    """Return the checked configuration of a parsed TOML document."""
    try:
        config = msgspec.convert(data, Config)
    except msgspec.ValidationError as problem:
        raise _named(str(problem)) from problem
    for i, source in enumerate(config.source):
        _check_source(i, source)
    for i, owner in enumerate(config.owner):
        _check_relation(f"owner[{i}]", owner, {"object", "customer"}, {"since", "until"})
    for i, ent in enumerate(config.entitlement):
        _check_entitlement(f"entitlement[{i}]", ent)
    for i, canary in enumerate(config.canary):
        _check_relation(f"canary[{i}]", canary, {"customer"}, {"placed"})
    _check_limits(config.limits)
    check_listeners([(source.listen, source.syslog) for source in config.source])
    check_watch(config.watch)
    check_decide(config.decide, [source.name for source in config.source], {owner.object for owner in config.owner})
    _check_timezone("operator.timezone", config.operator.timezone)
    names = [s.name for s in config.source]
    for name in {n for n in names if names.count(n) > 1}:
        raise ConfigError(f"`source.name` `{name}` stands twice", hint="give each source its own name: it is the evidence's address")
    return config


def _check_limits(limits: Limits) -> None:
    seconds(limits.incident_gap, "limits.incident_gap")
    for name in ("min_coverage", "max_rejected"):
        if not 0 <= getattr(limits, name) <= 1:
            raise ConfigError(
                f"`limits.{name}` is `{getattr(limits, name)}`, expected a share", hint="write a number from 0 to 1, such as 0.5"
            )
    if not re.fullmatch(r"[1-9][0-9]*GB|[1-9][0-9]{2,}MB", limits.memory):
        raise ConfigError(f"`limits.memory` is `{limits.memory}`, expected at least 100MB", hint='write for example `"1200MB"` or `"4GB"`')
    if limits.gap_lines < 1:
        raise ConfigError(f"`limits.gap_lines` is `{limits.gap_lines}`, expected at least 1", hint="say how many missing lines make a gap")


def _check_source(i: int, source: Source) -> None:
    key = f"source[{i}]"
    if not source.files and not source.listen:
        raise ConfigError(
            f"`{key}.files` is empty, expected at least one file or pattern",
            hint='for example files = ["logs/portal/*.log"]; or listen = "tcp://127.0.0.1:5514" for syslog',
        )
    if source.layout and not source.format:
        raise ConfigError(f"`{key}.layout` is set without `{key}.format`", hint='say whose format string it is: format = "nginx"')
    unknown = next((role for role in source.columns if role not in ROLES), None)
    if unknown:
        raise ConfigError(f"`{key}.columns.{unknown}` is not known", hint=f"parts of a line are {', '.join(ROLES)}")
    _check_timezone(f"{key}.timezone", source.timezone or "UTC")
    if source.scan and not source.object_type:
        raise ConfigError(
            f"`{key}.scan` is set without `{key}.object_type`",
            hint='say what kind of object is looked for: object_type = "number", and give an [[owner]] of that object',
        )
    for j, route in enumerate(source.route):
        where = f"{key}.route[{j}]"
        if route.object and "{" + route.object + "}" not in route.template:
            raise ConfigError(
                f"`{where}.object` is `{route.object}`, but the template `{route.template}` has no `{{{route.object}}}`",
                hint="name the placeholder that stands for the object",
            )
        if route.public and route.self:
            raise ConfigError(f"`{where}` is both self and public", hint="a self route shows the visitor's own data, a public one nobody's")
    _check_gaps(key, source.gaps)


def _check_entitlement(key: str, ent: Entitlement) -> None:
    needed = {"recipient"} if ent.basis is not Basis.TEST_ACCOUNT else {"customer"}
    if ent.members is not None:
        needed = {"recipient", "group"}
        _check_relation(f"{key}.members", ent.members, {"group", "customer"}, {"since", "until"})
    elif ent.basis is not Basis.PARTNER:
        needed = needed | {"customer"}
    if ent.basis is Basis.PARTNER and is_policy(ent.file):
        needed = set()
    _check_relation(key, ent, needed, {"recipient", "customer", "since", "until", "claim", "reason", "group"})
    seconds(ent.before, f"{key}.before")
    seconds(ent.after, f"{key}.after")
    _check_gaps(key, ent.gaps)


def _check_relation(key: str, relation: Relation, needed: set[str], more: set[str]) -> None:
    if bool(relation.file) == bool(relation.query):
        raise ConfigError(f"`{key}` needs either `file` or `query`", hint='for example file = "registry/owners.csv"')
    if relation.query:
        return
    missing = sorted(needed - set(relation.columns))
    if missing:
        raise ConfigError(
            f"`{key}.columns` does not say which column is `{missing[0]}`",
            hint=f'add {missing[0]} = "<column of {relation.file}>" to {key}.columns',
        )
    for word in relation.columns:
        if word not in needed | more:
            raise ConfigError(f"`{key}.columns.{word}` is not known", hint=f"known words: {', '.join(sorted(needed | more))}")


def _check_gaps(key: str, gaps: list[tuple[datetime, datetime]]) -> None:
    for since, until in gaps:
        if since.tzinfo is None or until.tzinfo is None:
            raise ConfigError(f"`{key}.gaps` has a time without a zone", hint="write it with Z or an offset: 2012-01-09T23:00:00Z")
        if until <= since:
            raise ConfigError(f"`{key}.gaps` has a gap that ends before it begins", hint="write [since, until]")


def _check_timezone(key: str, name: str) -> None:
    if name not in available_timezones():
        near = difflib.get_close_matches(name, available_timezones(), 1)
        raise ConfigError(f"`{key}` is `{name}`, expected an IANA time zone", hint=f"for example `{near[0] if near else 'Europe/London'}`")


def _named(text: str) -> ConfigError:
    """Turn msgspec's message into ours: the key first, then what was expected."""
    what, _, where = text.partition(" - at `$")
    key = where.rstrip("`").lstrip(".") or "the file"
    unknown = re.search(r"unknown field `([^`]+)`", what)
    if unknown:
        near = difflib.get_close_matches(unknown[1], _all_keys(), 1)
        full = unknown[1] if key == "the file" else f"{key}.{unknown[1]}"
        hint = f"did you mean `{near[0]}`?" if near else "docs/reference/settings.md lists every key"
        return ConfigError(f"`{full}` is not a known key", hint=hint)
    missing = re.search(r"missing required field `([^`]+)`", what)
    if missing:
        return ConfigError(f"`{key}` lacks `{missing[1]}`", hint="docs/reference/settings.md shows a whole example")
    return ConfigError(f"`{key}`: {what[0].lower()}{what[1:]}", hint="docs/reference/settings.md lists what each key may hold")


def _all_keys() -> list[str]:
    tables: list[type[msgspec.Struct]] = [Operator, Route, Source, Relation, Owner, Entitlement, Canaries, Limits, Keys]
    tables += [Syslog, Tell, Watch, AskedRecipient, AskedCustomer, AskedAction, Decide, Config]
    return sorted({name for table in tables for name in table.__struct_fields__})


def _plain(problem: Exception) -> str:
    return str(getattr(problem, "strerror", None) or problem).lower()


Pick = str | list[str]
"""Where a fact stands: `field`, `header:X`, `response:X`, `cookie:X`, `query:X`, `=constant`; the first that holds a value wins."""

PickKind = Literal["field", "header", "response", "cookie", "query", "constant"]


def picks(pick: Pick) -> list[tuple[PickKind, str]]:
    """Return a pick as (kind, name) pairs, in the order in which they are tried."""
    found: list[tuple[PickKind, str]] = []
    for part in [pick] if isinstance(pick, str) else pick:
        if part.startswith("="):
            found.append(("constant", part[1:]))
            continue
        kind, colon, name = part.partition(":")
        if colon and kind in {"header", "response", "cookie", "query"}:
            found.append((kind, name))  # type: ignore[arg-type]
        elif part:
            found.append(("field", part))
    return found
