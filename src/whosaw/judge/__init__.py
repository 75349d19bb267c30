"""The one way through the house: read, resolve, record, judge, detect, group. Everything that looks at logs goes this way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from whosaw import entitlements, incidents
from whosaw.config import seconds
from whosaw.detectors import DETECTORS
from whosaw.errors import InputError, QueryError
from whosaw.judge import apart, detect, naming, repairs, scan, verdict
from whosaw.judge.plan import plan
from whosaw.judge.read import read
from whosaw.judge.work import Case, Progress, Work, judging, opened
from whosaw.ledger import MANY_SMALL
from whosaw.ledger.coverage import covered
from whosaw.model import ReadCounts, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from whosaw.engine.door import Door
    from whosaw.ledger import FileRow
    from whosaw.model import Coverage

__all__ = ["Case", "Progress", "Work", "answer", "judged", "opened", "prepare", "read_all", "run"]

SCHEMA = "whosaw.result/1"
REJECTED_SHOWN = 100

AHEAD = timedelta(hours=1)
"""Clocks that are this much ahead are wrong, not merely not in step."""


def run(case: Case, *, made: datetime, command: str, progress: Progress, note: Callable[[Work], None] = lambda _: None) -> Result:
    """Return the judged answer of a case. `made` is the time that stands on the result; `note` hears what will be read.

    Raises the errors of `whosaw.errors`; bad lines and bad rows are never errors but counted.
    """
    with opened(case, write=True) as work:
        work.tasks, work.problems = plan(case.config, case.folder)
        note(work)
        read_all(work, progress)
        result = judged(work, made=made, command=command)
        work.ledger.keep_names([naming.known_of(incident) for incident in result.incidents])
        return result


def read_all(work: Work, progress: Progress, *, most: int = 0) -> None:
    """Read every planned file into the ledger, or the first `most` lines of each (1 read, 2 record), and keep its parts few."""
    scan.prepare(work.engine, work.case.config, work.case.folder)
    for job in work.tasks:
        try:
            read(work, job, progress=progress, most=most)
        except InputError as problem:  # logs are rotated away while others are read
            work.problems.append(f"left out: {problem.message}")
    work.ledger.compact(work.engine, least=MANY_SMALL)


def judged(work: Work, *, made: datetime, command: str, until: datetime | None = None) -> Result:
    """Return the answer for what the ledger holds (3 resolve, 4 judge, 5 detect, 6 group); with `until`, for what was shown before it.

    A damaged part of the ledger is left out, counted and told.
    """
    try:
        return _answer(work, made=made, command=command, until=until)
    except QueryError:  # damage that shows only when a column is unpacked
        if not work.ledger.set_damaged_aside():
            raise
        return _answer(work, made=made, command=command, until=until)


def _answer(work: Work, *, made: datetime, command: str, until: datetime | None) -> Result:
    with work.ledger.steady():
        return _answer_of_now(work, made=made, command=command, until=until)


def _answer_of_now(work: Work, *, made: datetime, command: str, until: datetime | None) -> Result:
    prepare(work, until)
    with judging(work, until) as engine:
        verdict.resolve(engine)
        days = work.ledger.days(until)
        verdict.judge(engine, days=days)
        settled = apart.join(engine)
        return answer(work, engine, made=made, command=command, until=until, settled=settled, days=days)[0]


def answer(  # noqa: PLR0913 - what is judged, and what stands on the answer
    work: Work,
    engine: Door,
    *,
    made: datetime,
    command: str,
    settled: bool,
    until: datetime | None = None,
    now: datetime | None = None,
    days: verdict.Days | None = None,
) -> tuple[Result, Mapping[str, str]]:
    """Return the answer for verdicts that are there (5 detect, 6 group), and which known incidents have merged into which.

    With `now`, a silence that still lasts counts; `days` are those of the disclosures, where they are known without reading any.
    """
    config = work.case.config
    lost = [part for part in work.ledger.lost() if until is None or part.since.replace(tzinfo=None) < until.replace(tzinfo=None)]
    files = work.ledger.files()
    coverage = covered(work.ledger, files, config, now=int(now.timestamp()) if now else None)
    besides = work.ledger.settled(until)
    also = apart.shown_besides(besides) if settled or besides else ""
    counted = apart.counted_with(verdict.count(engine, also=also, days=days), lost)
    detect.detect(engine, DETECTORS, config.detector, settled=settled)
    gap = seconds(config.limits.incident_gap, "limits.incident_gap")
    names = naming.Names(work.ledger.known(), timedelta(seconds=gap), BY_CHANNEL)
    found = incidents.group(engine, DETECTORS, apart.silenced(coverage, lost), {f.number: f.path for f in files}, gap, names.give)
    suggested = repairs.suggest(engine)
    result = Result(
        schema=SCHEMA,
        made=made,
        read=_read_counts(files),
        verdicts=counted.verdicts,
        coverage=coverage,
        incidents=found,
        repairs=suggested,
        cannot_judge=counted.reasons,
        rejected=(work.ledger.rejected(REJECTED_SHOWN) + work.loaded.rejected)[:REJECTED_SHOWN],
        doubts=_doubts(work, files) + _ahead(coverage, made) + apart.doubts(lost),
        timeline=[(day.replace(tzinfo=UTC), e, u, c) for day, e, u, c in counted.days],
        config_hash=work.case.config_hash,
        grouping=incidents.GROUPING,
        command=command,
        partial=bool(work.problems or lost) or any(f.broken for f in files),
    )
    return result, names.merged


BY_CHANNEL = frozenset(d.name for d in DETECTORS if d.grouped_by == "channel")


def _ahead(coverage: Sequence[Coverage], made: datetime) -> list[str]:
    """Return what must be said of sources whose clock is wrong."""
    return [
        f"`{c.source}` has lines from the future (until {c.until:%Y-%m-%d %H:%M} UTC): its clock, or its time zone, is wrong"
        for c in coverage
        if c.until is not None and c.until > made + AHEAD
    ]


def prepare(work: Work, until: datetime | None = None) -> None:
    """Load the entitlements and define `disclosures` over what the ledger holds."""
    work.ledger.open_in(work.engine, until)
    scan.speak(work.engine, work.case.config)
    work.loads = entitlements.load(work.engine, work.case.config, work.case.folder)
    repairs.load(work.engine, work.ledger)
    verdict.resolve(work.engine)


def _read_counts(files: list[FileRow]) -> ReadCounts:
    return ReadCounts(
        lines=sum(f.lines for f in files),
        disclosures=sum(f.disclosures for f in files),
        rejected=sum(f.rejected for f in files),
        other=sum(f.other for f in files),
    )


def _doubts(work: Work, files: list[FileRow]) -> list[str]:
    """Return what a reader of the answer must know before quoting it."""
    out = list(work.problems)
    out += [f"`{f.path}`: {f.broken}" for f in files if f.broken]
    out += [f"`{f.path}` is empty" for f in files if not f.lines]
    share = work.case.config.limits.max_rejected
    out += [
        f"`{f.path}`: {f.rejected:,} of {f.lines:,} lines could not be read ({f.rejected / f.lines:.1%})"
        for f in files
        if f.lines and f.rejected / f.lines > share
    ]
    loaded = work.loaded
    if loaded.rejected_count:
        out.append(f"{loaded.rejected_count:,} of {loaded.rows:,} rows of owners and entitlements make no sense and were left out")
    return out + loaded.doubts
