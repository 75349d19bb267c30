"""How are numbers, times, shares and foreign text written? The same way wherever people read them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whosaw.model import Bound

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d UTC)")
_NARROW_SPACE = "\u202f"
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_CENTURY = timedelta(days=36525)


def number(n: int) -> str:
    """Return a count with its thousands grouped, as text for a terminal."""
    return f"{n:,}"


def thin(text: str) -> str:
    """Return a text whose grouped numbers have a narrow space instead of the comma, which half of Europe reads as a decimal sign."""
    return _THOUSANDS.sub(_NARROW_SPACE, text)


def counted(n: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: `1 incident`, `5 incidents`."""
    return f"{number(n)} {singular if n == 1 else plural or singular + 's'}"


def share(part: int, whole: int) -> str:
    """Return a share in per cent. Rounding never turns some into none, or almost all into all."""
    if not whole:
        return "-"
    text = f"{part / whole:.1%}"[:-1]
    if text == "0.0" and part:
        return "< 0.1 %"
    if text == "100.0" and part < whole:
        return "> 99.9 %"
    return f"{text} %"


def moment(t: datetime) -> str:
    """Return a time to the minute: `2012-01-10 02:14 UTC`."""
    return f"{t.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(t: datetime) -> str:
    """Return the date of a time in UTC: `2012-01-10`."""
    return f"{t.astimezone(UTC):%Y-%m-%d}"


def iso(t: datetime) -> str:
    """Return a time for machines: `2012-01-10T02:14:00Z`."""
    return t.astimezone(UTC).isoformat().replace("+00:00", "Z")


def epoch_ms(t: datetime) -> int:
    """Return a time as whole milliseconds since 1970."""
    return (t - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def lasting(span: timedelta) -> str:
    """Return a length of time in its two largest units: `3 h 14 min`, `6 d 2 h`."""
    minutes = max(0, int(min(span, _CENTURY).total_seconds()) // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [(days, "d"), (hours, "h"), (rest, "min")]
    first = next((i for i, (n, _) in enumerate(parts) if n), 2)
    return " ".join(f"{n} {unit}" for n, unit in parts[first : first + 2] if n) or "less than 1 min"


def bound(b: Bound) -> str:
    """Return a count with its bounds in words: exactly, or at least and at most."""
    if b.at_least == b.at_most:
        return f"exactly {number(b.at_least)}"
    return f"at least {number(b.at_least)} and at most {number(b.at_most)}"


def visible(text: str) -> str:
    r"""Return a text in which nothing is invisible: controls, direction marks and broken characters appear as `\u202e`.

    Routes, hosts and file names come from logs, and logs come from whoever sent the request: an escape sequence must not reach
    a terminal, nor a direction mark turn a file name around.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSEEN else c for c in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
