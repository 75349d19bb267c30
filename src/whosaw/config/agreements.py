"""Which partners may be told what about a customer? The agreements, once: the edge compiles them, the ledger judges by them."""

from __future__ import annotations

import csv
import ipaddress
import re
import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from whosaw.config.tables import Table, named
from whosaw.errors import ConfigError
from whosaw.model import DataClass, data_mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PAGE = "docs/reference/edge-policy.md"
"""Where the keys of a policy are described."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_PLAIN = re.compile(rf"\*?\.?(?:{_LABEL.pattern}\.)+(?![0-9]+$){_LABEL.pattern}")
"""A host that is written as it is compared; most are."""


class Field(Table, frozen=True, kw_only=True):
    """Something a partner may be told: the header it is told in, and the column of the subscribers it is taken from."""

    name: str
    header: str
    value: str = "msisdn"
    encoding: str = "e164"
    data: DataClass = DataClass.NUMBER


class Partner(Table, frozen=True, kw_only=True):
    """An agreement: the hosts that may be told some fields about a customer, where, and from when to when.

    A host is exact (`music.example`), a domain and all below it (`.music.example`) or only what is below it (`*.music.example`).
    `addresses` pin where such a host may lie; they are needed where traffic is intercepted, because there anybody can claim a host.
    """

    agreement: str
    name: str = ""
    hosts: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = (80,)
    path: str = "/"
    since: datetime | None = None
    until: datetime | None = None
    fields: tuple[str, ...]
    encoding: str = ""

    @property
    def networks(self) -> tuple[Network, ...]:
        """The pinned addresses as networks."""
        return tuple(ipaddress.ip_network(text) for text in self.addresses)

    def holds(self, moment: datetime) -> bool:
        """Whether the agreement is in force at a moment; its end is no longer part of it."""
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)


def document(path: Path) -> dict[str, Any]:
    """Return a TOML or YAML file as a mapping. Raises `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = str(getattr(problem, "strerror", None) or problem).lower()
        raise ConfigError(f"cannot read the policy `{path}`: {why}", hint=f"see {PAGE} for a whole example") from problem
    try:
        data = _yaml(text) if path.suffix in {".yaml", ".yml"} else tomllib.loads(text)
    except ValueError as problem:
        kind = "YAML" if path.suffix in {".yaml", ".yml"} else "TOML"
        raise ConfigError(f"`{path}` is not {kind}: {str(problem).lower()}", hint=f"see {PAGE} for a whole example") from problem
    if not isinstance(data, dict):
        raise ConfigError(f"`{path}` is no mapping of keys", hint=f"see {PAGE} for a whole example")
    return data


def _yaml(text: str) -> object:
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except yaml.YAMLError as problem:
        raise ValueError(str(problem).replace("\n", " ")) from problem


def partners(data: dict[str, Any], folder: Path) -> tuple[Partner, ...]:
    """Return the checked agreements of a policy: its `[[partner]]` tables and the rows of its `partners` file.

    Raises `ConfigError` that names the key or the row.
    """
    found = [_checked(f"partner[{i}]", raw) for i, raw in enumerate(data.get("partner", ()))]
    if name := data.get("partners"):
        found += _listed(folder / str(name))
    return tuple(found)


def is_policy(name: str) -> bool:
    """Whether a file of agreements is a policy, by its name; everything else is a table."""
    return name.endswith((".toml", ".yaml", ".yml"))


class Agreement(NamedTuple):
    """One host of one agreement as the ledger judges by it: from when to when it may be told which data classes (a mask)."""

    agreement: str
    host: str
    since: datetime | None
    until: datetime | None
    data: int


def agreed(path: Path) -> list[Agreement]:
    """Return every host of every agreement of a policy. Raises `ConfigError`."""
    data = document(path)
    try:
        fields = msgspec.convert(data.get("field", ()), tuple[Field, ...])
    except msgspec.ValidationError as problem:
        raise named(str(problem).replace("`$", "`$.field"), [Field], PAGE) from problem
    classes = {field.name: field.data for field in fields}
    return [
        Agreement(partner.agreement, host, partner.since, partner.until, data_mask(classes[n] for n in partner.fields if n in classes))
        for partner in partners(data, path.parent)
        for host in partner.hosts
    ]


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the files a policy's agreements come from: its own, and the table it names. What cannot be read names none."""
    try:
        listed = document(path).get("partners")
    except ConfigError:
        return (path,)
    return (path, path.parent / str(listed)) if listed else (path,)


COLUMNS = ("agreement", "name", "host", "address", "port", "path", "since", "until", "fields", "encoding")
"""The columns of a file of agreements, one host a row; several values of a cell are separated by spaces."""


class _Rows(Protocol):
    """Rows of a table, and the line in which the last of them ended."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def _listed(path: Path) -> list[Partner]:
    """Return the agreements of a CSV file; rows that differ in nothing but the host are one agreement."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _grouped(path, csv.reader(file))
    except (OSError, UnicodeDecodeError) as problem:
        why = str(getattr(problem, "strerror", None) or problem).lower()
        raise ConfigError(f"cannot read the agreements `{path}`: {why}", hint="`partners` names a CSV file beside the policy") from problem


def _grouped(path: Path, rows: _Rows) -> list[Partner]:
    heading = [name.strip() for name in next(rows, [])]
    if missing := sorted({"agreement", "host", "fields"} - set(heading)):
        raise ConfigError(f"`{path}` has no column `{missing[0]}`", hint=f"its columns are {', '.join(COLUMNS)}")
    if strange := sorted(set(heading) - set(COLUMNS)):
        raise ConfigError(f"`{path}` has a column `{strange[0]}` that is not known", hint=f"its columns are {', '.join(COLUMNS)}")
    host = heading.index("host")
    together: dict[tuple[str, ...], tuple[str, list[str]]] = {}
    for row in rows:
        if len(row) > len(heading):
            raise ConfigError(f"`{path.name}:{rows.line_num}` has more cells than the heading", hint="quote a cell that holds a comma")
        if row:
            cells = [cell.strip() for cell in row] + [""] * (len(heading) - len(row))
            name, cells[host] = cells[host], ""
            together.setdefault(tuple(cells), (f"{path.name}:{rows.line_num}", []))[1].append(name)
    return [_checked(place, _raw(heading, terms, hosts)) for terms, (place, hosts) in together.items()]


_SEVERAL = {"address": "addresses", "port": "ports", "fields": "fields"}


def _raw(heading: list[str], terms: tuple[str, ...], hosts: list[str]) -> dict[str, Any]:
    cells = {
        _SEVERAL.get(name, name): cell.split() if name in _SEVERAL else cell for name, cell in zip(heading, terms, strict=True) if cell
    }
    return {**cells, "hosts": hosts}


def _checked(key: str, raw: object) -> Partner:
    try:
        partner = msgspec.convert(raw, Partner, strict=False)
    except msgspec.ValidationError as problem:
        text = str(problem)
        raise named(text.replace("`$", f"`$.{key}") if " - at `$" in text else f"{text} - at `$.{key}`", [Partner], PAGE) from problem
    partner = msgspec.structs.replace(
        partner,
        hosts=tuple(_host(f"{key}.hosts", text) for text in partner.hosts),
        addresses=tuple(_network(f"{key}.addresses", text) for text in partner.addresses),
        since=_moment(f"{key}.since", partner.since),
        until=_moment(f"{key}.until", partner.until),
    )
    _check_terms(key, partner)
    return partner


