"""How far have we followed one file, and what comes next in it? Its content is recognised first, and then handed out in whole lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw.engine.block import LONGEST_LINE
from whosaw.engine.fingerprint import Fingerprint
from whosaw.watch.content import Content, opened
from whosaw.watch.found import Key
from whosaw.watch.recognise import HEAD, Comparison, Known, Memory, Recorded

if TYPE_CHECKING:
    from whosaw.watch.found import Found

LEAST = LONGEST_LINE + 2
"""Bytes read of a file at a time at least: room for any line that is one."""

_TAIL = 512
_STEP = 1 << 22
_UNKNOWN_SIZE = 1 << 62
_END_COSTS = 2 << 20


@dataclass(frozen=True)
class Piece:
    """Consecutive whole lines of one file, to be recorded in one transaction. Say `Follower.done` afterwards."""

    key: Key
    path: str
    """Relative to the folder of the configuration, as the ledger shows it."""
    offset: int
    """Bytes of content before it."""
    size: int
    """Bytes of content up to its end. A line longer than any log line is cut in `data`, so this is not always `offset + len(data)`."""
    data: bytes = field(repr=False)
    continues: Recorded | None
    """The ledger's row of the content that this goes on from; nothing for a new one."""
    mark: Fingerprint = field(repr=False, compare=False)
    """Fingerprint of the content up to its end."""
    final: bool = False
    """Whether no more is expected of this file: its last line may lack the line end."""
    whole: bool = False
    """The file has no lines that could be handed out (Parquet, a document): read all of it by its path."""
    compressed: bool = False
    broken: str = ""
    """Why the content ended before its end."""
    tail: bytes = field(default=b"", repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Digest of the content up to its end, as the ledger keeps it."""
        return self.mark.hexdigest()

    @property
    def state(self) -> str:
        """From where that digest can be continued, as the ledger keeps it."""
        return self.mark.state


class Trail:
    """One file while it has a name, or while it is held open."""

    def __init__(self, found: Found, path: str, now: float, *, documents: bool = False) -> None:
        """Begin to follow a file; with `documents` it is one value and not lines."""
        self.found, self.path, self.changed, self._documents = found, path, now, documents
        self.content: Content | None = None
        self.compressed = self.gone = self.renamed = self.steady = False
        self.taken = 0
        """Bytes that were last handed out."""
        self.idle: tuple[int, int] | None = None
        """Size and time of change at which there was nothing left to do; until they change, it is not touched."""
        self._clear()

    def _clear(self) -> None:
        self.known: Known | None = None
        self._comparison: Comparison | None = None
        self._refused: list[Known] = []
        self._mark, self._tail, self._searched = Fingerprint(), b"", 0
        self._gathered: Fingerprint | None = None
        self._left_over: bytes | None = None
        self._copy_of: Known | None = None

    @property
    def number(self) -> int | None:
        """The ledger's number of what it holds, be it a part of a longer content."""
        known = self.known or self._copy_of
        return known.row.number if known and known.row else None

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do before the file changes."""
        return self.idle == (self.found.size, self.found.modified)

    @property
    def in_step(self) -> bool:
        """Whether all that is known of its content lies behind us, so that what follows is new."""
        return self.known is not None and self.known.size == self._mark.size

    @property
    def pending(self) -> int:
        """Bytes on the disk that are still to be handed out."""
        return 0 if self.is_idle else self.found.size if self.compressed else max(0, self.found.size - self._mark.size)

    def see(self, found: Found, now: float) -> bool:
        """Take note of how it stands now; return whether it was cut off, so that another content stands there."""
        self.steady = (found.size, found.modified) == (self.found.size, self.found.modified)
        if not self.steady:
            self.changed, self._left_over, self._gathered = now, None, None
            if self.compressed and self.content:
                self.content.rewind()
        if found.path != self.found.path:
            self.renamed, self.changed = True, now
        self.found, self.gone = found, False
        compared = self._comparison.mark.size if self._comparison else 0
        return not self.compressed and found.size < max(self._mark.size, compared)

    def begin_anew(self, memory: Memory) -> None:
        """Forget what its content was."""
        memory.forget(self.known)
        if self.known is not None:
            self.known.head = self.known.head[: self.known.size]  # the rest was never recorded
        self._clear()
        self.idle = None

    def let_go(self) -> None:
        """Close the file."""
        if self.content:
            self.content.close()
        self.content = None

    def rest(self) -> None:
        """There is nothing to do before the file changes."""
        self.idle = (self.found.size, self.found.modified)

    def opened(self) -> Content | None:
        """Return its content, if it is still there. Raises `OSError`."""
        if self.content is None and not self.gone and self.found.size:
            self.content = opened(Path(self.found.path), self.found.key)
            self.compressed = self.content is not None and self.content.is_compressed
        return self.content

    def _is_whole(self, content: Content) -> bool:
        return self._documents or content.is_parquet

    # --- is it known? -------------------------------------------------------------------------------------------------

    def look_again(self, memory: Memory) -> None:
        """Look whether a file begins as it did, as long as nothing of it is recorded. Raises `OSError`."""
        content = self.opened()
        if self.known is None or self.known.row is not None or content is None or self.compressed:
            return
        head = content.at(0, HEAD)
        if head.startswith(self.known.head):
            self.known.head = head
        else:
            self.begin_anew(memory)

    def recognise(self, memory: Memory, most: int, *, over: bool) -> int:
        """Find out whether its content is known; return how many bytes were read for it. Raises `OSError`."""
        content = self.opened()
        if content is None or ((self.compressed or self._is_whole(content)) and not (self.steady or self.gone)):
            return 0  # gone, or just being written
        if self.known is not None:  # another file with this content has moved ahead of this one
            self._comparison, self.known = Comparison([self.known], self._mark.copy()), None
        head = content.at(0, HEAD)
        if not over and b"\n" not in head and len(head) < HEAD and not (self.compressed or self._is_whole(content)):
            return len(head)  # half a line tells nothing
        if self._comparison is None:
            self._comparison = self._begin_to_compare(content, head, memory)
        if self._comparison is None:
            return len(head)
        self._comparison.open = [known for known in self._comparison.open if not known.head or known.begins_like(head)]
        used = self._comparison.go_on(content, most)
        if used < most:
            self._conclude(content, head, memory)
        return used + len(head)

    def _begin_to_compare(self, content: Content, head: bytes, memory: Memory) -> Comparison | None:
        """Return what the content is to be held against; nothing if that is settled already, or cannot be told yet."""
        here = [known for known in memory.at_path(self.path) if known not in self._refused]
        if not self.compressed and self._attach_by_end(content, here, head):
            return None
        size = _UNKNOWN_SIZE if self.compressed else self.found.size
        candidates = memory.candidates(self.path, size, head, self._refused)
        if candidates is None or not head:
            return None
        if not self.compressed and self._attach_by_end(content, candidates, head):
            return None
        return Comparison(candidates)

    def _attach_by_end(self, content: Content, candidates: list[Known], head: bytes) -> bool:
        """Attach to the longest candidate that ends here as it did; strike out the others that were compared."""
        short = [known for known in candidates if known.size <= self.found.size]
        few = len(short) * _END_COSTS <= self.found.size
        for known in sorted(short, key=lambda k: -k.size):
            if few or known.head or (known.row and known.row.path == self.path):
                mark = known.at_the_end_of(content)
                if mark is not None:
                    self._attach(known, mark, content, head)
                    return True
                candidates.remove(known)
        return False

    def _conclude(self, content: Content, head: bytes, memory: Memory) -> None:
        """All that is there was compared: go on from the known content, wait if it may be a copy in the making, or begin a new one."""
        compared = self._comparison
        if compared is None or (self.compressed and content.broken and compared.next_stop is not None and not compared.best):
            self.rest()  # cut off for now
        elif compared.best and not (self._is_whole(content) and content.at(compared.best[0].size, 1)):
            self._attach(*compared.best, content, head)
        elif alike := [known for known in compared.open if known.head]:
            self._copy_of = alike[0]
            self.rest()
        else:
            self.known, self._comparison = memory.new(head), None
            self._mark, self._tail = Fingerprint(), b""

    def _attach(self, known: Known, mark: Fingerprint, content: Content, head: bytes) -> None:
        self.known, self._mark, self._comparison = known, mark, None
        known.head = known.head or head
        self._tail = b"" if self.compressed else content.at(max(0, mark.size - _TAIL), min(_TAIL, mark.size))

    # --- what comes next? -------------------------------------------------------------------------------------------

    def take(self, most: int, *, over: bool, memory: Memory) -> Piece | None:
        """Return the next whole lines, about `most` bytes, if there are any. Raises `OSError`.

        When it is `over`, a last line without an end is one.
        """
        self.taken = 0
        content = self.opened()
        if content is None or (self.compressed and not (self.steady or self.gone or over)):
            return None
        if self._left_over is not None:
            return self._end(content, self._left_over, over=over)
        return self._take_whole(content, most) if self._is_whole(content) else self._take_lines(content, most, over=over, memory=memory)

    def _take_lines(self, content: Content, most: int, *, over: bool, memory: Memory) -> Piece | None:
        want = max(most, LEAST)
        data = content.at(self._mark.size - len(self._tail), len(self._tail) + want)
        if not data.startswith(self._tail):  # written anew, and longer than before
            self.begin_anew(memory)
            return None
        if self.known is not None and len(self.known.head) < HEAD and not self.compressed:
            self.known.head = content.at(0, HEAD)
        fresh = data[len(self._tail) :]
        cut = fresh.rfind(b"\n") + 1
        if cut:
            return self._piece(fresh[:cut])
        if len(fresh) == want:
            return self._long_line(content, fresh[:LEAST], want, over=over)
        return self._end(content, fresh, over=over)

    def _end(self, content: Content, fresh: bytes, *, over: bool) -> Piece | None:
        """No whole line is left: hand out the last one if it is over, or rest."""
        if self.compressed and not content.broken:
            over = True
        if over and (fresh or content.broken):
            return self._piece(fresh, final=True, broken=content.broken)
        if self.compressed and content.broken:
            self._left_over = fresh  # to unpack it at every poll would cost much
        elif not fresh:
            self.rest()
        return None

    def _piece(self, data: bytes, *, final: bool = False, broken: str = "") -> Piece:
        mark = self._mark.copy()
        mark.update(data)
        return self._cut(data, mark, (self._tail + data)[-_TAIL:], final=final, broken=broken)

    def _cut(self, data: bytes, mark: Fingerprint, tail: bytes, *, final: bool = False, broken: str = "") -> Piece:
        self.taken = len(data)
        return Piece(
            self.found.key,
            self.path,
            self._mark.size,
            mark.size,
            data,
            self.known.row if self.known else None,
            mark,
            final=final,
            compressed=self.compressed,
            broken=broken,
            tail=b"" if self.compressed else tail,
        )

    def _long_line(self, content: Content, begin: bytes, most: int, *, over: bool) -> Piece | None:
        """Return a line that is longer than any log line once its end is there, cut; look for the end no further than `most` bytes."""
        self._searched = max(self._searched, self._mark.size + len(begin))
        limit = self._searched + most
        while self._searched < limit:
            data = content.at(self._searched, min(_STEP, limit - self._searched))
            found = data.find(b"\n")
            self._searched += found + 1 if found >= 0 else len(data)
            if found >= 0:
                return self._cut(begin + b"\n", self._marked(content, self._searched), data[: found + 1][-_TAIL:])
            if not data:
                return self._cut(begin, self._marked(content, self._searched), b"", final=True) if over else None
        return None

    def _marked(self, content: Content, upto: int) -> Fingerprint:
        mark = self._mark.copy()
        while mark.size < upto and (data := content.at(mark.size, min(_STEP, upto - mark.size))):
            mark.update(data)
        return mark

    def _take_whole(self, content: Content, most: int) -> Piece | None:
        """Return a file without lines once all of it was fingerprinted."""
        if self._mark.size:
            self.rest()
            return None
        mark = self._gathered = self._gathered or Fingerprint()
        end = mark.size + most
        while mark.size < end:
            data = content.at(mark.size, min(_STEP, end - mark.size))
            mark.update(data)
            if not data:
                self._gathered = None
                return Piece(self.found.key, self.path, 0, mark.size, b"", None, mark, final=True, whole=True, broken=content.broken)
        return None

    def done(self, piece: Piece, row: Recorded) -> None:
        """Take note that a piece is in the ledger."""
        if self.known is not None:
            self.known.grow(row, piece.size, piece.digest, piece.state)
        self._mark, self._tail, self._searched, self._left_over = piece.mark, piece.tail, 0, None
        if piece.final:
            self.rest()
            if self.compressed:
                self.let_go()
