"""How do the plain lines of a block become ledger rows? Their fields lie where they are found, and only what they show is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from whosaw.engine.block import Block, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whosaw.engine.duckdb import Engine
    from whosaw.judge.mapping import RowQueries
    from whosaw.layout import Plain

SECOND = 1_000_000
"""Microseconds."""


@dataclass(frozen=True)
class Cut:
    """The plain lines of a block, and which of its lines are none."""

    block: Block
    left: np.ndarray[Any, np.dtype[np.bool_]]
    timed: bool = False
    """Whether their times are known, so that all of them were read."""
    pieces: list[Piece] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines are plain."""
        return sum(len(piece.lines) for piece in self.pieces)

    def beats(self, width: int) -> list[list[int]]:
        """Return what coverage needs of the times, as columns: buckets of so many seconds, their lines, first and last second."""
        seconds = np.sort(np.concatenate([piece.seen for piece in self.pieces]) // SECOND, kind="stable")
        begin = np.flatnonzero(np.diff(seconds // width, prepend=-1))
        end = np.append(begin[1:], len(seconds))
        return [column.tolist() for column in (seconds[begin] // width, end - begin, seconds[begin], seconds[end - 1])]


def cut(engine: Engine, queries: RowQueries, block: Block) -> Cut:
    """Return the plain lines of a block; none where the format has no plain lines."""
    left = np.ones(len(block), bool)
    if queries.shape is None:
        return Cut(block, left)
    found = list(queries.shape.cut(block.data, block.ends))
    pieces = [piece for piece in _timed(engine, queries, found, block.odd) if len(piece.lines)]
    for piece in pieces:
        left[piece.lines] = False
    return Cut(block, left, bool(queries.shape.time), pieces)


def _timed(engine: Engine, queries: RowQueries, found: Sequence[Plain], odd: Any) -> Iterator[Piece]:  # noqa: ANN401
    """Yield what was found with its times, without odd lines and those whose minute is none (the 31st of February)."""
    minutes = {text: i for i, text in enumerate(dict.fromkeys(text for part in found if part.times for text in part.times.minutes))}
    begin = np.full(len(minutes), -1, np.int64)
    if minutes:
        for i, moment in engine.rows(queries.moments, [list(minutes)]):
            begin[i] = moment
    for part in found:
        good = ~odd[part.lines]
        seen = np.zeros(len(part.lines), np.int64)
        if part.times is not None:
            start = begin[[minutes[text] for text in part.times.minutes]][part.times.which]
            good &= start >= 0
            seen = start + part.times.seconds * SECOND
        yield Piece(part.lines, part.borders, seen) if good.all() else Piece(part.lines[good], part.borders[good], seen[good])
