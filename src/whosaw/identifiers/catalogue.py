"""Does a header or cookie of this name carry a customer's identity? The list is data: `headers.yaml`, with a version and sources."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import msgspec


class HeaderClass(StrEnum):
    """What a header of this name carries; the severity of an incident follows from it."""

    MSISDN = "msisdn"
    IMSI = "imsi"
    IMEI = "imei"
    ICCID = "iccid"
    PSEUDONYM = "pseudonym"
    INTERNAL_IP = "internal_ip"
    LOCATION = "location"
    NETWORK = "network"
    HANDSET = "handset"
    PERSON = "person"


IDENTITY = frozenset(HeaderClass) - {HeaderClass.INTERNAL_IP, HeaderClass.NETWORK, HeaderClass.HANDSET}
"""What says who a customer is; the rest says how a network is built, or which handset it serves."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name of the catalogue, or (`known` is false) an unlisted name that ends like one."""

    name: str
    family: str
    cls: HeaderClass = msgspec.field(name="class")
    grade: Literal["A", "B", "C"]
    source: tuple[str, ...]
    place: Literal["header", "cookie"] = msgspec.field(name="in")
    known: bool = True


class Innocent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name that looks like a leak and is none, and why."""

    name: str
    why: str


class Suffix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an unlisted name ends, in letters only, and what it then most likely carries."""

    suffix: str
    cls: HeaderClass = msgspec.field(name="class")


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `headers.yaml`."""

    version: str
    sources: dict[str, str]
    never: tuple[Innocent, ...]
    suffixes: tuple[Suffix, ...]
    headers: tuple[Entry, ...]


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return the catalogue, read and checked once."""
    import yaml

    text = files("whosaw.identifiers").joinpath("headers.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), Catalogue)  # noqa: S506 - a safe loader


_FOLD = str.maketrans("_.", "--")


def fold_name(name: str) -> str:
    """Return a header name as it is compared: lower case, `_` and `.` as `-`, without the `HTTP_` of CGI."""
    return name.strip().lower().translate(_FOLD).removeprefix("http-")


class _Index(msgspec.Struct, frozen=True):
    exact: dict[str, Entry]
    prefixes: tuple[tuple[str, Entry], ...]
    never: frozenset[str]
    suffixes: tuple[Suffix, ...]


@lru_cache(maxsize=1)
def _index() -> _Index:
    listed = catalogue()
    exact: dict[str, Entry] = {}
    for entry in listed.headers:
        # a header stands before the cookie of the same name
        exact.setdefault(fold_name(entry.name), entry)
    return _Index(
        exact,
        tuple((fold_name(e.name).rstrip("*"), e) for e in listed.headers if e.name.endswith("*")),
        frozenset(fold_name(innocent.name) for innocent in listed.never),
        tuple(sorted(listed.suffixes, key=lambda s: len(s.suffix), reverse=True)),
    )


@lru_cache(maxsize=8192)
def classify(name: str) -> Entry | None:
    """Return what a header or cookie of this name carries: by the list, else by how its letters end (`known` is false), else None."""
    index, folded = _index(), fold_name(name)
    if folded in index.never:
        return None
    if entry := index.exact.get(folded):
        return entry
    for prefix, entry in index.prefixes:
        if folded.startswith(prefix):
            return entry
    letters = "".join(c for c in folded if c.isalpha())
    for suffix in index.suffixes:
        if letters.endswith(suffix.suffix):
            return Entry(name, "unlisted", suffix.cls, "C", (), "header", known=False)
    return None
