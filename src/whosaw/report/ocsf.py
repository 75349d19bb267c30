"""How does a security data lake take in the answer? As OCSF 1.8.0 events, one JSON document per line.

The first line is the Scan Activity (6007): that something was looked at, and how much. Then one Data Security Finding (2006) per
incident, gathered by one Incident Finding (2005). Without incidents the scan stands alone: looked at, none found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from whosaw import __version__
from whosaw.model import Evidence
from whosaw.report import sentences
from whosaw.report.figures import epoch_ms, iso
from whosaw.report.identity import fingerprint
from whosaw.report.json_out import encoded
from whosaw.report.sentences import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whosaw.model import Incident, Result

VERSION = "1.8.0"
_SEVERITY = {1: (2, "Low"), 2: (3, "Medium"), 3: (4, "High"), 4: (5, "Critical")}
_CONFIDENCE = {Evidence.CERTAIN: (3, "High"), Evidence.STRONG: (2, "Medium"), Evidence.WEAK: (1, "Low")}
_CATEGORY = {"bill": (3, "Financial"), "credentials": (6, "Security")}
_PERSONAL = (1, "Personal")


@dataclass(frozen=True, slots=True)
class Occasion:
    """On what occasion is a finding told: in a whole answer, or as a dated revision of one incident."""

    made: datetime
    log_name: str
    sources: tuple[str, ...]
    activity: tuple[int, str] = (1, "Create")
    status: tuple[int, str] = (1, "New")
    uid: str = ""
    """Name of this telling; empty: the incident's."""
    finding: str = ""
    """Name of the finding that stays from revision to revision; empty: the incident's."""


CREATED, UPDATED, CLOSED = (1, "Create"), (2, "Update"), (3, "Close")
NEW, RESOLVED = (1, "New"), (4, "Resolved")


def render(result: Result, claims: Mapping[str, str]) -> bytes:
    """Return the answer as OCSF events, one per line."""
    events = [_scan(result)]
    events += [finding(incident, claims, _told(result, incident)) for incident in result.incidents]
    if result.incidents:
        events.append(_incident(result, claims))
    return b"".join(encoded(event) + b"\n" for event in events)


def _told(result: Result, incident: Incident) -> Occasion:
    return Occasion(result.made, result.schema, tuple(c.source for c in result.coverage if c.channel == incident.channel))


def _event(made: datetime, log_name: str, names: tuple[str, str, str], class_uid: int, activity: int) -> dict[str, Any]:
    category, name, doing = names
    return {
        "activity_id": activity,
        "activity_name": doing,
        "category_uid": class_uid // 1000,
        "category_name": category,
        "class_uid": class_uid,
        "class_name": name,
        "type_uid": class_uid * 100 + activity,
        "type_name": f"{name}: {doing}",
        "time": epoch_ms(made),
        "metadata": {
            "version": VERSION,
            "product": {"name": "whosaw", "vendor_name": "whosaw", "version": __version__},
            "log_name": log_name,
        },
    }


def _scan(result: Result) -> dict[str, Any]:
    head = sentences.headline(result)
    looked = head.state in {State.FOUND, State.CLEAN}
    event = _event(result.made, result.schema, ("Application Activity", "Scan Activity", "Completed"), 6007, 2)
    told = [*head.warnings, head.sentence]
    return event | {
        "severity_id": 1,
        "severity": "Informational",
        "status_id": 1 if looked else 2,
        "status": "Success" if looked else "Failure",
        "status_detail": str(head.state),
        "message": " ".join(told),
        "scan": {"name": "whosaw judge", "type_id": 1, "type": "Manual", "uid": result.config_hash or "unconfigured"},
        "total": result.read.disclosures,
        "num_detections": result.verdicts.unentitled,
        "num_trusted_items": result.verdicts.entitled,
        "num_skipped_items": result.verdicts.cannot_judge,
        "unmapped": {
            "read": msgspec.to_builtins(result.read),
            "doubts": [f"{doubt.kind}: {doubt.text}" for doubt in sentences.doubts(result)],
        },
    }


