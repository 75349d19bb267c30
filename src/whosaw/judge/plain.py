"""How do the plain lines of a block become ledger rows? Their fields lie where they are found, and only what they show is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from whosaw.engine.block import Block, Piece
from whosaw.judge.mapping import KEYED, RowQueries
from whosaw.layout import Plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.engine.duckdb import Engine
    from whosaw.judge.work import Often

SAMPLED = 2_000
"""Lines of a file that tell which texts stand in many lines."""

LEARNED_FOR = 1_000_000
"""Lines for which what was learned of them is good enough, be it in several files."""

OFTEN, WORTHWHILE = 3, 0.3
"""How often a text stands in the sample to be looked up from then on, and the share of lines with such texts that makes it worthwhile."""

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


@dataclass(frozen=True)
class Found:
    """A block and where the fields of its plain lines lie; nothing is known of their times yet."""

    block: Block
    plain: Sequence[Plain]
    queries: RowQueries
    """For whose shape they were found."""


def find(queries: RowQueries, block: Block) -> Found:
    """Return where the fields of a block's plain lines lie. Asks no engine, so it may run beside one."""
    return Found(block, list(queries.shape.cut(block.data, block.ends)) if queries.shape else [], queries)


def cut(engine: Engine, queries: RowQueries, where: Found) -> Cut:
    """Return the plain lines of a block; none where the format has no plain lines."""
    block, found = where.block, where.plain
    left = np.ones(len(block), bool)
    if queries.shape is None:
        return Cut(block, left)
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


def learn(engine: Engine, queries: RowQueries, cut: Cut) -> list[str]:
    """Make the pseudonyms of texts that stand in many lines, going by a block's first; return the domains in which that pays.

    A browser's name or the address of a start page is then made a pseudonym once and not a million times.
    """
    first = cut.pieces[0]
    sample = Piece(first.lines[:SAMPLED], first.borders[:SAMPLED], first.seen[:SAMPLED])
    engine.offer("pieces", cut.block.pieces([sample]))
    engine.table("texts", queries.texts)
    engine.withdraw("pieces")
    often = " union all ".join(
        f"select '{domain}' as domain, {domain} as text, count(*) as times from texts group by 2 having text <> '' and times >= {OFTEN}"
        for domain in KEYED
    )
    engine.table("known", f"select domain, text, pseudonym(domain, text) as key, times from ({often})")
    least = int(WORTHWHILE * len(sample.lines))
    return [domain for (domain,) in engine.rows(f"select domain from known group by 1 having sum(times) > {least} order by 1")]


def looked_up(engine: Engine, queries: RowQueries, cut: Cut, often: Often, source: str) -> Sequence[str]:
    """Return the domains of a source that are worth looking up; they are learned anew when its lines may have changed."""
    if often.source != source or often.lines <= 0:
        often.source, often.domains, often.lines = source, learn(engine, queries, cut), LEARNED_FOR
    often.lines -= cut.lines
    return often.domains


def insert(engine: Engine, queries: RowQueries, domains: Sequence[str]) -> None:
    """Add the rows of `pieces`, plain lines with their times, to `batch`; `domains` are looked up in `known` first."""
    with engine.small_side_last():
        engine.add("batch by name", f"select * exclude (is_disclosure) from ({queries.plain_rows(domains)}) where is_disclosure")
