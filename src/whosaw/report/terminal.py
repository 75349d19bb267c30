"""What does a person see on the terminal? The verdict, then the doubts, then the detail; whatever would mislead stands first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from whosaw.report import sentences
from whosaw.report.figures import bound, counted, lasting, moment, number, visible
from whosaw.report.sentences import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from whosaw.model import Coverage, Incident, Repair, Result

WIDTH = 100
_LABEL = 16
INCIDENTS_SHOWN = 20
WHY_SHOWN = 3
DOUBTS_SHOWN = 12
REPAIRS_SHOWN = 8

_VERDICT = {
    State.FOUND: "UNENTITLED DISCLOSURES FOUND",
    State.CLEAN: "NO UNENTITLED DISCLOSURE FOUND in what could be judged",
    State.UNJUDGED: "NOTHING COULD BE JUDGED",
    State.NOT_SHOWN: "NOTHING TO JUDGE: no line shows a customer's data",
    State.NOT_READ: "NOTHING LOOKED AT: no line was read",
}
_STYLE = {State.FOUND: "bold red", State.CLEAN: "bold"}


def render(result: Result, console: Console) -> None:
    """Print the answer. Colour only repeats what the words say; at most 100 columns are used."""
    page = Page(console)
    _verdict(page, result)
    _doubts(page, result)
    _incidents(page, result.incidents)
    _repairs(page, result.repairs)
    _coverage(page, result)
    _next(page, result)


class Page:
    """Prints labelled rows that wrap under themselves. Takes text, never markup: a log's `[bold]` stays what it is."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = min(console.width, WIDTH)

    def line(self, text: str, style: str = "") -> None:
        """Print a text, wrapped."""
        from rich.text import Text

        for part in Text(visible(text), style).wrap(self.console, self.width):
            part.rstrip()
            self.console.print(part, no_wrap=True, overflow="ignore", crop=False, highlight=False)

    def row(self, label: str, text: str) -> None:
        """Print a text beside its label, wrapped under itself."""
        from rich.text import Text

        head = f"  {visible(label)}"
        if len(head) >= _LABEL:
            self.line(head, "dim")
            head = ""
        for part in Text(visible(text)).wrap(self.console, max(20, self.width - _LABEL)):
            part.rstrip()
            self.console.print(Text(head.ljust(_LABEL), "dim") + part, no_wrap=True, overflow="ignore", crop=False, highlight=False)
            head = ""

    def blank(self) -> None:
        """Print an empty line."""
        self.console.print()


def _verdict(page: Page, result: Result) -> None:
    head = sentences.headline(result)
    for warning in head.warnings:
        page.line(f"CAREFUL  {warning}", "bold yellow")
    page.line(_VERDICT[head.state], _STYLE.get(head.state, "bold yellow"))
    page.line(f"  {sentences.funnel(result)}")


def _incidents(page: Page, incidents: list[Incident]) -> None:
    for incident in incidents[:INCIDENTS_SHOWN]:
        page.blank()
        page.line(f"{incident.id}  {incident.detector} in {incident.channel}", "bold")
        page.row("since", sentences.began(incident))
        page.row("until", f"{moment(incident.until)} last seen")
        page.row("customers", f"{bound(incident.customers)}; {sentences.registered_tests(incident)}")
        page.row("recipients", sentences.recipients(incident.recipients))
        page.row("data", f"{sentences.data(incident.data)}; {incident.cause.kind} {incident.cause.value}")
        page.row("weight", _weight(incident))
        _capped(page, "why bounds", incident.why, WHY_SHOWN, "more reasons")
    if len(incidents) > INCIDENTS_SHOWN:
        page.blank()
        page.line(f"... and {counted(len(incidents) - INCIDENTS_SHOWN, 'more incident')}: whosaw report --out html=report.html")


def _weight(incident: Incident) -> str:
    return (
        f"severity {sentences.severity(incident.severity)}; {counted(incident.disclosures, 'disclosure')}; "
        f"evidence {incident.evidence_kind.value}: {sentences.PROOF[incident.evidence_kind]}"
    )


def _capped(page: Page, label: str, texts: Iterable[str], most: int, more: str) -> None:
    texts = list(texts)
    for i, text in enumerate(texts[:most]):
        page.row(label if i == 0 else "", text)
    if len(texts) > most:
        page.row("", f"... and {len(texts) - most} {more}")


def _doubts(page: Page, result: Result) -> None:
    found = sentences.doubts(result)
    page.blank()
    page.line("DOUBTS", "bold")
    if not found:
        page.line("  none: every line was read, all that was shown was judged, and no source was silent")
    kind = ""
    for doubt in found[:DOUBTS_SHOWN]:
        page.row("" if doubt.kind == kind else doubt.kind, doubt.text)
        kind = doubt.kind
    if len(found) > DOUBTS_SHOWN:
        page.row("", f"... and {len(found) - DOUBTS_SHOWN} more")


def _repairs(page: Page, repairs: list[Repair]) -> None:
    if not repairs:
        return
    page.blank()
    page.line("LOOKS LIKE A MISSING ENTITLEMENT  not counted as an incident; add it only if you can vouch for it", "bold")
    for repair in repairs[:REPAIRS_SHOWN]:
        shown = f"{counted(repair.disclosures, 'disclosure')} of {counted(repair.customers, 'customer')}"
        page.row(repair.id, f"missing {repair.basis}: {repair.sentence} ({shown})")
        page.row("", repair.command)
    if len(repairs) > REPAIRS_SHOWN:
        page.row("", f"... and {len(repairs) - REPAIRS_SHOWN} more")


def _coverage(page: Page, result: Result) -> None:
    read = result.read
    page.blank()
    page.line("READ", "bold")
    page.line(
        f"  {counted(read.lines, 'line')} = {counted(read.disclosures, 'disclosure')} + {number(read.rejected)} unreadable "
        f"+ {number(read.other)} that show no customer's data"
    )
    for coverage in result.coverage:
        page.row(coverage.source, _covered(coverage))


def _covered(coverage: Coverage) -> str:
    if coverage.since is None or coverage.until is None:
        return "- not looked at: no line with a time"
    silent = [g.until - g.since for g in coverage.gaps]
    holes = f"{counted(len(silent), 'gap')} ({lasting(sum(silent, timedelta()))})" if silent else "no gap"
    return f"{moment(coverage.since)} to {moment(coverage.until)}, {counted(coverage.lines, 'line')}, {holes}"


def _next(page: Page, result: Result) -> None:
    steps = [f"whosaw explain {result.incidents[0].id}"] if result.incidents else []
    steps += [f"whosaw repair {result.repairs[0].id}"] if result.repairs and not steps else []
    page.blank()
    page.row("next", " | ".join([*steps, "whosaw report --out html=report.html"]))
