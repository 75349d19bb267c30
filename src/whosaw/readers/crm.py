"""Who looked at which customer in a CRM? Audit trails as a table or as JSON lines, by the names their columns usually have.

EspoCRM's action history (`createdAt, userId, action, targetType, targetId, ipAddress`) and Salesforce's event log files
(`TIMESTAMP_DERIVED, USER_ID, EVENT_TYPE, URI, URI_ID_DERIVED, SESSION_KEY, CLIENT_IP`) are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.layout import (
    ROLE_NAMES,
    decode,
    fit,
    heading_of,
    json_fit,
    json_layout,
    parse_row,
    read_json,
    read_table_line,
    rows_of,
    table_layout,
)
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NEEDED = ("time", "recipient", "customer", "action")
_NAMES: Mapping[str, Sequence[str]] = {
    # Salesforce writes two times; the derived one is ISO and has a zone.
    "time": ("timestamp_derived", *ROLE_NAMES["time"]),
    "client": (*ROLE_NAMES["client"], "source_address"),
    # In a CRM an agent is a person, not a browser.
    "recipient": (
        *("agent_id", "agent", "user_id_derived", *ROLE_NAMES["recipient"], "changed_by", "modified_by", "viewed_by", "performed_by"),
        *("acted_by", "username_derived"),
    ),
    "customer": (
        *("customer_id", "customer", "subscriber_id", "subscriber", "msisdn", "account_id", "account", "customer_number"),
        *("account_number", "record_id", "target_id", "uri_id_derived", "object_id", "entity_id", "parent_id", "contact_id", "record"),
    ),
    "action": ("action", "event_type", "event", "operation", "activity", "event_name", "action_type", "verb"),
    "session": (*ROLE_NAMES["session"], "auth_token_id", "login_key"),
    "uri": ("screen", *ROLE_NAMES["uri"]),
    "status": ("http_status", "status_code", "response_code"),
    "claim": ("ticket", "ticket_id", "case_id", "case", "case_number", "incident_id", "reason", "justification"),
    "records": ("records", "rows_processed", "row_count", "rows", "number_of_records"),
    "object_type": ("target_type", "object_type", "entity_type", "parent_type", "record_type", "entity"),
}


def layout(text: str) -> Layout:
    """Return the layout of a CRM export by its heading line, or by one of its JSON lines."""
    row = parse_row(text)
    return json_layout([row], _NAMES) if row else table_layout(text, names=_NAMES)


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for a table or JSON lines that say when who did what with which customer."""
    rows = rows_of(sample)
    if rows:
        found = json_layout(rows, _NAMES)
    elif sample and heading_of(sample[0])[0]:
        found = table_layout(decode(sample[0]), sample[1:], _NAMES)
    else:
        return None
    if not all(role in found.roles for role in _NEEDED):
        return None
    share = json_fit(found, sample) if rows else fit(found, sample)
    seen = f"a CRM audit trail: `{found.roles['recipient']}` and `{found.roles['customer']}`"
    return Guess(reader="crm", confidence=share, layout=found, seen=seen) if share else None


def careful(found: Layout, raw: bytes) -> dict[str, str] | str:
    """Return the fields of a line, or why it cannot be read."""
    return read_json(found, raw) if found.kind == "json" else read_table_line(found, raw)


CRM = Reader(
    name="crm",
    claim="CRM audit trails as a table or JSON lines (EspoCRM, Salesforce event log files and alike)",
    sniff=sniff,
    layout=layout,
    careful=careful,
)
