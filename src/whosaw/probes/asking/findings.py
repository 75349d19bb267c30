"""What did a probe find, how sure is it, and what was not looked at? Values that leave the house: no secret, no clear identifier."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

SCHEMA = "whosaw.probe/1"

Kind = Literal[
    "account-mixup",
    "anonymous-read",
    "cached-page",
    "ended-session",
    "foreign-record",
    "foreign-write",
    "former-owner",
    "shared-session",
    "unexplained-lookup",
]
Relation = Literal["itself", "other tenant", "same tenant", "anonymous", "nobody's credentials", "ended session"]
State = Literal["found", "clean", "void", "not asked"]

CLAIMS: dict[str, str] = {
    "account-mixup": "a logged-in account was shown somebody else's own page",
    "anonymous-read": "a visitor without a login was shown a customer's data",
    "cached-page": "a shared cache gave one customer's page to another",
    "ended-session": "a session that had ended, or never was, still opened a customer's data",
    "foreign-record": "a login was shown another customer's record",
    "foreign-write": "a login changed another customer's record",
    "former-owner": "a login was shown what had become another customer's",
    "shared-session": "one visitor was handed another's session",
    "unexplained-lookup": "an employee was shown a customer's data without a reason",
}


class Ask(msgspec.Struct, frozen=True):
    """One request as it may be shown: whose credentials, which template, which answer."""

    identity: str
    request: str
    status: int
    bytes: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One proof: the owner's own request and the other's, where the owner's marker stood, and how to repeat it."""

    seen_at: datetime
    owner: str
    other: str
    relation: Relation
    how: str
    baseline: Ask | None
    proof: Ask
    place: str
    excerpt: str
    curl: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A disclosure that was proved, on one operation, with the proof of every pair of accounts."""

    id: str
    kind: Kind
    operation: str
    evidence: list[Evidence]


class Weakness(msgspec.Struct, frozen=True):
    """What was seen and proves no disclosure: a missing header, a tell-tale status, no limit."""

    kind: str
    operation: str
    text: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe did: how many answers it held against the markers, and what that is worth."""

    probe: str
    claim: str
    state: State
    checks: int
    requests: int
    notes: list[str] = []

    @property
    def bound(self) -> float:
        """The share of answers that may be wrong although none was: 95 % upper bound, 3/n."""
        return min(1.0, 3 / self.checks) if self.checks else 1.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a run of probes."""

    schema: str = SCHEMA
    target: str
    made: datetime
    until: datetime
    identities: list[str]
    operations: int
    provable: int
    requests: int
    findings: list[Finding]
    weaknesses: list[Weakness]
    checks: list[Check]
    doubts: list[str]
    void: bool = False
    partial: bool = False

    @property
    def exit_code(self) -> int:
        """The promised code: 1 found, 3 void, 5 partial, 0 done."""
        return 1 if self.findings else 3 if self.void else 5 if self.partial else 0


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of the answer."""
    schema = msgspec.json.schema(Outcome)
    schema["$defs"]["Outcome"]["properties"]["schema"] = {"const": SCHEMA}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **schema}
