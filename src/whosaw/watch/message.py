"""What is told of an incident, to people and to machines? One message per revision, under a name that stays however often it is sent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from whosaw.model import Incident
from whosaw.report import ocsf, sentences
from whosaw.report.figures import bound, iso, moment, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whosaw.watch.record import Revision

SCHEMA = "whosaw.message/1"
NEW, REVISED, WITHDRAWN = "new", "revised", "withdrawn"
KINDS = (NEW, REVISED, WITHDRAWN)

TAG = "[whosaw] "
"""How the subject of a message begins, so that a mail program can sort it."""

_NO_MESSAGE = "this message holds pseudonyms and no clear identifier; `whosaw explain` shows the rows that prove it"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of an incident, with all that any channel says of it. It is kept like this until it is sent."""

    id: str
    """The same however often it is sent: origin, incident and revision."""
    thread: str
    """The same for all revisions of the incident."""
    first: str
    """The id of the incident's first revision, for channels that gather them."""
    kind: str
    name: str
    revision: int
    made: datetime
    operator: str
    claim: str
    incident: Incident
    """How it stands; of a withdrawn one, how it last stood."""
    changes: list[str]
    doubts: list[str] = []
    """What must be known before it is quoted: gaps of its sources, what could not be judged."""
    sources: list[str] = []


def compose(
    revision: Revision, incident: Incident, *, origin: str, operator: str, claims: Mapping[str, str], doubts: Sequence[str] = ()
) -> Message:
    """Return what is to be told of a revision. `origin` names the ledger among all that may tell the same receiver.

    `incident` is the revision's own, or what was last known of a withdrawn one.
    """
    kind = WITHDRAWN if revision.incident is None else NEW if revision.is_new else REVISED
    thread = f"{origin}.{revision.name}"
    return Message(
        id=f"{thread}.{revision.number}",
        thread=thread,
        first=f"{thread}.1",
        kind=kind,
        name=revision.name,
        revision=revision.number,
        made=revision.made,
        operator=operator,
        claim=sentences.claim(incident, claims),
        incident=incident,
        changes=list(revision.changes),
        doubts=list(doubts),
    )


def pack(message: Message) -> bytes:
    """Return a message as it is kept."""
    return msgspec.json.encode(message)


def unpack(body: bytes) -> Message:
    """Return a kept message."""
    return msgspec.json.decode(body, type=Message)


# --- for people -----------------------------------------------------------------------------------------------------


def subject(message: Message) -> str:
    """Return the one line by which people know what it is about: `INC-3 r2: account-mixup on portal, at least 12 customers`."""
    incident = message.incident
    if message.kind == WITHDRAWN:
        tail = "explained"
    else:
        n = incident.customers.at_least
        tail = f"at least {n:,} customer{'' if n == 1 else 's'}, severity {sentences.severity(incident.severity)}"
    return visible(f"{TAG}{message.name} r{message.revision}: {incident.detector} on {incident.channel}, {tail}")


def text(message: Message) -> str:
    """Return the message in words: verdict, what changed, scope, how sure, doubts, and how to go on."""
    blocks = [_verdict(message)]
    if message.kind != NEW:
        blocks.append(_listed("What changed:", message.changes))
    blocks += [_scope(message.incident), _listed("Doubts:", [*message.incident.why, *message.doubts])]
    blocks.append(_listed("Go on with:", [f"whosaw explain {message.name}", f"whosaw scope {message.name}"]))
    return "\n\n".join(visible_lines(block) for block in blocks if block) + f"\n\n-- \nrevision {message.id}\n{_NO_MESSAGE}\n"


def _verdict(message: Message) -> str:
    when = moment(message.made)
    if message.kind == WITHDRAWN:
        return f"{message.name} at {message.operator} does not stand any more ({when}). It said: {message.claim}."
    return f"{message.claim}. ({message.name} at {message.operator}, revision {message.revision} of {when})"


def _scope(incident: Incident) -> str:
    rows = [
        ("Since", sentences.began(incident)),
        ("Until", moment(incident.until)),
        ("Customers", bound(incident.customers)),
        ("Shown to", sentences.recipients(incident.recipients)),
        ("Times", f"{incident.disclosures:,}"),
        ("Data", sentences.data(incident.data)),
        ("How sure", f"{incident.evidence_kind}: {sentences.PROOF[incident.evidence_kind]}"),
        ("Severity", sentences.severity(incident.severity)),
        ("Cause", f"{incident.cause.kind} {incident.cause.value}"),
    ]
    if incident.test_accounts:
        rows.append(("Tests", sentences.registered_tests(incident)))
    return "\n".join(f"{name + ':':<11}{value}" for name, value in rows)


def _listed(heading: str, items: Sequence[str]) -> str:
    return "\n".join([heading, *(f"  {item}" for item in items)]) if items else ""


def visible_lines(block: str) -> str:
    """Return a text in which nothing but line ends is invisible: routes and hosts come from whoever sent the request."""
    return "\n".join(visible(line) for line in block.split("\n"))


# --- for machines ---------------------------------------------------------------------------------------------------


def payload(message: Message) -> bytes:
    """Return the body of a webhook: `type`, `timestamp` and `data`, as Standard Webhooks has it."""
    data = {
        "schema": SCHEMA,
        "id": message.id,
        "incident": message.name,
        "revision": message.revision,
        "operator": message.operator,
        "claim": message.claim,
        "changes": message.changes,
        "withdrawn": message.kind == WITHDRAWN,
        "scope": msgspec.to_builtins(message.incident),
        "doubts": message.doubts,
        "subject": subject(message),
        "text": text(message),
    }
    return msgspec.json.encode({"type": f"incident.{message.kind}", "timestamp": iso(message.made), "data": data})


_ACTIVITIES = {NEW: (ocsf.CREATED, ocsf.NEW), REVISED: (ocsf.UPDATED, ocsf.NEW), WITHDRAWN: (ocsf.CLOSED, ocsf.RESOLVED)}


def finding(message: Message) -> bytes:
    """Return the message as one OCSF Data Security Finding."""
    activity, status = _ACTIVITIES[message.kind]
    told = ocsf.Occasion(message.made, SCHEMA, tuple(message.sources), activity, status, message.id, message.thread)
    event = ocsf.finding(message.incident, {message.incident.detector: message.claim}, told)
    event["message"] = subject(message)
    event["unmapped"] |= {"changes": message.changes, "doubts": message.doubts, "revision": message.revision}
    return msgspec.json.encode(event)
