"""What really happened? Every leaking row is noted as it is written, so that a test can compare an answer line by line."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.clockwork import iso_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrueIncident:
    """One leak: its shape, its true and its loggable scope. Times are ISO 8601 in UTC, identifiers are clear."""

    scenario: str
    detectors: tuple[str, ...]
    channel: str
    first: str
    first_true: str
    last: str
    rows: int
    customers: tuple[str, ...]
    customers_true: tuple[str, ...]
    recipients: tuple[str, ...]
    cause: dict[str, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened: the incidents, every unentitled row, honest mistakes among them, and hours without a log."""

    seed: int
    scenarios: tuple[str, ...]
    incidents: tuple[TrueIncident, ...]
    unentitled_rows: tuple[tuple[str, int], ...]
    mistakes: tuple[tuple[str, int], ...]
    gaps: tuple[tuple[str, str, str], ...]

    def save(self, path: Path) -> None:
        """Write the truth as JSON."""
        path.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")


class _Row(NamedTuple):
    ms: int
    customer: str
    recipient: str
    cause: str
    file: str
    line: int


@dataclass(slots=True)
class Case:
    """A leak in the making: what kind it is, and the rows noted so far."""

    scenario: str
    detectors: tuple[str, ...]
    channel: str
    cause_kind: str
    rows: list[_Row] = field(default_factory=list)

    def seen(self, customer: str, recipient: str, cause: str) -> Seen:
        """Return the mark of one leaking row: whose data, shown to whom, through which route, header or recipient."""
        return Seen(self, customer, recipient, cause)

    def incident(self) -> TrueIncident:
        """Return the scope of all noted rows. A case without rows has no scope: ask `rows` first."""
        logged = [row for row in self.rows if row.line]
        causes = Counter(row.cause for row in logged)
        return TrueIncident(
            scenario=self.scenario,
            detectors=self.detectors,
            channel=self.channel,
            first=iso_ms(min(row.ms for row in logged)),
            first_true=iso_ms(min(row.ms for row in self.rows)),
            last=iso_ms(max(row.ms for row in logged)),
            rows=len(logged),
            customers=_distinct(row.customer for row in logged),
            customers_true=_distinct(row.customer for row in self.rows),
            recipients=_distinct(row.recipient for row in logged),
            cause={"kind": self.cause_kind, "value": min(causes, key=lambda cause: (-causes[cause], cause))},
        )


class Seen(NamedTuple):
    """The mark of one leaking row."""

    case: Case
    customer: str
    recipient: str
    cause: str

    def logged(self, ms: int, file: str, line: int) -> None:
        """Note that the row was written: in which file, on which physical line."""
        self.case.rows.append(_Row(ms, self.customer, self.recipient, self.cause, file, line))

    def unlogged(self, ms: int) -> None:
        """Note that it happened while nothing was written."""
        self.logged(ms, "", 0)


def conclude(seed: int, scenarios: Sequence[str], cases: Iterable[Case], mistakes: Case, gaps: Iterable[tuple[str, int, int]]) -> Truth:
    """Return the truth of a finished drill."""
    cases = list(cases)
    leaks = [case.incident() for case in cases if any(row.line for row in case.rows)]
    return Truth(
        seed=seed,
        scenarios=tuple(scenarios),
        incidents=tuple(sorted(leaks, key=lambda leak: (leak.first, leak.scenario, leak.recipients))),
        unentitled_rows=_places([*cases, mistakes]),
        mistakes=_places([mistakes]),
        gaps=tuple((file, iso_ms(since * 1_000), iso_ms(until * 1_000)) for file, since, until in gaps),
    )


def _places(cases: Iterable[Case]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((row.file, row.line) for case in cases for row in case.rows if row.line))


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
