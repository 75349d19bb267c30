"""What does the loop of a watch do with pieces? It records them, and afterwards says so; here in a dict that plays the ledger."""

from dataclasses import dataclass
from typing import ClassVar

from whosaw.watch.follow import Follower, Patience


@dataclass(frozen=True)
class Row:
    number: int
    path: str
    digest: str
    size: int
    state: str
    disclosures: int
    other: int = 0


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Loop:
    """Follows, records, restarts. `Loop.end` closes what all of them hold open."""

    begun: ClassVar[list] = []

    @classmethod
    def end(cls):
        while cls.begun:
            cls.begun.pop().follower.close()

    def __init__(self, folder, *patterns, **options):
        self.folder, self.patterns, self.options = folder, patterns or ("*.log*",), options
        self.rows, self.text, self.pieces, self.clock = {}, {}, [], Clock()
        self.remembered = {}
        self.follower = self._fresh()
        self.begun.append(self)

    def _fresh(self):
        options = {"patience": Patience(rotated=10, settled=1000, held=500), **self.options}
        return Follower(self.folder, self.patterns, list(self.rows.values()), remembered=self.remembered, monotonic=self.clock, **options)

    def restart(self, *, remember=False):
        self.remembered = self.follower.remember() if remember else {}
        self.follower.close()
        self.follower = self._fresh()

    def record(self, piece):
        number = piece.continues.number if piece.continues else len(self.rows) + 1
        assert piece.offset == (self.rows[number].size if number in self.rows else 0)
        fact = 1 if piece.whole else piece.data.count(b"\n") - piece.data.count(b"#")
        before = self.rows[number].disclosures if number in self.rows else 0
        self.rows[number] = Row(number, piece.path, piece.digest, piece.size, piece.state, before + fact)
        self.text[number] = self.text.get(number, b"") + piece.data
        self.pieces.append(piece)
        self.follower.done(piece, self.rows[number])

    def poll(self, limit=1 << 26, *, times=1, seconds=2.0, ending=False):
        """Poll, record, and return the lines that were new."""
        before = len(self.pieces)
        for _ in range(times):
            self.clock.now += seconds
            for piece in self.follower.poll(limit, ending=ending):
                self.record(piece)
        return b"".join(piece.data for piece in self.pieces[before:])

    def lines(self):
        return sorted(line for text in self.text.values() for line in text.splitlines())
