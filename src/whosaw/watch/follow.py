"""What is new in the files of a source since we last looked? Whole lines, each once, whatever logrotate does meanwhile.

A file is its inode while we watch, and its content after a restart or under another inode:
a renamed file is read to its end, a truncated one is a new one, and a copy, or a late gzip, of what is known adds nothing.
Nothing is remembered here that the ledger does not say, so whoever dies in between goes on from there.
"""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from whosaw.engine.fingerprint import HEAD
from whosaw.watch.found import Found, Key, look, reason
from whosaw.watch.recognise import Known, Memory, Recorded
from whosaw.watch.trail import Piece, Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

POLL_BYTES = 64 << 20
"""Bytes handed out in one poll, about: what a batch judges in a few seconds."""

LIVE = 300 * 10**9
"""A file changed so many nanoseconds before the newest one, or later, is live; older ones are a backlog, read in the order of time."""

HELD = 400
"""Files kept open, so that what is written to a removed one is not lost; most systems grant a process 1,024."""

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, for more of a file."""

    rotated: float = 60.0
    """For late lines to a renamed or removed file: a server writes on until it has reopened its log."""
    settled: float = 3600.0
    """Before a last line without an end counts as a line."""
    held: float = 900.0
    """Before a quiet file is let go of."""


PATIENCE = Patience()


class Follower:
    """The files of one source, followed for ever. Close it. Not for several threads."""

    def __init__(  # noqa: PLR0913 - the source, the ledger's word, and a clock that tests set
        self,
        folder: Path,
        patterns: Sequence[str],
        known: Iterable[Recorded] = (),
        *,
        documents: bool = False,
        remembered: Mapping[str, int] | None = None,
        patience: Patience = PATIENCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow what patterns and folders name; `known` are the ledger's rows of this source.

        With `documents`, each file is one value and handed out by its name. `remembered` is what an earlier run was told by `remember`.
        """
        self.problems: dict[str, str] = {}
        """What cannot be read now, by name, and why; it is tried again at every poll."""
        self._folder, self._patterns, self._documents = folder, list(patterns), documents
        self._memory = Memory(known)
        rows = [k.row for k in self._memory.known if k.row]
        self._paths = {row.path for row in rows}
        numbers = {row.number for row in rows}
        self._remembered = {stamp: number for stamp, number in (remembered or {}).items() if number in numbers}
        self._patience, self._monotonic = patience, monotonic
        self._trails: dict[Key, Trail] = {}
        self._newest = 0

    @property
    def behind(self) -> int:
        """Bytes on the disk that were not handed out and recorded yet."""
        return sum(trail.pending for trail in self._trails.values())

    @property
    def files(self) -> int:
        """How many files are followed now."""
        return len(self._trails)

    def close(self) -> None:
        """Let go of all files."""
        for trail in self._trails.values():
            trail.let_go()

    def remember(self) -> dict[str, int]:
        """Return which files need not be looked into again unless they change, each with its number in the ledger.

        Losing it costs comparing them once more, and nothing else.
        """
        numbers = {_stamp(t.found): t.number for t in self._trails.values() if t.is_idle and not t.gone}
        told = {stamp: self._remembered.get(stamp) if number is None else number for stamp, number in numbers.items()}
        return {stamp: number for stamp, number in told.items() if number is not None}

    def head(self, piece: Piece) -> bytes:
        """Return how the content of a piece begins, 64 KiB at most: for its format and its number. Raises `OSError`."""
        trail = self._trails.get(piece.key)
        content = trail.opened() if trail else None
        return content.at(0, HEAD) if content else b""

    def poll(self, limit: int = POLL_BYTES, *, ending: bool = False) -> Iterator[Piece]:
        """Yield what is new, about `limit` bytes: a backlog first and in the order of time, live files each their fair share.

        A piece that is not said to be `done` comes again at the next poll.
        With `ending`, last lines without an end are lines: nobody waits for more.
        """
        self._see()
        if any(not trail.in_step and not trail.is_idle for trail in self._trails.values()):
            self._memory.sort()
        left = limit
        for trail in sorted(self._trails.values(), key=lambda t: (t.path not in self._paths, t.found.modified, t.path)):
            if left > 0 and not trail.is_idle:
                left -= self._recognise(trail, left, ending=ending)
        given: set[Known | None] = set()  # two files may hold one content: only one of them says what is new
        for trail, share in self._shares(limit):
            piece = self._take(trail, share, ending=ending) if trail.in_step and trail.known not in given else None
            if piece is not None:
                given.add(trail.known)
                yield piece
        self._release()

    def _shares(self, limit: int) -> Iterator[tuple[Trail, int]]:
        """Yield who may hand out how much: the backlog in order, a quarter kept for live files; of these, who needs least comes first."""
        ready = sorted((t for t in self._trails.values() if t.in_step and not t.is_idle), key=lambda t: (t.found.modified, t.path))
        live = sorted((t for t in ready if t.found.modified >= self._newest - LIVE), key=lambda t: t.pending)
        kept = min(sum(t.pending for t in live), limit // 4)
        left = limit - kept
        for trail in ready:
            trail.taken = 0
            if trail.found.modified < self._newest - LIVE and left > 0:
                yield trail, left
                left -= trail.taken
        left += kept
        for i, trail in enumerate(live):
            yield trail, max(0, left) // (len(live) - i)
            left -= trail.taken

    def _recognise(self, trail: Trail, most: int, *, ending: bool) -> int:
        if trail.in_step:
            self._guarded(trail, lambda: trail.look_again(self._memory))
        if trail.in_step:
            return 0
        over = ending or self._is_over(trail)
        return self._guarded(trail, lambda: trail.recognise(self._memory, most, over=over)) or 0

    def _take(self, trail: Trail, most: int, *, ending: bool) -> Piece | None:
        over = ending or self._is_over(trail)
        return self._guarded(trail, lambda: trail.take(most, over=over, memory=self._memory))

    def _is_over(self, trail: Trail) -> bool:
        quiet = self._monotonic() - trail.changed
        settled = quiet >= self._patience.settled or self._newest - trail.found.modified >= self._patience.settled * 10**9
        return settled or ((trail.gone or trail.renamed) and quiet >= self._patience.rotated)

    def done(self, piece: Piece, row: Recorded) -> None:
        """Take note that a piece is in the ledger, and as which row."""
        trail = self._trails.get(piece.key)
        if trail is not None:
            trail.done(piece, row)

    # --- which files are there ----------------------------------------------------------------------------------------

    def _see(self) -> None:
        found, self.problems = look(self._folder, self._patterns)
        now = self._monotonic()
        self._newest = max((one.modified for one in found.values()), default=self._newest)
        for key, one in found.items():
            trail = self._trails.get(key)
            seen = trail.found.path if trail else one.path
            if trail is None:
                trail = self._trails[key] = Trail(one, self._shown(one.path), now, documents=self._documents)
                if _stamp(one) in self._remembered:
                    trail.rest()
            elif trail.see(one, now):
                trail.begin_anew(self._memory)
            if trail.found.path != seen:
                trail.path = self._shown(one.path)
        for key in self._trails.keys() - found.keys():
            self._see_nameless(self._trails[key], now)

    def _shown(self, name: str) -> str:
        path = Path(name)
        return str(path.relative_to(self._folder)) if path.is_relative_to(self._folder) else name

    def _see_nameless(self, trail: Trail, now: float) -> None:
        """What is written to a file that was removed, or moved away, is read as long as it is held open."""
        content = trail.content
        size = self._guarded(trail, lambda: content.size if content else None)
        if size is not None:
            trail.see(replace(trail.found, size=size, modified=trail.found.modified + (size != trail.found.size)), now)
            trail.gone = True
        drained = trail.is_idle or not trail.pending
        if trail.content is None or (drained and now - trail.changed >= self._patience.rotated):
            trail.let_go()
            self._memory.forget(trail.known)
            del self._trails[trail.found.key]

    def _release(self) -> None:
        """Let go of files that are quiet, or too many."""
        now = self._monotonic()
        held = sorted((t for t in self._trails.values() if t.content and not t.gone), key=lambda t: t.changed)
        for i, trail in enumerate(held):
            if now - trail.changed > self._patience.held or i < len(held) - HELD:
                trail.let_go()

    def _guarded(self, trail: Trail, act: Callable[[], T]) -> T | None:
        """Do something with a file; if the system refuses, say so and try again at the next poll."""
        try:
            return act()
        except OSError as problem:
            if problem.errno != errno.ENOENT:  # it has another name since its folder was listed
                self.problems[trail.path] = reason(problem)
            trail.let_go()
            return None


def _stamp(found: Found) -> str:
    return ":".join(map(str, (*found.key, found.size, found.modified)))
