"""The watch itself: record what is new, judge it, tell what it means, say how it stands, and again. Everything else here is one of its hands."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from whosaw.config import seconds
from whosaw.config.watching import endpoint
from whosaw.detectors import DETECTORS
from whosaw.errors import StorageError
from whosaw.judge import naming
from whosaw.judge.work import opened
from whosaw.model import Result
from whosaw.watch import message, metrics, outbox, tell
from whosaw.watch.intake import Intake, Taken
from whosaw.watch.live import Live
from whosaw.watch.message import Message
from whosaw.watch.receive import Limits, Receiver, listeners
from whosaw.watch.record import FILE, Record
from whosaw.watch.spool import Spool
from whosaw.watch.status import SourceStatus, Status, pack, state

if TYPE_CHECKING:
    import sqlite3
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from whosaw.judge.work import Case, Work
    from whosaw.ledger import FileRow
    from whosaw.model import Incident
    from whosaw.watch.record import Revision

GROWTH = timedelta(minutes=10)
"""An incident that merely grows gets a revision this often."""

AT_LEAST = 20.0
"""Seconds after which the answer is given again though nothing came: a source that is silent by now must not look like calm."""

TIDIED = 120.0
"""Seconds between two looks whether small parts of the ledger should be merged, and spooled messages removed."""

BACKLOG = 1 << 20
"""With so many bytes waiting on the disk, the next batch begins at once."""

SILENT = timedelta(days=1)
"""A source without a line for so long is silent whatever is usual for it."""

PATIENCE = 30.0
"""Seconds for which a watch that ends waits for messages to be taken."""

DOUBTS_TOLD = 5

CLAIMS = {detector.name: detector.claim for detector in DETECTORS}


@contextmanager
def watching(
    case: Case, *, now: Callable[[], datetime], command: str, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[Watcher]:
    """Open a watch for the length of a `with`: it listens and sends from then on. Raises what the configuration has wrong."""
    case = replace(case, ledger=case.ledger.resolve())
    settings = case.config.watch
    to = tell.addressees(settings, case.folder)
    with ExitStack() as stack:
        work = stack.enter_context(opened(case, write=True))
        record = stack.enter_context(Record(case.ledger, more_tables=outbox.TABLES))
        spool = Spool(case.ledger, limit=settings.spool_mib << 20)
        limits = Limits(message=settings.message_kib << 10, connections=settings.connections)
        receiver = Receiver(listeners(case.config.source, case.folder), spool, now=now, limits=limits)
        teller = tell.Teller(
            case.ledger / FILE, to, now=now, keep_trying=timedelta(seconds=seconds(settings.keep_trying, "watch.keep_trying"))
        )
        watch = Watcher(work, record, spool, receiver, teller, to, now=now, command=command, monotonic=monotonic)
        stack.callback(watch.intake.close)
        receiver.start()
        stack.callback(receiver.stop)
        teller.start()
        stack.callback(teller.stop)
        if settings.metrics:
            stack.callback(metrics.serve(endpoint(settings.metrics), lambda: watch.status, now).stop)
        yield watch


@dataclass
class Step:
    """What one batch brought."""

    lines: int = 0
    more: bool = False
    """Whether as much again waits on the disk."""
    result: Result | None = None
    """The answer, if it was given."""
    told: list[Message] = field(default_factory=list)


class Watcher:
    """An opened watch: let it `step`, or `run`."""

    def __init__(  # noqa: PLR0913 - its hands
        self,
        work: Work,
        record: Record,
        spool: Spool,
        receiver: Receiver,
        teller: tell.Teller,
        to: Sequence[tell.Addressee],
        *,
        now: Callable[[], datetime],
        command: str,
        monotonic: Callable[[], float],
    ) -> None:
        """Judge what the ledger holds, and be ready for what comes."""
        self._work, self._record, self._spool, self._receiver, self._teller, self._to = work, record, spool, receiver, teller, to
        self._now, self._monotonic, self._command = now, monotonic, command
        self.live = Live(work, clock=monotonic())
        self.intake = Intake(work, spool, monotonic=monotonic)
        self.status: Status | None = None
        """How it stands since the last batch."""
        self._started = now()
        self._unjudged = Taken()
        self._unjudged_since: datetime | None = None
        self._result: Result | None = None
        self._stale, self._may_answer, self._tidied, self._batches = True, 0.0, monotonic(), 0
        self._trouble, self._began = "", monotonic()

    def run(self, stop: threading.Event, note: Callable[[Step], None]) -> None:
        """Watch until `stop` is set; `note` hears of every batch. A full disk is waited for, and shown meanwhile."""
        batch = seconds(self._work.case.config.watch.batch, "watch.batch")
        while not stop.is_set():
            began = self._monotonic()
            step = self.step()
            note(step)
            if not step.more:
                stop.wait(max(0.0, began + batch - self._monotonic()))
        note(self.step(answer=True))

    def once(self, note: Callable[[Step], None]) -> None:
        """Take all that is there and end: nobody waits for more of any file, and messages are waited for within reason."""
        quiet = 0
        while quiet < 2:  # a compressed file is read once it was found unchanged
            step = self.step(ending=True, answer=False)
            note(step)
            quiet = 0 if step.lines or step.more else quiet + 1
        end = self.step(ending=True, answer=True)
        if end.result is None:
            raise StorageError(self._trouble, hint="free some space, and run it again: it goes on where the ledger stands")
        note(end)
        until = self._monotonic() + PATIENCE
        while any(channel.waiting for channel in self._teller.standing()) and self._monotonic() < until:
            self._teller.nudge()
            time.sleep(0.05)
        self._say(0.0, {})

    def step(self, *, ending: bool = False, answer: bool | None = None) -> Step:
        """Record and judge what is new, tell what it means, and say how the watch stands.

        Whether the answer is given is decided here, unless `answer` says so.
        """
        began = self._monotonic()
        step, lines = Step(), dict[str, int]()
        try:
            lines = self._take(began, ending=ending)
            self._stale |= self.live.reconsider(began)
            due = began >= self._may_answer + (0.0 if self._stale else AT_LEAST)
            if due if answer is None else answer:
                step.result, step.told = self._answer()
            if began - self._tidied >= TIDIED:
                self._tidy(began)
            self._trouble = ""
        except StorageError as problem:
            self._trouble = problem.message
        self._batches += 1
        step.lines = sum(lines.values())
        step.more = bool(lines) and sum(follower.behind for follower in self.intake.followers.values()) > BACKLOG
        passed, self._began = max(began - self._began, self._monotonic() - began, 0.001), began
        self._say(self._monotonic() - began, {name: count / passed for name, count in lines.items()})
        return step

    def _take(self, clock: float, *, ending: bool) -> dict[str, int]:
        taken = Taken()
        try:
            self.intake.take(taken, ending=ending)
        finally:
            self._unjudged.add(taken)
        if self._unjudged:
            self._unjudged_since = self._unjudged_since or self._now()
            self._stale |= self.live.add(self._unjudged, clock)
            self._unjudged, self._unjudged_since = Taken(), None
        return taken.lines

    def _answer(self) -> tuple[Result, list[Message]]:
        """Give the answer, and let what has become of the incidents be told. It takes at most half of the time."""
        began, made = self._monotonic(), self._now().replace(microsecond=0)
        unread = {f"{path}: {why}" for name in self.intake.followers for path, why in self.intake.problems(name).items()}
        self._work.problems = [f"left out: {problem}" for problem in sorted(unread)]
        result, merged = self.live.answer(made, self._command)
        self._work.ledger.keep_names([naming.known_of(incident) for incident in result.incidents])
        told: list[Message] = []
        before = {name: revision.incident for name, revision in self._record.latest().items()}
        queue = partial(self._queue, told=told, before=before, doubts=result.doubts[:DOUBTS_TOLD])
        self._record.revise(result.incidents, merged, made=made, every=GROWTH, queue=queue)
        if told:
            self._teller.nudge()
        self._result, self._stale = result, False
        self._may_answer = 2 * self._monotonic() - began
        return result, told

    def _queue(
        self,
        db: sqlite3.Cursor,
        revision: Revision,
        *,
        told: list[Message],
        before: Mapping[str, Incident | None],
        doubts: Sequence[str],
    ) -> None:
        incident = revision.incident or before[revision.name]
        if incident is None:
            return
        operator = self._work.case.config.operator.name
        origin = self._work.ledger.meta("key")[:12]
        one = message.compose(revision, incident, origin=origin, operator=operator, claims=CLAIMS, doubts=doubts)
        tell.queue(db, one, self._to, self._now())
        told.append(one)

    def _tidy(self, clock: float) -> None:
        self.live.tidy()
        self._spool.sweep(self._work.ledger.files(), self._work.case.folder)
        self._tidied = clock

    # --- how it stands ------------------------------------------------------------------------------------------------

    def _say(self, took: float, speed: Mapping[str, float]) -> None:
        result, now, files = self._result, self._now(), self._work.ledger.files()
        verdicts = result.verdicts if result else None
        self.status = Status(
            made=now,
            started=self._started,
            sources=tuple(self._source(name, speed.get(name, 0.0), now, files) for name in self.intake.followers),
            disclosures=result.read.disclosures if result else 0,
            judged=verdicts.entitled + verdicts.unentitled if verdicts else 0,
            unjudged_since=self._unjudged_since,
            batches=self._batches,
            last_batch_seconds=took,
            judged_rows=self.live.judged,
            incidents=len(result.incidents) if result else 0,
            channels=tuple(self._teller.standing()),
            refused=tuple((where, why, n) for (where, why), n in sorted(self._receiver.counts.refused.items())),
            spool_bytes=self._spool.size,
            parts=len(self._work.ledger.parts()),
            troubles=tuple(self._troubles()),
        )
        try:
            self._record.keep_status(pack(self.status))
        except StorageError as problem:  # whoever asks for metrics still hears it
            self.status = replace(self.status, troubles=(*self.status.troubles, problem.message))

    def _source(self, name: str, speed: float, now: datetime, rows: Sequence[FileRow]) -> SourceStatus:
        files = [row for row in rows if row.source == name]
        follower, problems, newest = self.intake.followers[name], self.intake.problems(name), self._work.ledger.newest(name)
        return SourceStatus(
            name=name,
            state=state(problems, newest, now, timedelta() if self._lasts(name) else SILENT),
            newest=newest,
            lines=sum(row.lines for row in files),
            disclosures=sum(row.disclosures for row in files),
            rejected=sum(row.rejected for row in files),
            lines_per_second=speed,
            bytes_behind=follower.behind,
            files=follower.files,
            problems=tuple(f"{path}: {why}" for path, why in problems.items()),
        )

    def _lasts(self, source: str) -> bool:
        """Whether the source was in a silence, when the answer was given, that is unusual for it and has not ended since."""
        result = self._result
        gaps = [gap for c in result.coverage if c.source == source for gap in c.gaps] if result else []
        newest = self._work.ledger.newest(source)
        return any(result and gap.until >= result.made and (newest is None or newest <= gap.since) for gap in gaps)

    def _troubles(self) -> Iterator[str]:
        if self._trouble:
            yield self._trouble
        yield from self.live.troubles.values()
        yield from (f"{path}: {what}" for path, what in self.intake.switched.items())
        yield from (f"{name}: {why}" for name, why in self._teller.trouble.items())
        if self._receiver.counts.trouble:
            yield self._receiver.counts.trouble
