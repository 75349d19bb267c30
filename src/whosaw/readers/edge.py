"""Which values stand in the lines of the software's own services at the edge? Decisions, already under the ledger's pseudonyms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.layout import json_fit, read_json, rows_of
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROLES = {
    "time": "seen_at",
    "host": "site",
    "uri": "route",
    "method": "method",
    "status": "status",
    "client": "client",
    "session": "session",
    "sets_session": "sets_session",
    "filler_session": "filler_session",
    "device": "device",
    "recipient": "recipient",
    "customer": "customer",
    "object": "object",
    "claim": "claim",
    "field": "place",
    "form": "wrapping",
    "cache": "cache",
    "data": "data",
    "records": "records",
    "data_from": "data_from",
    "data_to": "data_to",
}
_FIELDS = (*_ROLES.values(), "service", "outcome", "request", "why", "policy")


def layout(text: str) -> Layout:  # noqa: ARG001 - a reader's signature; the format has no string of its own
    """Return the one layout of such lines."""
    return Layout(kind="json", fields=_FIELDS, roles=_ROLES, paths=tuple(f"$.{name}" for name in _FIELDS), clock="iso", keyed=True)


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for JSON lines that name a service of the edge and what came of it."""
    rows = rows_of(sample)
    if not rows or not all({"service", "outcome", "seen_at"} <= row.keys() for row in rows):
        return None
    found = layout("")
    return Guess(reader="edge", confidence=json_fit(found, sample), layout=found, seen="decisions of the edge")


EDGE = Reader(
    name="edge",
    claim="decisions of `whosaw edge` and `whosaw probe`, and lines of the middleware",
    sniff=sniff,
    layout=layout,
    careful=read_json,
)
