"""When was a line written? Which clock a log uses, what its times look like, and what one of them means in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED = {"clf": "%d/%b/%Y:%H:%M:%S %z"}
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?")
# Ten digits are 2001 to 2286 in seconds: neither a date written as digits (20120109230000) nor most phone numbers pass for them.
_EPOCH = re.compile(r"([0-9]{10})(?:\.([0-9]{1,9}))?")
_EPOCH_MS = re.compile(r"([0-9]{10})([0-9]{3})")
_START = datetime(1970, 1, 1, tzinfo=UTC)

_CLOCKS = (
    "clf",
    "iso",
    "epoch",
    "epoch_ms",
    "%d/%b/%Y:%H:%M:%S.%g",
    "%d/%b/%Y:%H:%M:%S",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S,%g",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%d%H%M%S.%g",
    "%Y%m%d%H%M%S",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M",
    "%d %b %Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S %z",
)
"""The clocks that are tried, the most telling first; where day and month cannot be told apart, the day stands first."""

_SHAPES = {
    "d": "[0-9 ]?[0-9]",
    "m": "[0-9]{1,2}",
    "H": "[0-9]{1,2}",
    "I": "[0-9]{1,2}",
    "M": "[0-9]{1,2}",
    "S": "[0-9]{1,2}",
    "j": "[0-9]{1,3}",
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "b": "[A-Za-z]{3}",
    "B": "[A-Za-z]+",
    "a": "[A-Za-z]{3}",
    "A": "[A-Za-z]+",
    "p": "[AaPp][Mm]",
    "z": "(?:[+-][0-9]{2}:?[0-9]{2}|Z)",
    "g": "[0-9]{3}",
    "f": "[0-9]{1,6}",
    "%": "%",
}
_NAMED_SHAPES = {
    "iso": "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?",
    "epoch": r"[0-9]+(?:\.[0-9]+)?",
    "epoch_ms": "[0-9]+",
}


def clock_shape(clock: str) -> str:
    """Return the regular expression of a clock's times; `ValueError` for a code that not every engine can read."""
    if clock in _NAMED_SHAPES:
        return _NAMED_SHAPES[clock]
    shape = []
    for code, text in re.findall(r"%(.)|([^%]+|%$)", _NAMED.get(clock, clock), re.DOTALL):
        if code not in _SHAPES and code:
            raise ValueError(f"%{code}")
        shape.append(_SHAPES[code] if code else re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text))
    return "".join(shape)


def parse_time(text: str, clock: str) -> datetime:
    """Return a log's time in UTC, where a time without a zone is taken to be. `ValueError` if it is not a time of this clock."""
    try:
        found = _read(text.strip(), clock)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, re.error) as problem:
        raise ValueError("not a time") from problem


def _read(text: str, clock: str) -> datetime:
    if clock == "iso":
        if _ISO.fullmatch(text) is None:
            raise ValueError("not a time")
        return datetime.fromisoformat(text)
    if clock in {"epoch", "epoch_ms"}:
        match = (_EPOCH if clock == "epoch" else _EPOCH_MS).fullmatch(text)
        if match is None:
            raise ValueError("not a time")
        return _START + timedelta(seconds=int(match[1]), microseconds=int((match[2] or "0")[:6].ljust(6, "0")))
    # DuckDB says %g for milliseconds; Python's %f reads three digits as well.
    return datetime.strptime(text, _NAMED.get(clock, clock).replace("%g", "%f"))  # noqa: DTZ007 - the caller adds the zone


def reads_time(text: str, clock: str) -> bool:
    """Return whether `parse_time` would read the text."""
    try:
        parse_time(text, clock)
    except ValueError:
        return False
    return True


def guess_clock(samples: Sequence[str]) -> str:
    """Return the clock that reads most of the samples, or nothing if none reads at least half of them."""
    samples = [s for s in samples[:50] if s.strip(" -")]
    best, most = "", 0
    for clock in _CLOCKS:
        count = sum(reads_time(s, clock) for s in samples)
        if count > most:
            best, most = clock, count
        if most == len(samples):
            break
    return best if most * 2 >= len(samples) else ""
