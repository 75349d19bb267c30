"""What belongs to the answer though no row of it can be judged now? Parts of the ledger that are lost: they are counted, and doubted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from whosaw.model import Coverage, Gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.judge.verdict import Counted
    from whosaw.ledger import Part

LOST = "a part of the ledger that held it cannot be read"

SOURCE = "the unreadable part of the ledger"
"""Stands for a source in the sentences that say why more is possible."""

_EDGE = timedelta(seconds=1)
_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


def counted_with(counted: Counted, lost: Sequence[Part]) -> Counted:
    """Return the verdicts with the rows of lost parts among those that cannot be judged: they still add up to all that was shown."""
    rows = sum(part.rows for part in lost)
    if not rows:
        return counted
    days: dict[datetime, tuple[int, int, int]] = {day: (e, u, c) for day, e, u, c in counted.days}
    for part in lost:
        day = part.since.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        entitled, unentitled, cannot = days.get(day, (0, 0, 0))
        days[day] = (entitled, unentitled, cannot + part.rows)
    return replace(
        counted,
        verdicts=msgspec.structs.replace(counted.verdicts, cannot_judge=counted.verdicts.cannot_judge + rows),
        reasons={**counted.reasons, LOST: rows},
        days=[(day, *counts) for day, counts in sorted(days.items())],
    )


def silenced(coverage: Sequence[Coverage], lost: Sequence[Part]) -> list[Coverage]:
    """Return the coverage with the times of lost parts as gaps of every channel: a leak may have begun in them, and be larger."""
    gaps = [Gap(max(part.since, _FIRST) - _EDGE, min(part.until, _LAST) + _EDGE, part.rows) for part in lost]
    channels = sorted({c.channel for c in coverage}) if gaps else []
    return [*coverage, *(Coverage(SOURCE, channel, 0, 0, 0, None, None, gaps) for channel in channels)]


def doubts(lost: Sequence[Part]) -> list[str]:
    """Return what a reader must know of lost parts."""
    return [
        f"part `{part.name}` of {_days(part)} cannot be read: {part.rows:,} disclosures were not judged (`whosaw ledger verify` says more)"
        for part in lost
    ]


def _days(part: Part) -> str:
    first, last = f"{part.since:%Y-%m-%d}", f"{part.until:%Y-%m-%d}"
    return first if first == last else f"{first} to {last}"
