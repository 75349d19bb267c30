"""When do things happen, and how is a time written? All dates are fixed: the drill never looks at a clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

MINUTE = 60
HOUR = 3_600
DAY = 86_400
START = int(datetime(2012, 1, 6, tzinfo=UTC).timestamp())
"""Four days before the operator's worst January begins, so that every leak has a quiet time before it."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTES = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(1_440))
_TWO = tuple(f"{second:02}" for second in range(60))
_EPOCH = date(1970, 1, 1).toordinal()
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Window:
    """The days the logs cover. Times are whole seconds since 1970, in UTC."""

    days: int

    @property
    def end(self) -> int:
        """The first second after the last day."""
        return START + self.days * DAY

    def day(self, share: float) -> int:
        """The midnight that stands at a share of the window, never its first day and never one of its last two."""
        return START + min(max(int(share * self.days), 1), self.days - 3) * DAY

    def midnights(self) -> range:
        """The first second of every day."""
        return range(START, self.end, DAY)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How the load of a day is spread over its 24 hours."""

    hours: tuple[int, ...]

    def times(self, chance: Random, midnight: int, count: int) -> list[int]:
        """Return `count` times of one day, in order."""
        hours = chance.choices(range(24), self.hours, k=count)
        return sorted(midnight + hour * HOUR + int(chance.random() * HOUR) for hour in hours)


HOME = Rhythm((6, 3, 1, 1, 1, 2, 8, 18, 26, 28, 30, 34, 40, 38, 34, 32, 36, 44, 54, 62, 64, 52, 34, 16))
OFFICE = Rhythm((0, 0, 0, 0, 0, 0, 0, 4, 30, 60, 70, 60, 40, 50, 60, 60, 50, 24, 6, 2, 0, 0, 0, 0))
CALLS = Rhythm((3, 2, 1, 1, 1, 2, 6, 20, 50, 70, 72, 68, 64, 62, 60, 58, 60, 62, 50, 36, 24, 14, 8, 4))
AIR = Rhythm((30, 24, 22, 20, 20, 24, 34, 50, 56, 50, 48, 50, 56, 54, 50, 50, 54, 60, 60, 58, 58, 54, 46, 36))
"""Phones chatter at night too: the gateways never fall silent by themselves."""


def weekend(midnight: int) -> bool:
    """Say whether the day is a Saturday or a Sunday."""
    return _date(midnight // DAY).weekday() >= _SATURDAY


def iso(t: int) -> str:
    """Return a time as `2012-01-10T02:14:00+00:00`."""
    day, second = divmod(t, DAY)
    return f"{iso_date(day * DAY)}T{_MINUTES[second // 60]}:{_TWO[second % 60]}+00:00"


def clf(t: int, hours_east: int) -> str:
    """Return a time as a web server writes it, `10/Jan/2012:02:14:00 +0000`, in a zone some hours east of Greenwich."""
    day, second = divmod(t + hours_east * HOUR, DAY)
    return f"{_clf_date(day)}:{_MINUTES[second // 60]}:{_TWO[second % 60]} +{hours_east:02}00"


def iso_ms(ms: int) -> str:
    """Return a time in milliseconds as ISO 8601, with the fraction only where there is one."""
    second, thousandths = divmod(ms, 1_000)
    return iso(second) if not thousandths else f"{iso(second)[:-6]}.{thousandths:03}+00:00"


@cache
def iso_date(midnight: int) -> str:
    """Return the day of a midnight as `2012-01-10`."""
    return _date(midnight // DAY).isoformat()


@cache
def _clf_date(day: int) -> str:
    when = _date(day)
    return f"{when.day:02}/{_MONTHS[when.month - 1]}/{when.year}"


def _date(day: int) -> date:
    return date.fromordinal(_EPOCH + day)
