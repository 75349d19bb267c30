"""What are the words of whosaw, as types? Everything else speaks in these; this file imports nothing of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec


class Verdict(StrEnum):
    """The three answers to "was this disclosure all right?". "Not looked at" is none of them."""

    ENTITLED = "entitled"
    UNENTITLED = "unentitled"
    CANNOT_JUDGE = "cannot_judge"


class RecipientKind(StrEnum):
    """Who was shown the data, in the sense of GDPR Art. 4(9)."""

    CUSTOMER_LOGIN = "customer_login"
    COMPANY_USER = "company_user"
    EMPLOYEE = "employee"
    SITE = "site"
    AUTHORITY = "authority"
    SERVICE = "service"
    ANONYMOUS = "anonymous"
    UNKNOWN = "unknown"


class Vantage(StrEnum):
    """Where the log was written. Only the last three prove that data reached the recipient."""

    CLIENT = "client"
    PROXY_IN = "proxy_in"
    PROXY_OUT = "proxy_out"
    ORIGIN = "origin"
    APP = "app"


PROVING_VANTAGES = (Vantage.PROXY_OUT, Vantage.ORIGIN, Vantage.APP)


class Basis(StrEnum):
    """Why a recipient may see a customer's data."""

    OWNERSHIP = "ownership"
    DELEGATION = "delegation"
    CONTACT = "contact"
    TICKET = "ticket"
    PORTFOLIO = "portfolio"
    DUTY = "duty"
    PARTNER = "partner"
    LAWFUL_REQUEST = "lawful_request"
    BREAK_GLASS = "break_glass"
    TEST_ACCOUNT = "test_account"


class Grade(StrEnum):
    """Who vouches for an entitlement: A independent system, B someone else, C own record tied to a contact, D own record, E inferred."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


ENTITLING_GRADES = (Grade.A, Grade.B, Grade.C)


class DataClass(StrEnum):
    """What was shown. The order is the bit order of the ledger's `data` column and must never change; append only."""

    NUMBER = "number"
    IDENTITY = "identity"
    CONTACT = "contact"
    ACCOUNT = "account"
    BILL = "bill"
    CALL_DETAIL = "call_detail"
    LOCATION = "location"
    DEVICE = "device"
    CONTENT = "content"
    CREDENTIALS = "credentials"

    @property
    def bit(self) -> int:
        """This class as one bit of the ledger's `data` mask."""
        return 1 << list(DataClass).index(self)


SENSITIVE = (DataClass.CALL_DETAIL, DataClass.LOCATION, DataClass.CONTENT, DataClass.CREDENTIALS)


def data_mask(classes: Iterable[DataClass]) -> int:
    """Return the ledger's bit mask of a set of data classes."""
    return sum(c.bit for c in set(classes))


def data_classes(mask: int) -> tuple[DataClass, ...]:
    """Return the data classes of a ledger bit mask, in their fixed order."""
    return tuple(c for c in DataClass if mask & c.bit)


