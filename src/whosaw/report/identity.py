"""By which name is an incident known elsewhere? `INC-1` is a name within one ledger; other systems need one that holds among all."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from whosaw.report.figures import iso

if TYPE_CHECKING:
    from whosaw.model import Incident


def fingerprint(incident: Incident) -> str:
    """Return a name that stays as long as the incident has the same leak type, channel, cause and beginning."""
    parts = (incident.detector, incident.channel, incident.cause.kind, incident.cause.value, iso(incident.since))
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def address(evidence: str) -> tuple[str, int | None]:
    """Return the file and the line of an evidence address such as `logs/gw-1.log:118204`."""
    file, colon, line = evidence.rpartition(":")
    if colon and line.isascii() and line.isdigit() and int(line) > 0:
        return file, int(line)
    return evidence, None
