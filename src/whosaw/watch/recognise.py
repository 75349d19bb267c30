"""Is this content one that we know, under whatever name and however packed? Compared by fingerprint, a stretch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from whosaw.engine.fingerprint import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from whosaw.watch.content import Content

HEAD = 4096
"""Bytes by which contents are told apart at first sight: a log's first lines bear its time."""

BEGIN = 32
"""Bytes by which contents are sorted, so that few are compared."""

MOST_MARKS = 256
"""Digests kept on the way of a content, so that a copy in the making is known as one before it is whole."""

_STEP = 1 << 22


class Recorded(Protocol):
    """What the ledger says of a file: how far its content was read, and the fingerprint of that."""

    @property
    def number(self) -> int:
        """The ledger's number of the file."""

    @property
    def path(self) -> str:
        """The name under which it was read."""

    @property
    def digest(self) -> str:
        """Fingerprint of the first `size` bytes."""

    @property
    def size(self) -> int:
        """Bytes of content that were read."""

    @property
    def state(self) -> str:
        """From where the fingerprint can be continued; empty: only from the beginning."""

    @property
    def disclosures(self) -> int:
        """Lines that showed a customer's data."""

    @property
    def other(self) -> int:
        """Lines that could be read and showed none."""


class Known:
    """A content that is recorded, or about to be: how far, how it begins, and its digests on the way. Several files may hold it."""

    def __init__(self, row: Recorded | None, head: bytes = b"") -> None:
        """Begin with what the ledger says, or with nothing recorded and how the content begins."""
        self.row, self.head = row, head
        self.size = row.size if row else 0
        self.state = row.state if row else ""
        self.marks = [(row.size, row.digest)] if row else []

    def grow(self, row: Recorded, size: int, digest: str, state: str) -> None:
        """Note that more of it was recorded."""
        self.row, self.size, self.state = row, size, state
        self.marks.append((size, digest))
        if len(self.marks) > MOST_MARKS:
            self.marks = [*self.marks[:-1:2], self.marks[-1]]

    def begins_like(self, head: bytes) -> bool:
        """Whether the first bytes are the same, as far as both are there."""
        n = min(len(head), len(self.head))
        return n > 0 and head[:n] == self.head[:n]

    def may_be(self, path: str) -> bool:
        """Whether a file of that name may hold it: a mere heading is the beginning of many files and tells nothing of others."""
        return self.row is not None and self.size > 0 and (self.row.path == path or self.row.disclosures + self.row.other > 0)

    def at_the_end_of(self, content: Content) -> Fingerprint | None:
        """Return the fingerprint at this content's end if a plain file holds it there; only the last one or two MiB are compared."""
        mark = Fingerprint.continued(self.state) if self.state else Fingerprint()
        _feed(mark, content, mark.offset, self.size, self.size)
        return mark if mark.size == self.size and mark.hexdigest() == self.marks[-1][1] else None


class Comparison:
    """A file's content held against known ones from its beginning on, a stretch at a time."""

    def __init__(self, candidates: Iterable[Known], mark: Fingerprint | None = None) -> None:
        """Begin at the beginning, or at a place up to which a candidate is known to be the same."""
        self.mark = mark or Fingerprint()
        self.open = list(candidates)
        self.best: tuple[Known, Fingerprint] | None = None

    def go_on(self, content: Content, most: int) -> int:
        """Compare up to `most` bytes more; return how many were read. What differs is no candidate any more."""
        begun = self.mark.size
        for stop in self._stops():
            left = most - (self.mark.size - begun)
            _feed(self.mark, content, self.mark.size, stop, left)
            if self.mark.size < stop:
                break
            self._judge(stop, self.mark.hexdigest())
        return self.mark.size - begun

    @property
    def next_stop(self) -> int | None:
        """The content size up to which the next comparison needs bytes; nothing when all is decided."""
        return next(iter(self._stops()), None)

    def _stops(self) -> list[int]:
        return sorted({size for known in self.open for size, _ in known.marks if size > self.mark.size})

    def _judge(self, size: int, digest: str) -> None:
        same = {known for known in self.open if (size, digest) in known.marks}
        self.open = [known for known in self.open if known in same or all(mark != size for mark, _ in known.marks)]
        for known in same:
            if known.size == size:
                self.best = known, self.mark.copy()
                self.open.remove(known)


def _feed(mark: Fingerprint, content: Content, offset: int, upto: int, most: int) -> None:
    """Feed a fingerprint with the bytes from an offset up to a place, or fewer."""
    end = min(upto, offset + most)
    while offset < end and (data := content.at(offset, min(_STEP, end - offset))):
        mark.update(data)
        offset += len(data)


class Memory:
    """All contents of a source that are known."""

    def __init__(self, rows: Iterable[Recorded]) -> None:
        """Begin with what the ledger says."""
        self.known = [Known(row) for row in rows if row.size]
        self._paths: dict[str, list[Known]] = {}
        for known in self.known:
            self._paths.setdefault(known.row.path if known.row else "", []).append(known)
        self._alike: dict[bytes, list[Known]] = {}
        self._loose: list[Known] = []
        self.sort()

    def sort(self) -> None:
        """Sort by how contents begin, so that a new file need not be held against thousands. New heads are found all the same."""
        self._alike, self._loose = {}, []
        for known in self.known:
            self._file(known)

    def _file(self, known: Known) -> None:
        (self._alike.setdefault(known.head[:BEGIN], []) if len(known.head) >= BEGIN else self._loose).append(known)

    def at_path(self, path: str) -> list[Known]:
        """Return what was read under a name and has not been met again."""
        return [known for known in self._paths.get(path, ()) if not known.head]

    def candidates(self, path: str, size: int, head: bytes, refused: Collection[Known]) -> list[Known] | None:
        """Return what a file of at least `size` bytes may hold, or nothing if it cannot be told yet: its like is about to be recorded.

        A longer content whose beginning is not known to us is none: only a file that is there lends it one.
        """
        near = (*self._alike.get(head[:BEGIN], ()), *self._loose) if len(head) >= BEGIN else self.known
        alike = [known for known in near if known.begins_like(head) and known not in refused]
        if any(known.row is None for known in alike):
            return None
        rest = [known for known in self._loose if not known.head and known.size <= size and known not in refused]
        return [known for known in (*alike, *rest) if known.may_be(path)]

    def new(self, head: bytes) -> Known:
        """Return a content that nothing is recorded of yet."""
        self.known.append(Known(None, head))
        self._file(self.known[-1])
        return self.known[-1]

    def forget(self, known: Known | None) -> None:
        """Nothing was recorded of it, and nobody holds it any more: it is not known after all."""
        if known is not None and known.row is None:
            self.known.remove(known)
            for places in (self._loose, self._alike.get(known.head[:BEGIN], [])):
                if known in places:
                    places.remove(known)
