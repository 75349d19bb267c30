"""How does the answer open in a spreadsheet? One row per incident, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from whosaw.report.figures import iso, visible

if TYPE_CHECKING:
    from whosaw.model import Incident, Result

COLUMNS = (
    "id", "detector", "evidence_kind", "channel", "since", "since_earliest", "until", "disclosures", "customers_at_least",
    "customers_at_most", "recipients", "recipient_kinds", "data", "cause_kind", "cause", "severity_low", "severity_high",
    "test_accounts", "evidence", "why",
)  # fmt: skip
UNKNOWN = "unknown"
"""Stands where the logs do not reach back to the beginning: an empty cell would look like "not asked"."""


def render(result: Result) -> bytes:
    """Return the incidents as CSV (RFC 4180, UTF-8), a heading first even when there are none."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for incident in result.incidents:
        writer.writerow([safe(cell) for cell in _row(incident)])
    return out.getvalue().encode()


def safe(cell: str | int) -> str | int:
    """Return a cell that is text to every spreadsheet. Counts are numbers already and cannot be formulas."""
    if isinstance(cell, int):
        return cell
    text = visible(cell)
    return f"'{text}" if text.lstrip()[:1] in {"=", "+", "-", "@"} and text.strip() else text


def _row(i: Incident) -> list[str | int]:
    kinds = "; ".join(f"{kind} {n}" for kind, n in i.recipients.kinds.items())
    earliest = UNKNOWN if i.since_earliest is None else iso(i.since_earliest)
    return [
        *(i.id, i.detector, i.evidence_kind.value, i.channel),
        *(iso(i.since), earliest, iso(i.until)),
        *(i.disclosures, i.customers.at_least, i.customers.at_most, i.recipients.count, kinds),
        *("; ".join(i.data), i.cause.kind, i.cause.value),
        *(i.severity.low, i.severity.high, i.test_accounts),
        *("; ".join(i.evidence), "; ".join(i.why)),
    ]
