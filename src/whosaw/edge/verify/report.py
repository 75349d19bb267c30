"""What did the probes find, for people who were not there, and for tools that read JUnit?"""

from __future__ import annotations

from typing import Literal
from xml.etree import ElementTree as ET

import msgspec

from whosaw.edge.verify.sending import Result

SCHEMA = "whosaw.edge-verify/1"


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was left out, and the probe that noticed; none if nobody did."""

    rule: str
    noticed_by: str = ""
    why: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The findings about one proxy with one policy."""

    schema: str = SCHEMA
    policy: str
    catalogue: str
    target: str
    version: str
    proxy: Literal["started", "staging"]
    begun: str
    ended: str
    cpu_milliseconds: int
    accepted: tuple[str, ...]
    results: tuple[Result, ...]
    mutants: tuple[Mutant, ...] = ()

    def count(self, state: str) -> int:
        """How many probes ended so."""
        return sum(result.state == state for result in self.results)

    @property
    def survivors(self) -> tuple[Mutant, ...]:
        """The rules that nobody missed."""
        return tuple(mutant for mutant in self.mutants if not mutant.noticed_by)

    @property
    def exit_code(self) -> int:
        """1 if a claim is broken or a rule was not missed, 3 if something could not be concluded, else 0."""
        if self.count("broken") or self.survivors:
            return 1
        return 3 if self.count("inconclusive") else 0


_KINDS = {"broken": "failure", "inconclusive": "error", "not expressible": "skipped"}


def junit(report: Report) -> bytes:
    """Return the report as JUnit: a broken claim is a failure, an inconclusive one an error, one without occasion is skipped."""
    suite = ET.Element("testsuite", name=f"whosaw edge verify {report.target}")
    for result in report.results:
        spent = f"{result.milliseconds / 1000:.3f}"
        case = ET.SubElement(suite, "testcase", name=result.probe, classname=report.target, time=spent)
        if result.state in _KINDS:
            ET.SubElement(case, _KINDS[result.state], message="; ".join(result.why) or result.state)
    for mutant in report.survivors:
        case = ET.SubElement(suite, "testcase", name=f"without {mutant.rule}", classname=report.target)
        ET.SubElement(case, "failure", message="no probe noticed that this rule was left out")
    for name, tag in {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        suite.set(name, str(len(list(suite.iter(tag)))))
    written: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return written
