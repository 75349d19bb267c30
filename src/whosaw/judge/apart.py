"""What belongs to the answer though no row of it is judged now?

Parts of the ledger that are lost are counted, and doubted. Rows whose verdict was settled before they left the ledger come back with
that verdict and the leak type that claimed them; of those that were entitled, only the number is left.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from whosaw.engine.door import listed, named
from whosaw.judge import verdict
from whosaw.ledger import COLUMNS
from whosaw.model import Coverage, Gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.engine.door import Door
    from whosaw.judge.verdict import Counted
    from whosaw.ledger import Part

LOST = "a part of the ledger that held it cannot be read"

SOURCE = "the unreadable part of the ledger"
"""Stands for a source in the sentences that say why more is possible."""

_EDGE = timedelta(seconds=1)
_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


_REST = ", ".join([*(named(name) for name, _, _ in COLUMNS if name not in verdict.AT_HAND), *verdict.AT_HAND])

_CLAIMED = "select id as disclosure, detector, cause_kind, cause, evidence from kept_read where detector is not null"
_REPAIRED = "select id as disclosure, repair, basis, asked as recipient, about from kept_read where repair is not null"


def join(door: Door) -> bool:
    """Add settled rows to `rest` and `disclosures`, and define `claims_before` and `repair_rows_before`; return whether there are any.

    They are context for the leak types, and belong to the one that claimed them when they were settled.
    """
    if not door.one("select count(*) from kept_read")[0]:
        return False
    door.add("rest", f"select {_REST}, why from kept_read")
    door.view("disclosures", f"select {_REST} from ({verdict.resolved('disclosures_read')}) live union all select {_REST} from kept_read")
    door.view("unentitled", verdict.UNENTITLED)
    door.table("claims_before", _CLAIMED)
    door.table("repair_rows_before", _REPAIRED)
    return True


def shown_besides(settled: Sequence[tuple[str, int]]) -> str:
    """Return the query for the day and number of settled disclosures, for `verdict.count`; `settled` are those only counted."""
    counted = listed({"day": "timestamp", "n": "bigint"}, [(datetime.fromisoformat(day), n) for day, n in settled])
    return f"select date_trunc('day', seen_at) as day, count(*) as n from kept_read group by 1 union all {counted}"


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
