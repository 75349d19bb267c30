"""How do code-scanning tools take in what the lint of the edge found? As SARIF 2.1.0, each finding at its line."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from whosaw import __version__
from whosaw.report.figures import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.edge.lint import Finding, Lint


def render(findings: Sequence[Finding], rules: Sequence[Lint]) -> bytes:
    """Return the findings as one SARIF run; rules that found nothing are named too."""
    names = [rule.id for rule in rules]
    run = {
        "tool": {"driver": {"name": "whosaw", "semanticVersion": __version__, "rules": [_rule(rule) for rule in rules]}},
        "automationDetails": {"id": "whosaw/edge-lint"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, names) for finding in findings],
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return msgspec.json.format(msgspec.json.encode({"$schema": schema, "version": "2.1.0", "runs": [run]}), indent=2) + b"\n"


def _rule(rule: Lint) -> dict[str, Any]:
    claim = f"{rule.claim[:1].upper()}{rule.claim[1:]}."
    level = {"level": rule.level.value}
    return {"id": rule.id, "shortDescription": {"text": claim}, "help": {"text": rule.hint}, "defaultConfiguration": level}


def _result(finding: Finding, names: list[str]) -> dict[str, Any]:
    mark = hashlib.sha256(f"{finding.rule}\x1f{finding.file}\x1f{finding.what}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    uri = ("file://" if finding.file.startswith("/") else "") + quote(finding.file, safe="/", errors="surrogatepass")
    return {
        "ruleId": finding.rule,
        "ruleIndex": names.index(finding.rule),
        "level": finding.level.value,
        "message": {"text": visible(f"{finding.claim}: {finding.what} ({finding.hint})")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": finding.line}}}],
        "partialFingerprints": {"whosawLint/v1": mark},
    }
