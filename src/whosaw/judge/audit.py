"""Does the ledger still say what the sources say? Every file is read again into nothing, and every part is read to its last byte."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from whosaw.engine.inputs import Input
from whosaw.errors import ConfigError, InputError, WhosawError
from whosaw.judge import scan
from whosaw.judge.plan import plan, task
from whosaw.judge.read import recount
from whosaw.ledger import FileRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whosaw.judge.work import Progress, Task, Work


class State(StrEnum):
    """What became of a recorded file."""

    SAME = "same"
    GONE = "gone"
    CHANGED = "changed"
    DIFFERS = "differs"
    """Its content is the same, and reading it again does not give what is recorded."""


COUNTS = ("lines", "disclosures", "rejected", "other")


@dataclass(frozen=True)
class FileCheck:
    """One recorded file, and what was found of it."""

    file: FileRow
    state: State
    found: str = ""
    """In words: where it lies now, or what differs."""


@dataclass
class Audit:
    """What was found of a whole ledger."""

    files: list[FileCheck] = field(default_factory=list)
    parts: int = 0
    rows: int = 0
    damaged: list[str] = field(default_factory=list)
    """Parts that are not, byte for byte, what was written."""
    lost: list[str] = field(default_factory=list)
    """Parts that were found damaged before and have been set aside."""
    miscounted: list[str] = field(default_factory=list)
    """Files of which the parts do not hold as many disclosures as are recorded."""

    def of(self, state: State) -> list[FileCheck]:
        """Return the files in one state."""
        return [check for check in self.files if check.state is state]

    @property
    def differs(self) -> bool:
        """Whether something is not as it was recorded."""
        return bool(self.of(State.CHANGED) or self.of(State.DIFFERS) or self.damaged or self.miscounted)

    @property
    def incomplete(self) -> bool:
        """Whether something could not be looked at."""
        return bool(self.of(State.GONE) or self.lost)


def verify(work: Work, *, progress: Progress) -> Audit:
    """Return what a ledger's files, parts and counts are now. Nothing is changed, and nothing that is read is kept."""
    scan.prepare(work.engine, work.case.config, work.case.folder)
    audit = Audit()
    with work.ledger.steady():
        files = work.ledger.files()
        listed = work.ledger.parts()
        audit.parts, audit.rows = len(listed), sum(part.rows for part in listed)
        audit.damaged = [part.name for part in work.ledger.damaged()]
        audit.lost = [part.name for part in work.ledger.lost()]
        if not audit.damaged:
            work.ledger.open_in(work.engine)
            audit.miscounted = _miscounted(work, files)
    places = _places(work, files)
    # After a rotation the name of a log stands for the next one: then the former is gone, and not changed.
    named = Counter(file.path for file in files)
    audit.files = [_checked(work, file, places.get(file.number), progress, shared=named[file.path] > 1) for file in files]
    return audit


def _miscounted(work: Work, files: Sequence[FileRow]) -> list[str]:
    """Return the files whose rows in the parts, kept rows and settled numbers are not as many as recorded; lost parts explain too few."""
    query = "select id >> 32, count(*) from {} group by 1"
    live = {int(file): int(n) for file, n in work.engine.rows(query.format("disclosures_read"))}
    kept = {int(file): int(n) for file, n in work.engine.rows(query.format("kept_read"))}
    may_miss = sum(part.rows for part in work.ledger.lost())
    found = []
    for file in files:
        counted, settled = work.ledger.settled_of(file.number)
        have = live.pop(file.number, 0) + counted + kept.pop(file.number, 0)
        if not have <= file.disclosures <= have + may_miss:
            found.append(f"{file.path}: {file.disclosures:,} disclosures recorded, {have:,} there ({settled:,} settled)")
    return found + [f"{n:,} disclosures of a file that is not recorded" for n in [*live.values(), *kept.values()]]


def _places(work: Work, files: Sequence[FileRow]) -> Mapping[int, Task]:
    """Return where the content of each recorded file lies now, under whatever name, by its whole fingerprint."""
    found: dict[int, Task] = {}
    for job in _jobs(work, files):
        alike = [row for row in files if row.source == job.source.name and row.number not in found]
        if not alike:
            continue
        try:
            source_file = Input(job.path)
            marks = source_file.marks(sorted({row.size for row in alike}))
        except InputError:
            continue
        found |= {row.number: job for row in alike if marks.get(row.size) == row.digest}
    return found


def _jobs(work: Work, files: Sequence[FileRow]) -> list[Task]:
    """Return every file that may hold a recorded content: those of the configuration, and those that were read, if they are there."""
    try:
        jobs = plan(work.case.config, work.case.folder)[0]
    except ConfigError:  # a pattern that matches nothing any more: all of its files are gone
        jobs = []
    seen = {(job.source.name, job.path.resolve()) for job in jobs}
    sources = {source.name: (f"source[{i}]", source) for i, source in enumerate(work.case.config.source)}
    for file in files:
        path = work.case.folder / file.path
        if file.source in sources and path.is_file() and (file.source, path.resolve()) not in seen:
            key, source = sources[file.source]
            try:
                jobs.append(task(path, source, folder=work.case.folder, key=key))
            except WhosawError:
                continue
    return jobs


def _checked(work: Work, file: FileRow, place: Task | None, progress: Progress, *, shared: bool) -> FileCheck:
    if not file.size:  # it is the beginning of any file
        return FileCheck(file, State.SAME if (work.case.folder / file.path).is_file() else State.GONE)
    if place is None:
        there = (work.case.folder / file.path).is_file()
        return FileCheck(file, State.CHANGED if there and not shared else State.GONE)
    try:
        again = recount(work, place, file.size, progress)
    except WhosawError as problem:
        return FileCheck(file, State.DIFFERS, f"cannot be read again: {problem.message}")
    differ = [
        f"{getattr(again, name):,} {name}, {getattr(file, name):,} recorded"
        for name in COUNTS
        if getattr(again, name) != getattr(file, name)
    ]
    if differ:
        return FileCheck(file, State.DIFFERS, "; ".join(differ))
    return FileCheck(file, State.SAME, "" if place.shown == file.path else f"now {place.shown}")
