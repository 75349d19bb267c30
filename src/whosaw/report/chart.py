"""Where on the page does each day, gap and incident stand? Geometry only: the template draws it, the style sheet colours it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from whosaw.model import Verdict
from whosaw.report.figures import day, lasting, moment, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whosaw.model import Gap, Incident, Result

_DAY = timedelta(days=1)
_STEPS = (1, 2, 5, 7, 14, 30, 61, 91, 182, 365, 730, 1826)
BANDS_LETTERED = 12
LANES_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide the picture is, how much of it stands left of the plot for labels (0: labels stand above), and how many bars and dates fit."""

    width: int
    gutter: int
    bars: int
    ticks: int


WIDE = Shape(1040, 172, 240, 8)
NARROW = Shape(358, 0, 90, 3)


@dataclass(frozen=True, slots=True)
class Column:
    """One day (or some) of the plot: where it stands and what it says when pointed at."""

    x: float
    width: float
    says: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of bars over the days, with its own scale. `paths` maps a verdict to the outline of its bars.

    `peak` is the largest bar in words; without any bar (`scaled` is false) it says whether that means none or not known.
    """

    label: str
    peak: str
    scaled: bool
    top: float
    base: float
    paths: dict[str, str]


@dataclass(frozen=True, slots=True)
class Band:
    """A time without log. Its letter leads to the sentence below the picture."""

    x: float
    width: float
    letter: str
    letter_x: float
    says: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a lane: `known` or `unknown`."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Lane:
    """A horizontal bar: how long an incident lasted, or for which time a source has lines."""

    kind: str
    label: str
    y: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A date on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template needs to draw the days."""

    shape: Shape
    first: datetime
    last: datetime
    height: float
    axis_y: float
    columns: tuple[Column, ...]
    panels: tuple[Panel, ...]
    bands: tuple[Band, ...]
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    every: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Turns a time into a place."""

    start: datetime
    end: datetime
    left: float
    width: float

    def x(self, t: datetime) -> float:
        """Return the place of a time, held inside the plot."""
        part = (t - self.start) / (self.end - self.start)
        return round(self.left + min(1.0, max(0.0, part)) * self.width, 1)

    def piece(self, kind: str, since: datetime, until: datetime, least: float = 3) -> Piece:
        """Return a stretch of time, never too narrow to be seen and never outside the plot."""
        x, end = self.x(since), self.x(until)
        width = max(least, end - x)
        return Piece(kind, round(min(x, self.left + self.width - width), 1), round(width, 1))


Days = list[tuple[datetime, int, int, int]]


def build(result: Result, shape: Shape) -> Chart | None:
    """Return the picture of all days, or nothing when there are none."""
    if not result.timeline:
        return None
    axis = _axis(result, shape)
    step = max(1, ceil((axis.end - axis.start) / _DAY / shape.bars))
    days = _grouped(result.timeline, axis.start, step)
    columns = tuple(_column(axis, since, step, counts) for since, *counts in days)
    head = 0 if shape.gutter else 18
    unentitled_base, shown_base = 26 + head + 96, 26 + 2 * head + 96 + 22 + 72
    panels = (
        _panel("Unentitled", axis, step, days, (26.0 + head, float(unentitled_base)), (Verdict.UNENTITLED,)),
        _panel("All disclosures", axis, step, days, (shown_base - 72.0, float(shown_base)), tuple(Verdict)),
    )
    axis_y = shown_base + 0.0
    lanes = _lanes(result, axis, axis_y + (44 if shape.gutter else 52), 24 if shape.gutter else 34)
    height = (lanes[-1].y if lanes else axis_y + 20) + 16
    bands = _bands(_silences(result), axis)
    return Chart(shape, axis.start, axis.end - _DAY, height, axis_y, columns, panels, bands, lanes, _ticks(axis, shape.ticks), "day" if step == 1 else f"{step} days")


def mini(incident: Incident, result: Result) -> Chart | None:
    """Return the picture of one incident's days (stretched to any width), or nothing when it lasted one day."""
    if len(incident.timeline) < 2:  # noqa: PLR2004 - one bar is no picture
        return None
    since = min(incident.since_earliest or incident.since, incident.timeline[0][0])
    start, end = _midnight(since), incident.timeline[-1][0] + _DAY
    axis = Axis(start, end, 0, 1000)
    step = max(1, ceil((end - start) / _DAY / 120))
    days = _grouped([(d, 0, n, 0) for d, n in incident.timeline], start, step)
    columns = tuple(_column(axis, day_, step, counts) for day_, *counts in days)
    panel = _panel("Disclosures", axis, step, days, (2, 64), (Verdict.UNENTITLED,))
    silent = [(s, g) for s, g in _silences(result, incident.channel) if g.since < end and g.until > start]
    every = "day" if step == 1 else f"{step} days"
    return Chart(Shape(1000, 0, 120, 0), start, end - _DAY, 66, 64, columns, (panel,), _bands(silent, axis), (), (), every)


def notes(chart: Chart) -> list[tuple[str, str]]:
    """Return the letters of the bands and what they stand for."""
    return [(band.letter, band.says) for band in chart.bands if band.letter]


