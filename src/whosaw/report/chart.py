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
    """How wide the picture is, how much of it labels take on the left (0: they stand above), and how many bars and dates fit."""

    width: int
    gutter: int
    bars: int
    ticks: int


WIDE = Shape(1040, 172, 240, 8)
NARROW = Shape(358, 0, 90, 3)
MINI = Shape(1000, 0, 120, 0)


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
    """Turns a time into a place. `step` is how many days one bar stands for."""

    start: datetime
    end: datetime
    left: float
    width: float
    step: int

    @property
    def column(self) -> float:
        """Return the width of one bar with the space around it."""
        return self.width * (self.step * _DAY / (self.end - self.start))

    @property
    def every(self) -> str:
        """Return what one bar stands for, in words."""
        return "day" if self.step == 1 else f"{self.step} days"

    def x(self, t: datetime) -> float:
        """Return the place of a time, held inside the plot."""
        part = (t - self.start) / (self.end - self.start)
        return round(self.left + min(1.0, max(0.0, part)) * self.width, 1)

    def piece(self, kind: str, since: datetime, until: datetime, least: float = 3) -> Piece:
        """Return a stretch of time, never too narrow to be seen and never outside the plot."""
        x, end = self.x(since), self.x(until)
        width = max(least, end - x)
        return Piece(kind, round(min(x, self.left + self.width - width), 1), round(width, 1))


@dataclass(frozen=True, slots=True)
class Group:
    """The disclosures of one bar, by verdict."""

    since: datetime
    counts: dict[Verdict, int]


def build(result: Result, shape: Shape) -> Chart | None:
    """Return the picture of all days, or nothing when there are none."""
    if not result.timeline:
        return None
    axis = _axis(result, shape)
    groups = _grouped(result.timeline, axis.start, axis.step)
    head = 0 if shape.gutter else 18  # room for a label above each panel
    upper, lower = 122.0 + head, 216.0 + 2 * head
    panels = (
        _panel("Unentitled", axis, groups, (upper - 96, upper), (Verdict.UNENTITLED,)),
        _panel("All disclosures", axis, groups, (lower - 72, lower), (Verdict.ENTITLED, Verdict.CANNOT_JUDGE, Verdict.UNENTITLED)),
    )
    lanes = _lanes(result, axis, lower + (44 if shape.gutter else 52), 24 if shape.gutter else 34)
    return Chart(
        shape=shape,
        first=axis.start,
        last=axis.end - _DAY,
        height=(lanes[-1].y if lanes else lower + 20) + 16,
        axis_y=lower,
        columns=tuple(_column(axis, group, axis.step) for group in groups),
        panels=panels,
        bands=_bands(_silences(result), axis),
        lanes=lanes,
        ticks=_ticks(axis, shape.ticks),
        every=axis.every,
    )


def mini(incident: Incident, result: Result) -> Chart | None:
    """Return the picture of one incident's days (stretched to any width), or nothing when it lasted one day."""
    if len(incident.timeline) < 2:  # one bar is no picture
        return None
    start, end = _midnight(incident.since_earliest or incident.since), incident.timeline[-1][0] + _DAY
    axis = Axis(start, end, 0, MINI.width, _step(start, end, MINI))
    groups = _grouped([(date, 0, n, 0) for date, n in incident.timeline], start, axis.step)
    silent = [(source, g) for source, g in _silences(result, incident.channel) if g.since < end and g.until > start]
    return Chart(
        shape=MINI,
        first=start,
        last=end - _DAY,
        height=66,
        axis_y=64,
        columns=tuple(_column(axis, group, axis.step) for group in groups),
        panels=(_panel("Disclosures", axis, groups, (2, 64), (Verdict.UNENTITLED,)),),
        bands=_bands(silent, axis),
        lanes=(),
        ticks=(),
        every=axis.every,
    )


def notes(chart: Chart) -> list[tuple[str, str]]:
    """Return the letters of the bands and what they stand for."""
    return [(band.letter, band.says) for band in chart.bands if band.letter]


def _midnight(t: datetime) -> datetime:
    return t.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _axis(result: Result, shape: Shape) -> Axis:
    starts = [d for d, *_ in result.timeline] + [c.since for c in result.coverage if c.since]
    ends = [d for d, *_ in result.timeline] + [c.until for c in result.coverage if c.until]
    start, end = _midnight(min(starts)), _midnight(max(ends)) + _DAY
    return Axis(start, end, shape.gutter, shape.width - shape.gutter, _step(start, end, shape))


def _step(start: datetime, end: datetime, shape: Shape) -> int:
    return max(1, ceil((end - start) / _DAY / shape.bars))


def _grouped(timeline: Iterable[tuple[datetime, int, int, int]], start: datetime, step: int) -> list[Group]:
    """Return the days in groups of `step`, so that years still fit on a page."""
    sums: dict[int, dict[Verdict, int]] = {}
    for date, *counts in timeline:
        place = sums.setdefault((date - start) // _DAY // step, dict.fromkeys(Verdict, 0))
        for verdict, n in zip(Verdict, counts, strict=True):
            place[verdict] += n
    return [Group(start + i * step * _DAY, counts) for i, counts in sorted(sums.items())]


def _column(axis: Axis, group: Group, step: int) -> Column:
    x, counts = axis.x(group.since), group.counts
    when = day(group.since) if step == 1 else f"{day(group.since)} and {step - 1} more days"
    says = ", ".join(
        f"{number(counts[v])} {v.value.replace('_', ' ')}" for v in (Verdict.UNENTITLED, Verdict.CANNOT_JUDGE, Verdict.ENTITLED)
    )
    return Column(x, round(axis.x(group.since + step * _DAY) - x, 1), f"{when}: {says}")


def _panel(label: str, axis: Axis, groups: Sequence[Group], span: tuple[float, float], stack: Sequence[Verdict]) -> Panel:
    """Return bars of the verdicts of `stack`, the first at the bottom."""
    top, base = span
    peak = max((sum(group.counts[v] for v in stack) for group in groups), default=0)
    scale = (base - top) / peak if peak else 0.0
    full = axis.column
    width = round(min(44.0, full * 0.78 if full > 4 else full), 2)
    paths = dict.fromkeys((v.value for v in stack), "")
    for group in groups:
        x, y = axis.x(group.since) + (full - width) / 2, base
        for verdict in [v for v in stack if group.counts[v]]:
            high = max(group.counts[verdict] * scale, 1.5)  # one disclosure among a million still shows
            paths[verdict.value] += f"M{x:.1f} {y:.1f}v{-high:.1f}h{width}v{high:.1f}z"
            y -= high
    judged = any(group.counts[v] for group in groups for v in (Verdict.ENTITLED, Verdict.UNENTITLED))
    return Panel(label, number(peak) if peak else "none" if judged else "not known", peak > 0, top, base, paths)


def _silences(result: Result, channel: str = "") -> list[tuple[str, Gap]]:
    return [(c.source, gap) for c in result.coverage if channel in {"", c.channel} for gap in c.gaps]


def _bands(silences: Sequence[tuple[str, Gap]], axis: Axis) -> tuple[Band, ...]:
    longest = sorted(silences, key=lambda pair: pair[1].since - pair[1].until)[:BANDS_LETTERED]
    bands: list[Band] = []
    free = axis.left
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
        lanes.append(
            Lane("incident", f"{incident.id} {incident.detector}", y, (*before, axis.piece("known", incident.since, incident.until, 4)))
        )
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
