"""How do code-scanning and security tools take in the answer? As SARIF 2.1.0: detectors are rules, incidents are results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from whosaw import __version__
from whosaw.model import Evidence
from whosaw.report import sentences
from whosaw.report.figures import bound, counted, iso, visible
from whosaw.report.identity import address, fingerprint
from whosaw.report.json_out import encoded
from whosaw.report.sentences import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whosaw.model import Incident, Result

_LEVELS = {Evidence.CERTAIN: "error", Evidence.STRONG: "error", Evidence.WEAK: "warning"}


def render(result: Result, claims: Mapping[str, str]) -> bytes:
    """Return the answer as one SARIF run. An empty list of results means looked at and none found; doubts travel as notifications."""
    names = list(dict.fromkeys([*claims, *(i.detector for i in result.incidents)]))
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "whosaw", "semanticVersion": __version__, "rules": [_rule(name, claims) for name in names]}},
        "automationDetails": {"id": f"whosaw/{result.config_hash or 'unconfigured'}"},
        "invocations": [_invocation(result)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(incident, names, claims) for incident in result.incidents],
        "properties": {
            "read": msgspec.to_builtins(result.read),
            "verdicts": msgspec.to_builtins(result.verdicts),
            "grouping": result.grouping,
        },
    }
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return msgspec.json.format(encoded(log), indent=2) + b"\n"


def _rule(name: str, claims: Mapping[str, str]) -> dict[str, Any]:
    text = claims.get(name, f"disclosures of the shape {name}")
    return {"id": name, "shortDescription": {"text": f"{text[:1].upper()}{text[1:].rstrip('.')}."}}


def _invocation(result: Result) -> dict[str, Any]:
    head = sentences.headline(result)
    told = [("error", text) for text in head.warnings] + [("warning", f"{d.kind}: {d.text}") for d in sentences.doubts(result)]
    return {
        "executionSuccessful": head.state in {State.FOUND, State.CLEAN},
        "commandLine": visible(result.command),
        "endTimeUtc": iso(result.made),
        "toolExecutionNotifications": [{"level": level, "message": {"text": visible(text)}} for level, text in told],
    }


def _result(incident: Incident, rules: list[str], claims: Mapping[str, str]) -> dict[str, Any]:
    kept = (
        "id",
        "channel",
        "since_earliest",
        "disclosures",
        "customers",
        "recipients",
        "data",
        "cause",
        "severity",
        "test_accounts",
        "why",
    )
    scope = msgspec.to_builtins(incident)
    return {
        "ruleId": incident.detector,
        "ruleIndex": rules.index(incident.detector),
        "kind": "fail",
        "level": _LEVELS[incident.evidence_kind],
        "message": {"text": visible(_message(incident, claims))},
        "locations": [_location(text) for text in incident.evidence],
        "partialFingerprints": {"whosawIncident/v1": fingerprint(incident)},
        "occurrenceCount": incident.disclosures,
        "properties": {"evidence": incident.evidence_kind.value, "since": iso(incident.since), "until": iso(incident.until)}
        | {name: scope[name] for name in kept},
    }


def _message(incident: Incident, claims: Mapping[str, str]) -> str:
    people = incident.customers
    return (
        f"{sentences.claim(incident, claims)} ({incident.channel}, {incident.cause.kind} {incident.cause.value}). "
        f"{counted(incident.disclosures, 'disclosure')} of {bound(people)} customer{'' if people.at_most == 1 else 's'}; "
        f"since {sentences.began(incident)}."
    )


def _location(evidence: str) -> dict[str, Any]:
    file, line = address(evidence)
    uri = ("file://" if file.startswith("/") else "") + quote(file, safe="/", errors="backslashreplace")
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if line is not None:
        place["region"] = {"startLine": line}
    return {"physicalLocation": place}
