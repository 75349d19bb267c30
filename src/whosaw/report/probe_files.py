"""In which forms do the findings of probes go to other tools? JSON for machines, JUnit for build servers, SARIF for code scanning."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import msgspec

from whosaw import __version__
from whosaw.probes.asking.findings import CLAIMS
from whosaw.report.figures import iso, visible
from whosaw.report.json_out import encoded
from whosaw.report.probed import proof, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whosaw.probes.asking.findings import Check, Finding, Outcome, Weakness

WEAKNESSES = {
    "cache-headers": "a personal page does not forbid shared caches to keep it",
    "existence-oracle": "a refusal tells whether a record exists",
    "no-limit": "nothing stops who asks for record after record",
}


def json(outcome: Outcome, _kinds: Mapping[str, tuple[str, ...]]) -> bytes:
    """Return the answer as JSON, schema `whosaw.probe/1`."""
    return msgspec.json.format(encoded(outcome), indent=2) + b"\n"


def junit(outcome: Outcome, kinds: Mapping[str, tuple[str, ...]]) -> bytes:
    """Return a suite with a case per probe: failed with its findings, in error when void, skipped when not asked."""
    seconds = f"{(outcome.until - outcome.made).total_seconds():.3f}"
    states = [check.state for check in outcome.checks]
    suite = ET.Element(
        "testsuite",
        name=f"whosaw probe: {visible(outcome.target)}",
        tests=str(len(states)),
        failures=str(states.count("found")),
        errors=str(states.count("void")),
        skipped=str(states.count("not asked")),
        time=seconds,
        timestamp=iso(outcome.made),
    )
    for check in outcome.checks:
        case = ET.SubElement(suite, "testcase", classname="whosaw.probe", name=check.probe, time="0")
        _case(case, check, [finding for finding in outcome.findings if finding.kind in kinds.get(check.probe, ())])
    if outcome.doubts:
        ET.SubElement(suite, "system-out").text = "\n".join(map(visible, outcome.doubts))
    root = ET.Element("testsuites")
    root.append(suite)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def sarif(outcome: Outcome, _kinds: Mapping[str, tuple[str, ...]]) -> bytes:
    """Return the answer as one SARIF 2.1.0 run: findings are errors, weaknesses notes, doubts notifications."""
    rules = {**CLAIMS, **WEAKNESSES}
    names = list(rules)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "whosaw",
                "semanticVersion": __version__,
                "rules": [{"id": name, "shortDescription": {"text": f"{text[:1].upper()}{text[1:]}."}} for name, text in rules.items()],
            }
        },
        "automationDetails": {"id": f"whosaw/probe/{visible(outcome.target)}"},
        "invocations": [
            {
                "executionSuccessful": not (outcome.void or outcome.partial),
                "endTimeUtc": iso(outcome.until),
                "toolExecutionNotifications": [{"level": "warning", "message": {"text": visible(text)}} for text in outcome.doubts],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_proved(finding, names) for finding in outcome.findings] + [_weak(weakness, names) for weakness in outcome.weaknesses],
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return msgspec.json.format(encoded({"$schema": schema, "version": "2.1.0", "runs": [run]}), indent=2) + b"\n"


FORMATS: dict[str, Callable[[Outcome, Mapping[str, tuple[str, ...]]], bytes]] = {"json": json, "junit": junit, "sarif": sarif}


def _case(case: ET.Element, check: Check, findings: list[Finding]) -> None:
    if check.state == "found":
        failure = ET.SubElement(case, "failure", message=visible(f"not so: {check.claim}"), type="disclosure")
        failure.text = _visible_lines([f"{finding.id} {finding.kind} {finding.operation}\n{_proof(finding)}" for finding in findings])
    elif check.state == "void":
        ET.SubElement(case, "error", message=visible(told(check)), type="void")
    elif check.state == "not asked":
        ET.SubElement(case, "skipped", message=visible(told(check)))
    else:
        ET.SubElement(case, "system-out").text = visible(told(check))


def _proof(finding: Finding) -> str:
    first = finding.evidence[0]
    return f"{proof(first)}\n{first.proof.request} -> {first.proof.status}\n{first.curl}"


def _visible_lines(texts: list[str]) -> str:
    """Return texts below each other in which nothing but the ends of lines is invisible."""
    return "\n".join(visible(line) for text in texts for line in text.split("\n"))


def _proved(finding: Finding, names: list[str]) -> dict[str, Any]:
    text = f"{CLAIMS[finding.kind]}. {_proof(finding)}"
    return _result(finding.kind, finding.operation, names, level="error", text=text) | {"occurrenceCount": len(finding.evidence)}


def _weak(weakness: Weakness, names: list[str]) -> dict[str, Any]:
    return _result(weakness.kind, weakness.operation, names, level="note", text=weakness.text)


def _result(kind: str, operation: str, names: list[str], *, level: str, text: str) -> dict[str, Any]:
    name = hashlib.sha256(f"{kind}\x1f{operation}".encode()).hexdigest()[:32]
    return {
        "ruleId": kind,
        "ruleIndex": names.index(kind),
        "kind": "fail",
        "level": level,
        "message": {"text": _visible_lines([text])},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _address(operation)}},
                "logicalLocations": [{"fullyQualifiedName": visible(operation), "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"whosawProbe/v1": name},
    }


def _address(operation: str) -> str:
    """Return the path of an operation as a relative address: code scanning shows nothing that lies nowhere."""
    path = operation.partition(" ")[2].partition("?")[0]
    return quote(path.strip("/") or "index", safe="/")