def _midnight(t: datetime) -> datetime:
    return t.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _axis(result: Result, shape: Shape) -> Axis:
    starts = [d for d, *_ in result.timeline] + [c.since for c in result.coverage if c.since]
    ends = [d for d, *_ in result.timeline] + [c.until for c in result.coverage if c.until]
    return Axis(_midnight(min(starts)), _midnight(max(ends)) + _DAY, shape.gutter, shape.width - shape.gutter)


def _grouped(timeline: Iterable[tuple[datetime, int, int, int]], start: datetime, step: int) -> Days:
    """Return the days in groups of `step`, so that years still fit on a page."""
    sums: dict[int, list[int]] = {}
    for date, *counts in timeline:
        place = sums.setdefault((date - start) // _DAY // step, [0, 0, 0])
        for i, n in enumerate(counts):
            place[i] += n
    return [(start + i * step * _DAY, *counts) for i, counts in sorted(sums.items())]  # type: ignore[misc] # three counts


def _column(axis: Axis, since: datetime, step: int, counts: Sequence[int]) -> Column:
    entitled, unentitled, cannot = counts
    x = axis.x(since)
    when = day(since) if step == 1 else f"{day(since)} and {step - 1} more days"
    says = f"{when}: {number(unentitled)} unentitled, {number(cannot)} cannot judge, {number(entitled)} entitled"
    return Column(x, round(axis.x(since + step * _DAY) - x, 1), says)


def _panel(label: str, axis: Axis, step: int, days: Days, span: tuple[float, float], verdicts: Sequence[Verdict]) -> Panel:
    """Return bars stacked in the order entitled, cannot judge, unentitled."""
    top, base = span
    places = {Verdict.ENTITLED: 1, Verdict.CANNOT_JUDGE: 3, Verdict.UNENTITLED: 2}
    stack = [(v, i) for v, i in places.items() if v in verdicts]
    peak = max((sum(row[i] for _, i in stack) for row in days), default=0)  # type: ignore[misc] # places 1 to 3 are counts
    scale = (base - top) / peak if peak else 0.0
    full = axis.x(axis.start + step * _DAY) - axis.left
    width = round(min(44.0, full * 0.78 if full > 4 else full), 2)
    paths = dict.fromkeys((v.value for v, _ in stack), "")
    for row in days:
        x, y = axis.x(row[0]) + (full - width) / 2, base
        for verdict, i in stack:
            count: int = row[i]  # type: ignore[assignment] # same
            high = max(count * scale, 1.5 if count else 0.0)  # one disclosure among a million still shows
            if count:
                paths[verdict.value] += f"M{x:.1f} {y:.1f}v{-high:.1f}h{width}v{high:.1f}z"
            y -= high
    judged = any(row[1] or row[2] for row in days)
    return Panel(label, number(peak) if peak else "none" if judged else "not known", peak > 0, top, base, paths)


def _silences(result: Result, channel: str = "") -> list[tuple[str, Gap]]:
    return [(c.source, gap) for c in result.coverage if channel in {"", c.channel} for gap in c.gaps]


def _bands(silences: Sequence[tuple[str, Gap]], axis: Axis) -> tuple[Band, ...]:
    longest = sorted(silences, key=lambda pair: pair[1].since - pair[1].until)[:BANDS_LETTERED]
    bands, free = [], axis.left
    for source, gap in sorted(silences, key=lambda pair: (pair[1].since, pair[0])):
        piece = axis.piece("unknown", gap.since, gap.until)
        letter = chr(ord("A") + sum(bool(b.letter) for b in bands)) if (source, gap) in longest else ""
        letter_x = max(free, piece.x + piece.width / 2 - 6)
        free = letter_x + 15 if letter else free
        says = f"{source}: no log from {moment(gap.since)} to {moment(gap.until)} ({lasting(gap.until - gap.since)})"
        bands.append(Band(piece.x, piece.width, letter, round(min(letter_x, axis.left + axis.width - 12), 1), says))
    return tuple(bands)


def _lanes(result: Result, axis: Axis, top: float, pitch: int) -> tuple[Lane, ...]:
    lanes: list[Lane] = []
    y = top
    for incident in result.incidents[:LANES_SHOWN]:
        earliest = axis.start if incident.since_earliest is None else incident.since_earliest
        before = [axis.piece("unknown", earliest, incident.since, 0)] if earliest < incident.since else []
        lanes.append(Lane("incident", f"{incident.id} {incident.detector}", y, (*before, axis.piece("known", incident.since, incident.until, 4))))
        y += pitch
    y += 14 if lanes else 0
    for coverage in [c for c in result.coverage if c.since and c.until][:LANES_SHOWN]:
        known = axis.piece("known", coverage.since or axis.start, coverage.until or axis.end)
        lanes.append(Lane("source", coverage.source, y, (known, *(axis.piece("unknown", g.since, g.until) for g in coverage.gaps))))
        y += pitch
    return tuple(lanes)


def _ticks(axis: Axis, most: int) -> tuple[Tick, ...]:
    total = (axis.end - axis.start) // _DAY
    step = next((s for s in _STEPS if total / s <= most), ceil(total / most))
    found, year = [], 0
    for i in range(0, total, step):
        date = axis.start + i * _DAY
        label = f"{date.day} {date:%b}" + (f" {date.year}" if date.year != year else "")
        year = date.year
        found.append(Tick(axis.x(date), label))
    return tuple(found)
