"""What does the ledger keep, as types? One disclosure's columns and name, one file's counts, one part's place and span."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("id", "BIGINT", "file number in the upper bits, line number in the lower 32; shown as `D-<file>.<line>`"),
    ("seen_at", "TIMESTAMP", "when the data were shown, UTC"),
    ("source", "VARCHAR", "which kind of log said so, by its name in the configuration"),
    ("source_line", "BIGINT", "physical line in that file"),
    ("channel", "VARCHAR", "portal, bills, gateway, care ...: as the configuration names it"),
    ("vantage", "VARCHAR", "where the log was written: client, proxy_in, proxy_out, origin or app"),
    ("route", "VARCHAR", "template of the page or name of the screen"),
    ("self_route", "BOOLEAN", "the page shows whoever is logged in, not a customer named in its address"),
    ("recipient_kind", "VARCHAR", "customer_login, company_user, employee, site, authority, service, anonymous or unknown"),
    ("recipient", "BIGINT", "keyed pseudonym of the one who was shown the data"),
    ("site", "VARCHAR", "host name, for recipients that are sites"),
    ("session", "BIGINT", "keyed pseudonym of the session"),
    ("client", "BIGINT", "keyed pseudonym of the network address"),
    ("device", "BIGINT", "keyed pseudonym of what identifies the device or browser"),
    ("customer", "BIGINT", "keyed pseudonym of whose data were shown, where the line itself says so"),
    ("object_type", "VARCHAR", "bill, number, account ...: what the address or header named"),
    ("object", "BIGINT", "keyed pseudonym of that object; its owner at that time is the customer"),
    ("page", "BIGINT", "keyed pseudonym of host and address: the same page again"),
    ("data", "INTEGER", "bit mask of the data classes shown; 0 means not known"),
    ("records", "INTEGER", "how many records the answer held"),
    ("data_from", "TIMESTAMP", "begin of the period of the data shown"),
    ("data_to", "TIMESTAMP", "end of the period of the data shown"),
    ("status", "SMALLINT", "HTTP status"),
    ("bytes", "BIGINT", "size of the answer"),
    ("cache", "VARCHAR", "hit, miss, expired ...: what a cache said, in lower case"),
    ("filler_session", "BIGINT", "keyed pseudonym of the session the page was made for, where the line says so"),
    ("sets_session", "BIGINT", "keyed pseudonym of a session handed out with the answer"),
    ("claim", "VARCHAR", "what the source says justified it (a ticket, a request): to be checked, never believed"),
    ("field", "VARCHAR", "header or field in which an identifier stood"),
    ("form", "VARCHAR", "how it was written there: plain, base64, sha256 ..."),
)

KEPT: tuple[tuple[str, str, str], ...] = (
    *COLUMNS,
    ("contested", "BOOLEAN", "the object had two owners at that time"),
    ("why", "VARCHAR", "why it could not be judged; empty for what nobody was entitled to see"),
    ("detector", "VARCHAR", "the leak type that claimed it"),
    ("cause_kind", "VARCHAR", "what its incident has in common: route, header or recipient"),
    ("cause", "VARCHAR", "which route, header or recipient"),
    ("evidence", "VARCHAR", "how much it proves: certain, strong or weak"),
    ("repair", "INTEGER", "which kind of missing entitlement it looked like"),
    ("basis", "VARCHAR", "the basis of that entitlement"),
    ("asked", "BIGINT", "keyed pseudonym of the recipient who seems to lack it"),
    ("about", "BIGINT", "keyed pseudonym of what it would cover"),
)
"""Columns of a settled disclosure: the facts, whose data it was, and what was found. It is not judged again."""

_LABEL = re.compile(r"D-([0-7][0-9a-f]{7})\.([0-9]{1,10})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Beat = tuple[int, int, int, int]
"""Bucket of five minutes, lines, first and last time in it (epoch seconds)."""


@dataclass(frozen=True)
class FileRow:
    """What one file added: its counts, which add up (lines = disclosures + rejected + other), and how far it was read."""

    number: int
    source: str
    channel: str
    path: str
    digest: str
    size: int
    lines: int
    disclosures: int
    rejected: int
    other: int
    broken: str = ""
    state: str = ""
    """From where the fingerprint `digest` can be continued."""
    head: str = ""
    """Fingerprint of how the content begins."""
    unfinished: str = ""
    """What the last line became, if it had no line end: disclosure, rejected or other. It is read again when the file has grown."""
    batch: int = 0
    """Number of the append that last changed this file."""


@dataclass(frozen=True)
class Part:
    """A file of disclosures: a place below `disclosures/`, and what it holds. Times are microseconds since 1970, UTC."""

    name: str
    day: str
    """The day all its rows are of; empty for a part of many days."""
    rows: int
    size: int
    first: int
    last: int
    checksum: str
    batch: int = 0
    """Number of the append that brought its newest rows; 0 stands for the append that will."""

    @property
    def since(self) -> datetime:
        """Time of the first row."""
        return _EPOCH + timedelta(microseconds=self.first)

    @property
    def until(self) -> datetime:
        """Time of the last row."""
        return _EPOCH + timedelta(microseconds=self.last)


@dataclass(frozen=True)
class Addition:
    """All that a read file, or the next lines of one, brings to the ledger, to be recorded at once or not at all."""

    file: FileRow
    """The file with its new totals."""
    parts: Sequence[Part] = ()
    rejected: Sequence[tuple[int, str]] = ()
    pulse: Sequence[Beat] = ()
    names: Sequence[tuple[str, int, int, bytes]] = ()
    """Domain, lowest and highest pseudonym, and the clear values of all between, sealed together for the vault."""
    unfinished_pulse: Sequence[Beat] = ()
    """The pulse of a last line without line end."""
    extends: FileRow | None = None
    """The file as it stood, when this goes on from there."""
    again: int = 0
    """First line of it that was read once more; what was known of it and all after it is taken back."""
    removed: Sequence[Part] = ()
    """Parts that `parts` replace, so that rows of lines that were read once more are not there twice."""
    closes: bool = True
    """Whether the former content was a file at rest, and is known again if it comes back."""


@dataclass(frozen=True)
class Change:
    """Parts that leave the ledger and parts that come instead."""

    old: Sequence[Part] = ()
    new: Sequence[Part] = field(default=())
    rows: int = 0
    """Rows that are no longer there."""


@dataclass(frozen=True)
class Settlement:
    """Rows that leave the ledger with their verdict: what goes, what is kept instead, and the numbers of what is only counted."""

    live: Change
    kept: Change
    numbers: Sequence[tuple[str, int, int, int]]
    """Day, file, entitled rows that are only counted from now on, and rows that were kept."""
    note: tuple[str, str, str, str]
    """When, by whom, what was done, and why."""
    renamed: Mapping[int, int] = field(default_factory=dict)
    """Pseudonyms that were replaced by others that mean nothing."""
    lots: Sequence[tuple[int, int, int, bytes]] = ()
    """Sealed lots of names that hold less now: place, lowest and highest pseudonym, and nothing sealed for one that is empty."""


@dataclass(frozen=True)
class Known:
    """An incident as it was last named: its leak type, channel, cause and span of time. A name is never given to another one."""

    name: str
    detector: str
    channel: str
    cause_kind: str
    cause: str
    since: datetime
    until: datetime


def disclosure_label(key: int) -> str:
    """Return the name under which a disclosure is shown and asked for."""
    return f"D-{key >> 32:08x}.{key & 0xFFFFFFFF}"


def disclosure_key(name: str) -> int | None:
    """Return the ledger id behind such a name, or nothing if it is none."""
    match = _LABEL.fullmatch(name)
    line = int(match[2]) if match else 0
    return int(match[1], 16) << 32 | line if match and line < 1 << 32 else None
