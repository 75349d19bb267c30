"""How does what is new come into the ledger? Each source's files are followed, and each piece of them is recorded once, as `judge` reads it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from whosaw import readers
from whosaw.engine.inputs import LONGEST_SAMPLED
from whosaw.errors import ConfigError, InputError
from whosaw.judge.plan import SAMPLE_ROWS, fitted, joined, otherwise, task
from whosaw.judge.read import extend, read, read_again
from whosaw.model import Layout
from whosaw.watch.follow import POLL_BYTES, Follower

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from whosaw.config import Source
    from whosaw.judge.work import Task, Work
    from whosaw.ledger import FileRow
    from whosaw.watch.found import Key
    from whosaw.watch.spool import Spool
    from whosaw.watch.trail import Piece

FITTING = 20
"""Lines of a piece that are tried before it is read: does it still have the format of its file?"""


@dataclass
class Taken:
    """What one look at all sources brought into the ledger."""

    lines: dict[str, int] = field(default_factory=dict)
    """New lines by source."""
    again: list[tuple[int, int]] = field(default_factory=list)
    """From which line on a file was taken back and read once more: number of the file, and the line."""

    def __bool__(self) -> bool:
        """Whether anything came."""
        return bool(self.lines)

    def add(self, more: Taken) -> None:
        """Take note of what came since."""
        for source, lines in more.lines.items():
            self.lines[source] = self.lines.get(source, 0) + lines
        self.again += more.again


class Intake:
    """The followed sources of a watch, and how each file of them is read. Close it."""

    def __init__(self, work: Work, spool: Spool, *, monotonic: Callable[[], float]) -> None:
        """Begin where the ledger stands."""
        self._work = work
        self.followers = {source.name: _follower(work, source, spool, monotonic) for source in work.case.config.source}
        self.switched: dict[str, str] = {}
        """Files whose format has changed on the way, and what was done about it."""
        self._unreadable: dict[str, dict[str, str]] = {name: {} for name in self.followers}
        self._jobs: dict[Key, Task] = {}
        self._fields: dict[str, Layout] = {}

    def close(self) -> None:
        """Let go of all files; remember which need not be looked into when the watch starts again."""
        for name, follower in self.followers.items():
            self._work.ledger.remember(_remembered(name), msgspec.json.encode(follower.remember()).decode())
            follower.close()

    def take(self, taken: Taken, *, ending: bool = False) -> None:
        """Record what is new in all sources, about `POLL_BYTES` of it, and note in `taken` what it is, also when it breaks off.

        With `ending`, nobody waits for more of any file.
        """
        for i, source in enumerate(self._work.case.config.source):
            self._unreadable[source.name] = {}
            limit = max(1, POLL_BYTES // len(self.followers))
            for piece in self.followers[source.name].poll(limit, ending=ending):
                with suppress(InputError, ConfigError):
                    self._take(taken, source, f"source[{i}]", piece)

    def problems(self, source: str) -> dict[str, str]:
        """Return what cannot be read of a source now, each with the reason."""
        return self.followers[source].problems | self._unreadable[source]

    def _take(self, taken: Taken, source: Source, key: str, piece: Piece) -> None:
        try:
            job = self._job(source, key, piece)
            known = self._work.ledger.file(piece.continues.number) if piece.continues else None
            row = (
                self._whole(job, piece) if piece.whole else extend(self._work, job, piece.data, known, mark=piece.mark, broken=piece.broken)
            )
        except (InputError, ConfigError) as problem:  # a field that is named may come with the next lines
            self._unreadable[source.name][piece.path] = problem.message
            raise
        if known and (line := read_again(job.layout, known)):
            taken.again.append((known.number, line))
        taken.lines[source.name] = taken.lines.get(source.name, 0) + row.lines - (known.lines if known else 0)
        self.followers[source.name].done(piece, row)

    def _whole(self, job: Task, piece: Piece) -> FileRow:
        read(self._work, job, progress=lambda *_: None)
        row = next((row for row in self._work.ledger.files() if (row.source, row.digest) == (job.source.name, piece.digest)), None)
        if row is None:
            raise InputError(f"`{piece.path}` has changed while it was read", hint="it is read again")
        return row

    # --- how is it read? ----------------------------------------------------------------------------------------------

    def _job(self, source: Source, key: str, piece: Piece) -> Task:
        """Return how a piece is to be read: as its file was so far, unless that has changed its format."""
        job = self._jobs.get(piece.key)
        path = self._work.case.folder / piece.path
        if job is None or (piece.continues is None and piece.offset == 0):
            head = b"" if piece.whole else self.followers[source.name].head(piece) or piece.data
            sample = [] if piece.whole else _sample(head)
            job = _of_document(path, source, key, piece) if piece.whole else fitted(path, source, lambda: sample, shown=piece.path, key=key)
        job = replace(job, path=path, shown=piece.path)
        if not piece.whole and not (source.format and source.layout):
            job = self._fitting(job, piece)
        self._jobs[piece.key] = job
        return job

    def _fitting(self, job: Task, piece: Piece) -> Task:
        sample = _sample(piece.data)
        if job.layout.kind == "json":
            return self._with_fields(job, sample)
        tried = sample[:: max(1, len(sample) // FITTING)]
        fits = sum(not isinstance(job.reader.careful(job.layout, line), str) for line in tried)
        if fits * 2 >= len(tried) or job.layout.skip:
            return job
        other = otherwise(job, sample)
        if other is None:
            return job
        self.switched[piece.path] = f"its format has changed on the way, and is read on from byte {piece.offset:,}"
        return other

    def _with_fields(self, job: Task, sample: Sequence[bytes]) -> Task:
        """Return a JSON task with every field met so far in its source: what is rare is missing from a few lines."""
        guess = job.reader.sniff(sample)
        place = f"fields {job.source.name} {job.reader.name}"
        before = self._fields.get(place) or self._fields_kept(place) or job.layout
        layout = joined(job.layout, before)
        if guess is not None:
            renamed = layout.roles.get("time") not in guess.layout.fields
            layout = joined(guess.layout, layout) if renamed else joined(layout, guess.layout)
        if layout != self._fields.get(place):
            self._fields[place] = layout
            self._work.ledger.remember(place, msgspec.json.encode(layout).decode())
        return replace(job, layout=layout)

    def _fields_kept(self, place: str) -> Layout | None:
        kept = self._work.ledger.meta(place)
        return msgspec.json.decode(kept, type=Layout) if kept else None


def _of_document(path: Path, source: Source, key: str, piece: Piece) -> Task:
    return replace(task(path, source, folder=path.parent, key=key), shown=piece.path)


def _follower(work: Work, source: Source, spool: Spool, monotonic: Callable[[], float]) -> Follower:
    rows = [row for row in work.ledger.files() if row.source == source.name]
    told = work.ledger.meta(_remembered(source.name))
    return Follower(
        work.case.folder,
        list(_patterns(source, spool)),
        rows,
        documents=_is_document(source),
        remembered=msgspec.json.decode(told, type=dict[str, int]) if told else None,
        monotonic=monotonic,
    )


def _patterns(source: Source, spool: Spool) -> Iterator[str]:
    yield from source.files
    if source.listen:
        yield spool.pattern(source.name)


def _is_document(source: Source) -> bool:
    reader = readers.by_name(source.format)
    return reader is not None and reader.document is not None


def _remembered(source: str) -> str:
    return f"followed {source}"


def _sample(data: bytes) -> list[bytes]:
    """Return some whole lines from beginning to end, without line ends, for guessing the format."""
    lines = data.split(b"\n")
    whole = lines[:-1] if len(lines) > 1 else lines
    some = whole[:: max(1, len(whole) // SAMPLE_ROWS)]
    return [line[:LONGEST_SAMPLED] for line in (one.removesuffix(b"\r") for one in some) if line.strip()]