def finding(incident: Incident, claims: Mapping[str, str], told: Occasion) -> dict[str, Any]:
    """Return one incident as a Data Security Finding."""
    activity, doing = told.activity
    event = _event(told.made, told.log_name, ("Findings", "Data Security Finding", doing), 2006, activity)
    event["metadata"] |= {"profiles": ["data_classification", "incident"], "uid": told.uid or fingerprint(incident)}
    severity_id, severity = _SEVERITY.get(incident.severity.high, (0, "Unknown"))
    confidence_id, confidence = _CONFIDENCE[incident.evidence_kind]
    event |= {
        "severity_id": severity_id,
        "severity": severity,
        "status_id": told.status[0],
        "status": told.status[1],
        "confidence_id": confidence_id,
        "confidence": confidence,
        "is_alert": True,
        "is_suspected_breach": incident.evidence_kind is not Evidence.WEAK,
        "start_time": epoch_ms(incident.since),
        "end_time": epoch_ms(incident.until),
        "count": incident.disclosures,
        "finding_info": _finding_info(incident, claims, told),
        "resources": [_resource(incident)],
        "unmapped": _unmapped(incident),
    }
    if incident.cause.kind == "recipient":
        event["actor"] = {"user": {"uid": incident.cause.value}}
    return event


def _finding_info(incident: Incident, claims: Mapping[str, str], told: Occasion) -> dict[str, Any]:
    return {
        "uid": told.finding or fingerprint(incident),
        "uid_alt": incident.id,
        "title": sentences.claim(incident, claims),
        "desc": " ".join([f"Since {sentences.began(incident)}.", *(f"{why[:1].upper()}{why[1:]}." for why in incident.why)]),
        "types": [incident.detector],
        "analytic": {"name": incident.detector, "uid": incident.detector, "type_id": 1, "type": "Rule"},
        "created_time": epoch_ms(told.made),
        "first_seen_time": epoch_ms(incident.since),
        "last_seen_time": epoch_ms(incident.until),
        "data_sources": list(told.sources),
    }


def _resource(incident: Incident) -> dict[str, Any]:
    """Return what the data were shown through. Only a resource may carry data classes: the event classes themselves must not."""
    categories = dict.fromkeys(_CATEGORY.get(name, _PERSONAL) for name in incident.data)
    resource: dict[str, Any] = {"name": incident.channel, "type": "channel", "role_id": 3, "role": "Affected"}
    if incident.cause.kind != "recipient":
        resource |= {"uid": incident.cause.value, "type": incident.cause.kind}
    if categories:
        resource["data_classifications"] = [{"category_id": number, "category": name} for number, name in categories]
    return resource


def _unmapped(incident: Incident) -> dict[str, Any]:
    """Return what OCSF has no word for: bounds, recipients, an interval of severity, and the lines that prove it."""
    scope = msgspec.to_builtins(incident)
    kept = ("customers", "recipients", "data", "cause", "severity", "test_accounts", "evidence", "why")
    return {name: scope[name] for name in kept} | {"since_earliest": iso(incident.since_earliest) if incident.since_earliest else None}


def _incident(result: Result, claims: Mapping[str, str]) -> dict[str, Any]:
    found = result.incidents
    severity_id, severity = max((_SEVERITY.get(i.severity.high, (0, "Unknown")) for i in found), key=lambda pair: pair[0])
    return _event(result.made, result.schema, ("Findings", "Incident Finding", "Create"), 2005, 1) | {
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "desc": sentences.headline(result).sentence,
        "is_suspected_breach": any(i.evidence_kind is not Evidence.WEAK for i in found),
        "assignee_group": {"name": "unassigned"},  # the class demands somebody; nobody has been named yet
        "start_time": epoch_ms(min(i.since for i in found)),
        "end_time": epoch_ms(max(i.until for i in found)),
        "count": len(found),
        "finding_info_list": [_finding_info(i, claims, _told(result, i)) for i in found],
    }