class Evidence(StrEnum):
    """How much the shape of a finding proves by itself. Incidents are ranked by this, never by count."""

    CERTAIN = "certain"
    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Detector:
    """A leak type: its name, what it sees, and one query that returns the disclosures it claims.

    The query reads `disclosures`, `unentitled`, `entitlements`, `owners`, `groups`, `rules` and `canaries` and returns the columns
    `disclosure` (id), `cause_kind` (route, header or recipient), `cause` (text) and `evidence`.
    `settings` are the named thresholds with their defaults; the query refers to them as `{name}`,
    and to the mask of the sensitive data classes as `{sensitive}`.
    `grouped_by` says what makes one incident: the same cause, or all findings of a channel (a fault of the whole portal).
    """

    name: str
    claim: str
    query: str
    settings: Mapping[str, int] = field(default_factory=dict)
    grouped_by: Literal["cause", "channel"] = "cause"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a line of one log looks like: how to cut it into named fields, and which field plays which role.

    `kind` is "pattern" (one regular expression, a group per field, valid both in RE2 and in Python's `re`),
    "json" (one JSON path per field; also Parquet rows, rendered as JSON) or "document" (the whole file is one value).
    `unquote` names how a captured field is unescaped: "csv" (`""` inside quotes), "backslash" (Apache) or "none".
    `clock` is "clf", "iso", "epoch", "epoch_ms" or a strptime format; `roles` maps a ledger word to a field.
    `headers` and `responses` map a lower-case header name to the field that holds it.
    `skip` is how many first lines are a heading and not data.
    `keyed` lines come from the software itself and hold the ledger's pseudonyms (`c:` and 16 hexadecimal digits) instead of clear values.
    """

    kind: Literal["pattern", "json", "parquet", "document"]
    fields: tuple[str, ...]
    roles: Mapping[str, str]
    pattern: str = ""
    paths: tuple[str, ...] = ()
    clock: str = "clf"
    unquote: Literal["none", "csv", "backslash"] = "none"
    headers: Mapping[str, str] = field(default_factory=dict)
    responses: Mapping[str, str] = field(default_factory=dict)
    skip: int = 0
    keyed: bool = False


@dataclass(frozen=True, slots=True)
class Guess:
    """A reader's opinion of a sample: how sure it is (0 to 1), the layout it would use, and what it saw."""

    reader: str
    confidence: float
    layout: Layout
    seen: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A log format: `sniff` recognises it in sample lines, `layout` compiles its format string, `careful` reads one odd line.

    `careful` gets the raw bytes of a line (without its line end) and returns the fields, or the reason why it cannot.
    `document` (kind "document" only) cuts a whole file into rows of fields.
    """

    name: str
    claim: str
    sniff: Callable[[Sequence[bytes]], Guess | None]
    layout: Callable[[str], Layout]
    careful: Callable[[Layout, bytes], Mapping[str, str] | str]
    document: Callable[[bytes], Iterable[Mapping[str, str] | str]] | None = None


class Rejected(msgspec.Struct, frozen=True):
    """A line that could not be read: where it stands and why. The text itself is never kept (it may hold a number)."""

    source: str
    file: str
    line: int
    reason: str


class Gap(msgspec.Struct, frozen=True):
    """A time in which a source should have had lines and has none. `expected` is how many lines were to be expected."""

    since: datetime
    until: datetime
    expected: int


class Coverage(msgspec.Struct, frozen=True):
    """For which time a source has lines, and where it has none."""

    source: str
    channel: str
    lines: int
    disclosures: int
    rejected: int
    since: datetime | None
    until: datetime | None
    gaps: list[Gap]


class Bound(msgspec.Struct, frozen=True):
    """A count that is proved by rows (`at_least`) and one that the missing rows could make true (`at_most`)."""

    at_least: int
    at_most: int


class Recipients(msgspec.Struct, frozen=True):
    """How many recipients, by kind."""

    count: int
    kinds: dict[str, int]


class Cause(msgspec.Struct, frozen=True):
    """What the disclosures of an incident have in common."""

    kind: Literal["route", "header", "recipient"]
    value: str


class Severity(msgspec.Struct, frozen=True):
    """An interval from 1 (low) to 4 (very high)."""

    low: int
    high: int


class Incident(msgspec.Struct, frozen=True):
    """Findings of one cause, with their scope. Times are UTC."""

    id: str
    detector: str
    evidence_kind: Evidence
    channel: str
    since: datetime
    since_earliest: datetime | None
    until: datetime
    disclosures: int
    customers: Bound
    recipients: Recipients
    data: list[str]
    cause: Cause
    severity: Severity
    evidence: list[str]
    test_accounts: int
    timeline: list[tuple[datetime, int]]
    why: list[str]
    """Sentences that explain the bounds: why the start is not sure, why more customers are possible."""
    where: list[tuple[str, int]] = []
    """Routes, headers or sites of the incident with their disclosure counts, largest first."""


class Repair(msgspec.Struct, frozen=True):
    """Unentitled disclosures that look like a missing entitlement, and the command that would add it."""

    id: str
    basis: str
    recipient: str
    customers: int
    disclosures: int
    since: datetime
    until: datetime
    sentence: str
    command: str


class ReadCounts(msgspec.Struct, frozen=True):
    """lines = disclosures + rejected + other, always; `other` lines show no customer's data (style sheets, refusals, public pages)."""

    lines: int
    disclosures: int
    rejected: int
    other: int


class Verdicts(msgspec.Struct, frozen=True):
    """entitled + unentitled + cannot_judge = disclosures, always."""

    entitled: int
    unentitled: int
    cannot_judge: int


class Result(msgspec.Struct, frozen=True):
    """The whole answer of `judge`, in the documented schema `whosaw.result/1`."""

    schema: str
    made: datetime
    read: ReadCounts
    verdicts: Verdicts
    coverage: list[Coverage]
    incidents: list[Incident]
    repairs: list[Repair]
    cannot_judge: dict[str, int]
    """Reason in words -> number of disclosures."""
    rejected: list[Rejected]
    """The first hundred, as samples; the count stands in `read`."""
    doubts: list[str]
    timeline: list[tuple[datetime, int, int, int]]
    """Day (UTC midnight), entitled, unentitled, cannot judge."""
    config_hash: str
    grouping: str
    """Version of the rules that group findings into incidents."""
    command: str
    partial: bool = False
    """Whether an input was left out or ended in the middle: the counts then hold for the rest only."""
