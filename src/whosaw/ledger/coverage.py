"""For which time does a source have lines, and where should it have some and has none? A count without this is worth nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from whosaw.model import Coverage, Gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.config import Config
    from whosaw.ledger import FileRow, Ledger


def covered(ledger: Ledger, files: Sequence[FileRow], config: Config) -> list[Coverage]:
    """Return, per source, for which time there are lines, and where there are none."""
    configured = {s.name: s for s in config.source}
    out = []
    for source in sorted({f.source for f in files}):
        mine = [f for f in files if f.source == source]
        pulse = ledger.pulse(source)
        known = [Gap(a.astimezone(UTC), b.astimezone(UTC), 0) for a, b in configured[source].gaps] if source in configured else []
        silences = gaps(pulse, config.limits.gap_lines)
        out.append(
            Coverage(
                source=source,
                channel=mine[0].channel,
                lines=sum(f.lines for f in mine),
                disclosures=sum(f.disclosures for f in mine),
                rejected=sum(f.rejected for f in mine),
                since=_instant(pulse[0][2]) if pulse else None,
                until=_instant(pulse[-1][3]) if pulse else None,
                gaps=sorted([*known, *silences], key=lambda gap: gap.since),
            )
        )
    return out


def gaps(pulse: Sequence[tuple[int, int, int, int]], least: int) -> list[Gap]:
    """Return the silences of a source in which at least `least` lines were to be expected.

    The expectation for an hour of the day is the median over the days of the source, so that quiet nights are no gaps and a busy hour
    without lines is one. With fewer than three days it is the overall mean.
    """
    if len(pulse) < 2:
        return []
    per_hour = _usual(pulse)
    found = []
    for (_, _, _, last), (_, _, first, _) in pairwise(pulse):
        if first - last < 600:
            continue
        expected = _expected(per_hour, last, first)
        if expected >= least:
            found.append(Gap(datetime.fromtimestamp(last, UTC), datetime.fromtimestamp(first, UTC), int(expected)))
    return found


def _usual(pulse: Sequence[tuple[int, int, int, int]]) -> list[float]:
    """Return the usual number of lines for each hour of the day."""
    first_day, last_day = pulse[0][2] // 86400, pulse[-1][3] // 86400
    days = last_day - first_day + 1
    if days < 3:
        hours = max(1.0, (pulse[-1][3] - pulse[0][2]) / 3600)
        return [sum(beat[1] for beat in pulse) / hours] * 24
    counts: dict[tuple[int, int], int] = {}
    for _, lines, first, _ in pulse:
        place = (first // 86400, first % 86400 // 3600)
        counts[place] = counts.get(place, 0) + lines
    return [median(counts.get((day, hour), 0) for day in range(first_day, last_day + 1)) for hour in range(24)]


def _expected(per_hour: Sequence[float], since: int, until: int) -> float:
    total, at = 0.0, since
    while at < until:
        end = min(until, (at // 3600 + 1) * 3600)
        total += per_hour[at % 86400 // 3600] * (end - at) / 3600
        at = end
    return total


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
