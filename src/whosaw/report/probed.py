"""What does a person see of a run of probes? The verdict, then the doubts, then each finding with its proof, then what was done."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from whosaw.probes.asking.findings import CLAIMS
from whosaw.report.figures import counted, number, share
from whosaw.report.terminal import Page

if TYPE_CHECKING:
    from rich.console import Console

    from whosaw.probes.asking.findings import Check, Evidence, Finding, Outcome

PAIRS_SHOWN = 3
DOUBTS_SHOWN = 12
PAGES_SHOWN = 3


def render(outcome: Outcome, console: Console) -> None:
    """Print the answer. Colour only repeats what the words say."""
    page = Page(console)
    page.line(f"{headline(outcome)}: {outcome.target}", "bold red" if outcome.findings else "bold")
    page.row("asked", _asked(outcome))
    for doubt in outcome.doubts[:DOUBTS_SHOWN]:
        page.row("doubt", doubt)
    if len(outcome.doubts) > DOUBTS_SHOWN:
        page.row("doubt", f"and {len(outcome.doubts) - DOUBTS_SHOWN} more, in --out json=PATH")
    for finding in outcome.findings:
        _finding(page, finding)
    _weaknesses(page, outcome)
    page.blank()
    page.line("CHECKS", "bold")
    for check in outcome.checks:
        page.row(check.probe, told(check))


def headline(outcome: Outcome) -> str:
    """Return the verdict in a few words; what was not looked at is no "none"."""
    if outcome.findings:
        return f"{counted(len(outcome.findings), 'LEAK', 'LEAKS')} PROVED"
    if outcome.void:
        return "NOTHING IS PROVED: the run is void"
    return "NO LEAK FOUND in a part of what was to be asked" if outcome.partial else "NO LEAK FOUND in what could be asked"


def told(check: Check) -> str:
    """Return what a check did and what that is worth."""
    if check.state == "not asked":
        return "; ".join(["not asked", *check.notes])
    worth = f"a share above {_percent(check.bound)} would have been seen (95 %)" if check.state == "clean" else ""
    parts = [check.state, counted(check.checks, "answer") + " held against the markers", worth, *check.notes]
    return "; ".join(part for part in parts if part)


def proof(evidence: Evidence) -> str:
    """Return who saw or changed whose data, and where it stood."""
    did = "changed" if evidence.place == "read-back" else "saw"
    who = f"`{evidence.other}` ({evidence.relation})" if evidence.other != evidence.relation else "a visitor without a login"
    return f"{who} {did} `{evidence.owner}`: {evidence.excerpt} in {evidence.place}"


def _asked(outcome: Outcome) -> str:
    return (
        f"{counted(outcome.operations, 'operation')}, {number(outcome.provable)} of them show an owner's marker; "
        f"as {', '.join(outcome.identities) or 'nobody'}; {counted(outcome.requests, 'request')} in "
        f"{(outcome.until - outcome.made).total_seconds():.0f} s"
    )


def _finding(page: Page, finding: Finding) -> None:
    page.blank()
    page.line(f"{finding.id} {finding.kind}  {finding.operation}", "bold")
    page.row("", CLAIMS[finding.kind])
    for evidence in finding.evidence[:PAIRS_SHOWN]:
        _evidence(page, evidence)
    if len(finding.evidence) > PAIRS_SHOWN:
        page.row("", f"and {counted(len(finding.evidence) - PAIRS_SHOWN, 'more proof')}")
    page.row("repeat", finding.evidence[0].curl)


def _evidence(page: Page, evidence: Evidence) -> None:
    page.row("proof", proof(evidence))
    if evidence.baseline is not None:
        page.row("owner", f"{evidence.baseline.request} -> {evidence.baseline.status}, {number(evidence.baseline.bytes)} bytes")
    page.row("other", f"{evidence.proof.request} -> {evidence.proof.status}, {number(evidence.proof.bytes)} bytes; {evidence.how}")


def _weaknesses(page: Page, outcome: Outcome) -> None:
    """Print weaknesses by their text: one fault of a server shows on every page."""
    pages: dict[tuple[str, str], list[str]] = defaultdict(list)
    for weakness in outcome.weaknesses:
        pages[weakness.kind, weakness.text].append(weakness.operation)
    if pages:
        page.blank()
        page.line("WEAKNESSES, which prove no disclosure", "bold")
    for (kind, text), operations in pages.items():
        more = f" and {len(operations) - PAGES_SHOWN} more" if len(operations) > PAGES_SHOWN else ""
        page.row(kind, f"{text}: {', '.join(operations[:PAGES_SHOWN])}{more}")


def _percent(part: float) -> str:
    return share(round(part * 1_000_000), 1_000_000)
