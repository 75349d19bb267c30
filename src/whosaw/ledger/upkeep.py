"""How does the ledger stay small and right? Parts are merged, or written anew without some rows; the swap is one transaction."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from whosaw.ledger.facts import Change, Part
from whosaw.ledger.parts import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whosaw.engine.duckdb import Engine
    from whosaw.ledger.parts import Parts

FULL = 1_000_000
"""Rows of a part that is large enough; merging makes no larger ones, so that memory stays bounded."""


def merged(parts: Parts, engine: Engine, *, least: int, before: int | None) -> Iterator[Change]:
    """Yield, one group after the other, small parts of a day and the larger ones that hold the same rows.

    Days with fewer than `least` small parts are left alone, and so are parts that an append from `before` on brought.
    A merged part counts as brought by the newest of its appends, so whoever asks for what came after a mark sees no row twice.
    """
    small = [p for p in parts.listed() if p.rows < FULL // 2 and (before is None or p.batch < before)]
    for _, days in groupby(sorted(small, key=lambda p: (p.day, p.batch, p.name)), key=lambda p: p.day):
        of_day = list(days)
        if len(of_day) >= max(2, least):
            for group in _groups(of_day):
                if all(parts.intact(p) for p in group):  # a damaged part must not get a new, right checksum
                    new = parts.write(engine, _rows_of(parts, group), batch=max(p.batch for p in group))
                    yield Change(group, new)


def _groups(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield parts that make one together; a single one is none."""
    group: list[Part] = []
    rows = 0
    for part in parts:
        if rows + part.rows > FULL:
            if len(group) > 1:
                yield group
            group, rows = [], 0
        group.append(part)
        rows += part.rows
    if len(group) > 1:
        yield group


def without(parts: Parts, engine: Engine, leaving: str, candidates: Sequence[Part]) -> Change:
    """Return the parts that hold rows of a condition, and parts that hold all their other rows."""
    old, new, rows = [], [], 0
    for part in candidates:
        path = reading([parts.path(part)])
        count = int(engine.one(f"select count(*) from {path} where {leaving}")[0])
        if count:
            old.append(part)
            rows += count
        if 0 < count < part.rows:
            new += parts.write(engine, f"(select * from {path} where ({leaving}) is not true)", batch=part.batch)
    return Change(old, new, rows)


def _rows_of(parts: Parts, group: Sequence[Part]) -> str:
    return f"(select * from {reading([parts.path(p) for p in group])})"