def _check_terms(key: str, partner: Partner) -> None:
    if not partner.hosts:
        raise ConfigError(f"`{key}.hosts` is empty", hint='name at least one, for example hosts = ["music.example"]')
    if not partner.fields:
        raise ConfigError(f"`{key}.fields` is empty", hint='say what the partner may be told, for example fields = ["msisdn"]')
    if not partner.ports or not all(0 < port < 1 << 16 for port in partner.ports):
        raise ConfigError(f"`{key}.ports` holds no port, expected numbers from 1 to 65535", hint="leave it out for port 80")
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]*", partner.path):
        raise ConfigError(f"`{key}.path` is `{partner.path}`, expected a path that begins with /", hint='write for example "/billing/"')
    if partner.since and partner.until and partner.until <= partner.since:
        raise ConfigError(f"`{key}.until` is not after `{key}.since`", hint="the agreement would never be in force")


def _host(key: str, text: str) -> str:
    """Return a host as it is compared: lower case, without a last dot, other letters in their ASCII form (RFC 5891)."""
    if _PLAIN.fullmatch(text):
        return text
    host = text.strip().lower().rstrip(".")
    mark = "*." if host.startswith("*.") else "." if host.startswith(".") else ""
    try:
        name = host.removeprefix(mark).encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or (mark and len(labels) < 2) or labels[-1].isdigit():
        raise ConfigError(
            f"`{key}` holds `{text}`, expected a host, `.domain` or `*.domain`",
            hint="an address is no host: give it as `addresses` of a partner that has a host; whole top-level domains are refused",
        )
    return mark + name


def _network(key: str, text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError as problem:
        raise ConfigError(
            f"`{key}` holds `{text}`, expected an address or a network", hint='write "192.0.2.7" or "192.0.2.0/24"'
        ) from problem


def _moment(key: str, moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ConfigError(f"`{key}` has no zone", hint="write it with Z or an offset: 2026-01-31T00:00:00Z")
    return moment.astimezone(UTC)


def covers(pattern: str, host: str) -> bool:
    """Whether a host of an agreement is meant by one (`.domain`, `*.domain` or exact) of another or the same."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    if pattern.startswith("."):
        return host == pattern[1:] or host.endswith(pattern)
    return host == pattern


def changes(those: Iterable[Partner], moment: datetime) -> datetime | None:
    """Return when the next agreement begins or ends after a moment; nothing if none does."""
    ends = [end for partner in those for end in (partner.since, partner.until) if end is not None and end > moment]
    return min(ends, default=None)
