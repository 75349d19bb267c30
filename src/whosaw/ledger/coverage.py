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


DAY, HOUR = 86400, 3600

ENOUGH_DAYS = 3
"""Days of a kind from which a median says something."""

Beat = tuple[int, int, int, int]
"""Bucket of five minutes, lines, first and last time in it (epoch seconds)."""


def covered(ledger: Ledger, files: Sequence[FileRow], config: Config, *, now: int | None = None) -> list[Coverage]:
    """Return, per source, for which time there are lines, and where there are none; with `now`, up to this moment."""
    configured = {s.name: s for s in config.source}
    out = []
    for source in sorted({f.source for f in files}):
        mine = [f for f in files if f.source == source]
        pulse = ledger.pulse(source)
        known = [Gap(a.astimezone(UTC), b.astimezone(UTC), 0) for a, b in configured[source].gaps] if source in configured else []
        silences = gaps(pulse, config.limits.gap_lines, now=now)
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


UNUSUAL = 4
"""A gap is this many times longer than what is already rare for its source."""

RARE = 0.99


def gaps(pulse: Sequence[Beat], least: int, *, now: int | None = None) -> list[Gap]:
    """Return the silences of a source in which at least `least` lines were to be expected, and far more than in its other silences.

    The expectation for an hour of the day is the median over the source's working days, or over its weekend days, so that quiet nights
    are no gaps and a busy hour without lines is one. Traffic that comes in bursts has long silences by nature: they set the measure.
    With `now` (epoch seconds), a silence that still lasts counts too and ends there: an always-on watch must not take it for calm.
    Lines from later than that (a clock that is wrong) do not hide it.
    """
    pulse = [beat for beat in pulse if now is None or beat[2] <= now]
    usual = _usual(pulse)
    silences = [(last, first, _expected(usual, last, first)) for (_, _, _, last), (_, _, first, _) in pairwise(pulse)]
    lasting = [] if now is None or not pulse else [(pulse[-1][3], now, _expected(usual, pulse[-1][3], now))]
    expectations = sorted(expected for _, _, expected in silences)
    ordinary = expectations[int(RARE * (len(silences) - 1))] if silences else 0.0
    limit = max(least, UNUSUAL * ordinary)
    return [Gap(_instant(last), _instant(first), int(expected)) for last, first, expected in silences + lasting if expected >= limit]


def _usual(pulse: Sequence[Beat]) -> dict[tuple[bool, int], float]:
    """Return the usual number of lines for each hour, on working days and at weekends; with few days, the overall mean."""
    counts: dict[tuple[int, int], int] = {}
    for _, lines, first, _ in pulse:
        place = (first // DAY, first % DAY // HOUR)
        counts[place] = counts.get(place, 0) + lines
    days = range(pulse[0][2] // DAY, pulse[-1][3] // DAY + 1) if pulse else range(0)
    mean = sum(counts.values()) / max(1.0, (pulse[-1][3] - pulse[0][2]) / HOUR) if pulse else 0.0
    found = {}
    for weekend in (False, True):
        alike = [day for day in days if _is_weekend(day) is weekend]
        for hour in range(24):
            found[weekend, hour] = median(counts.get((day, hour), 0) for day in alike) if len(alike) >= ENOUGH_DAYS else mean
    return found


def _expected(usual: dict[tuple[bool, int], float], since: int, until: int) -> float:
    """Return how many lines were to be expected between two times."""
    total, at = 0.0, since
    while at < until:
        end = min(until, (at // HOUR + 1) * HOUR)
        total += usual[_is_weekend(at // DAY), at % DAY // HOUR] * (end - at) / HOUR
        at = end
    return total


def _is_weekend(day: int) -> bool:
    """Return whether a day since the epoch (a Thursday) is a Saturday or a Sunday."""
    return (day + 3) % 7 >= 5


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
