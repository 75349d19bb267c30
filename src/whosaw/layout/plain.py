"""Where do the fields of a plain line begin and end? Found for a whole block at once by its spaces and quotes, without a pattern.

A line is plain when it has exactly the shape that its format's pattern describes and nothing in it is escaped. What is found here is what
the pattern would capture; a line about which there is the least doubt is left to the pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from whosaw.layout.careful import pieces_of
from whosaw.layout.clock import clock_shape
from whosaw.layout.pattern import DECIMAL, ESCAPED, LIST, LIST_BEHIND, NUMBER, PLAIN, REQUEST, REQUEST_ESCAPED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from whosaw.layout.careful import Piece
    from whosaw.model import Layout

Positions = np.ndarray[Any, np.dtype[np.int64]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Words = np.ndarray[Any, np.dtype[np.uint64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_QUOTE, _BACKSLASH, _END, _RETURN = b'"\\\n\r'
_WORD = 8
"""Bytes that are looked at together."""

TOGETHER = 1 << 20
"""Bytes of whole lines that are looked at together."""

_CELL = re.compile(r'\("\[\^"\]\*\(\?:""\[\^"\]\*\)\*"\|\[\^\\?(.)"\]\*\)')
_VERSIONS = tuple(int.from_bytes(f"HTTP/{version}".encode(), "little") for version in ("1.1", "1.0", "2.0", "3.0"))

TIMES = {"clf": (17, 26), "iso": (16, 25), "iso_z": (16, 20)}
"""How long a time is up to its minute, and as a whole; between them stand the seconds, behind them the offset."""

_INSIDE = {"request": 2, "clf": 1}
"""The separators inside a value."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Fixed text between two fields, with a sign (a separator or a quote) in it."""

    text: bytes
    first: int
    """Where its first sign stands in it."""
    signs: int
    """How many signs it has; the last text of a line may do without, since the end of the line tells where it is."""


@dataclass(frozen=True, slots=True)
class Value:
    """A field, or a method and an address; `kind` tells what it may hold."""

    names: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Times:
    """The times of plain lines, by their minutes: a few texts, and for each line which of them and how many seconds later."""

    minutes: list[str]
    which: Positions
    seconds: Positions


@dataclass(frozen=True)
class Plain:
    """The plain lines of a block: which they are, and where in the block their wanted fields begin and end, in the fields' order."""

    lines: Positions
    borders: Positions
    times: Times | None


@dataclass(frozen=True)
class Shape:
    """How plain lines of a format are built."""

    steps: tuple[Fixed | Value, ...]
    separator: int
    quotes: int
    signs: int
    fields: tuple[str, ...]
    """The wanted fields in the order in which they stand in a line."""
    time: str
    """The wanted time, if it is found with the fields."""
    printable: bool = False
    """Whether a control character makes a line an odd one, as in JSON."""

    def cut(self, data: Bytes, ends: Positions) -> Iterator[Plain]:
        """Yield the plain ones among the consecutive lines of a block, given by their line ends."""
        lines, begin = 0, 0
        while lines < len(ends):
            # what is looked at together stays in the processor's cache
            upto = max(lines + 1, int(np.searchsorted(ends, begin + TOGETHER)))
            end = int(ends[upto - 1])
            yield _Cut(self, data[begin:end], ends[lines:upto] - begin).found(lines, begin)
            lines, begin = upto, end + 1


def shape_of(layout: Layout, wanted: Collection[str], time: str = "") -> Shape | None:
    """Return how plain lines of a layout are built, or nothing for a layout whose lines cannot be cut this way.

    Only the borders of wanted fields are kept; `time` is the field whose times are to be found as numbers.
    """
    if layout.kind != "pattern":
        return None
    parts = pieces_of(layout.pattern, layout.fields)
    cells = {match[1] for piece in parts if (match := _CELL.fullmatch(piece.source))}
    separator = (cells.pop() if len(cells) == 1 else "") if cells else " "
    steps = _steps(parts, separator)
    if steps is None or not separator:
        return None
    return shape_from(steps, separator, wanted, time)


def shape_from(steps: Sequence[Fixed | Value], separator: str, wanted: Collection[str], time: str, *, printable: bool = False) -> Shape:
    """Return the shape of these steps, of which the wanted fields are to be kept."""
    fixed = [step for step in steps if isinstance(step, Fixed)]
    values = [step for step in steps if isinstance(step, Value)]
    inside = sum(_INSIDE.get(step.kind, 0) for step in values) if separator == " " else 0
    return Shape(
        steps=tuple(steps),
        separator=ord(separator),
        quotes=sum(step.text.count(b'"') for step in fixed),
        signs=sum(step.signs for step in fixed) + inside,
        fields=tuple(name for step in values for name in step.names if name in wanted),
        time=time if any(step.kind in TIMES and time in step.names for step in values) else "",
        printable=printable,
    )


def _steps(parts: Sequence[Piece], separator: str) -> list[Fixed | Value] | None:
    steps: list[Fixed | Value] = []
    for piece in parts:
        if piece.names:
            kind = _kind(piece.source, separator)
            if not kind or (steps and isinstance(steps[-1], Value)):
                return None
            steps.append(Value(piece.names, kind))
        else:
            step = _fixed(piece.source, separator, free=bool(steps) and getattr(steps[-1], "kind", "") == "free")
            if step is None:
                return None
            steps.append(step)
    return None if steps and getattr(steps[-1], "kind", "") == "free" else steps


def _fixed(source: str, separator: str, *, free: bool) -> Fixed | None:
    """Return fixed text, or nothing for text that no sign tells from a field."""
    text = re.sub(r"\\(.)", r"\1", source)
    places = [i for i, sign in enumerate(text) if sign in {separator, '"'}]
    plain = text.isascii() and not re.search(r"(?<!\\)[()\[\]{}?*+|.^$]", source)
    if not places or not plain or places[0] > _WORD or (free and text[0] != '"'):
        return None
    return Fixed(text.encode(), places[0], len(places))


def _kind(source: str, separator: str) -> str:
    """Return what a field may hold, or nothing where that cannot be told from spaces and quotes."""
    body = source.removeprefix("(?:") if source.startswith("(?:") else source.removeprefix("(")
    body = body.removesuffix(")")
    if _CELL.fullmatch(source):
        return "bare"
    if separator != " ":
        return ""
    kinds = {"[^ ]*": "bare", '[^ "]*': "bare", PLAIN: "free", ESCAPED: "free", REQUEST: "request", REQUEST_ESCAPED: "request"}
    kinds |= {NUMBER: "number", DECIMAL: "decimal", clock_shape("epoch"): "epoch", LIST: "single", LIST_BEHIND: "single"}
    kinds |= {clock_shape(clock): clock for clock in ("clf", "iso")}
    return kinds.get(body, "")


class _Cut:
    """One block on its way: the signs in it, the lines that may still be plain, and the borders found so far."""

    def __init__(self, shape: Shape, data: Bytes, ends: Positions) -> None:
        self.shape = shape
        self.data = _padded(data)
        signs = np.flatnonzero((self.data == shape.separator) | (self.data == _QUOTE) | (self.data == _END))
        kinds = self.data[signs]
        quotes = np.cumsum(kinds == _QUOTE)
        end = np.flatnonzero(kinds == _END)[: len(ends)]
        begin = np.concatenate(([0], end[:-1] + 1))[: len(ends)]
        before = np.concatenate(([0], quotes[end[:-1]]))[: len(ends)]
        fits = (quotes[end] - before == shape.quotes) & (end - begin >= shape.signs)
        fits &= ~_holding(data == _BACKSLASH, ends)
        if shape.printable:
            fits &= ~_holding(_control(data, ends), ends)
        self.lines = np.flatnonzero(fits)
        starts = np.concatenate(([0], ends[:-1] + 1))[: len(ends)][fits] + _WORD
        self.starts, self.ends = starts, ends[fits] + _WORD
        self.ends -= (self.data[self.ends - 1] == _RETURN) & (self.ends > self.starts)
        self.begin, self.end, self.before = begin[fits], end[fits], before[fits]
        # a line that leaves the shape may be followed beyond its end, and the last one beyond all signs
        self.signs = np.concatenate((signs, np.full(shape.signs + 1, len(data) + _WORD)))
        self.quotes = np.flatnonzero(kinds == _QUOTE)
        self.good = np.ones(len(self.lines), bool)
        self.aligned: Any = self.data.view("<u8")
        self.borders: dict[str, tuple[Positions, Positions]] = {}
        self.times: dict[str, Times] = {}

    def found(self, line: int, byte: int) -> Plain:
        """Follow the shape through all lines at once."""
        steps, inner = self.shape.steps, _INSIDE if self.shape.separator == ord(" ") else {}
        sign, quotes, start = self.begin, 0, self.starts
        for i, step in enumerate(steps):
            if isinstance(step, Value):
                sign, end = self._past(step, sign + inner.get(step.kind, 0), steps[i + 1] if i + 1 < len(steps) else None, quotes)
                self._value(step, start, end, sign)
                continue
            at = self.signs[sign] - step.first if step.signs else self.ends - len(step.text)
            self._holds(at, step.text)
            if i == 0:
                self.good &= at == self.starts
            start, sign, quotes = at + len(step.text), sign + step.signs, quotes + step.text.count(b'"')
        self.good &= (sign == self.end) & ((start == self.ends) | isinstance(steps[-1], Value))
        return self._plain(line, byte - _WORD)

    def _past(self, step: Value, sign: Positions, following: Any, quotes: int) -> tuple[Positions, Positions]:  # noqa: ANN401
        """Return the sign behind a field, and where the field ends."""
        if step.kind == "free":
            sign = self.quotes[self.before + quotes]
        if following is None or not following.signs:
            return sign, self.ends - (len(following.text) if following else 0)
        return sign, self.signs[sign] - following.first

    def _value(self, step: Value, start: Positions, end: Positions, sign: Positions) -> None:
        self.good &= end >= start
        if step.kind == "request":
            one, two = self.signs[sign - 2], self.signs[sign - 1]
            self.good &= (end - two == _WORD + 1) & np.isin(self._words(two + 1), _VERSIONS)
            found: tuple[tuple[Positions, Positions], ...] = ((start, one), (one + 1, two))
        else:
            found = ((start, end),)
        if step.kind in {"number", "decimal", "epoch"}:
            self.good &= self._numeric(start, end, step.kind)
        elif step.kind in {"json", "json_unread"}:
            self.good &= self._json_number(start, end, read=step.kind == "json")
        elif step.kind == "single":
            self.good &= np.searchsorted(self.commas, start) == np.searchsorted(self.commas, end)
        elif step.kind in TIMES:
            fits, times = self._timed(start, step.kind)
            self.good &= fits & (end - start == TIMES[step.kind][1])
            self.times[step.names[0]] = times
        self.borders.update(zip(step.names, found, strict=True))

    def _words(self, at: Positions) -> Words:
        """Return the eight bytes from each place on, put together from the two aligned words they lie in."""
        word = np.minimum(at, len(self.data) - 2 * _WORD - 1) >> 3
        shift = ((at & 7) << 3).astype(np.uint64)
        return (self.aligned[word] >> shift) | (self.aligned[word + 1] << np.uint64(1) << (np.uint64(63) - shift))  # type: ignore[no-any-return]

    def _holds(self, at: Positions, text: bytes) -> None:
        """Keep the lines that hold a text at a place."""
        for i in range(0, len(text), _WORD):
            part = text[i : i + _WORD]
            self.good &= (self._words(at + i) & np.uint64((1 << 8 * len(part)) - 1)) == np.uint64(int.from_bytes(part, "little"))

    @cached_property
    def commas(self) -> Positions:
        """Where commas stand."""
        return np.flatnonzero(self.data == ord(","))

    def _numeric(self, start: Positions, end: Positions, kind: str) -> Flags:
        """Return which values of up to 16 signs are numbers; a longer one is left to the pattern."""
        length = end - start
        first, last = self.data[start], self.data[np.maximum(end - 1, 0)]
        good = (length >= 1) & (length <= 2 * _WORD)
        points = np.zeros(len(start), np.int64)
        for at in (0, _WORD) if len(length) and int(length[good].max(initial=0)) > _WORD else (0,):
            used = (8 * (_WORD - np.clip(length - at, 0, _WORD))).astype(np.uint64)
            # a shift by all bits is none at all
            mask = np.where(length > at, np.uint64(0xFFFFFFFFFFFFFFFF) >> np.minimum(used, np.uint64(63)), np.uint64(0))
            word = (self._words(start + at) & mask) | (_each("0") & ~mask)
            if kind != "number":
                found = _places(word, ".")
                points += np.bitwise_count(found)
                word = word + (found >> np.uint64(6))  # a point becomes a nought
            good &= _digits(word)
        good &= (points == 0) | ((points == 1) & (first != ord(".")) & (last != ord(".")))
        nothing = (length == 1) & (first == ord("-")) & (kind != "epoch")
        return np.logical_or(good, nothing)  # type: ignore[no-any-return]

    def _json_number(self, start: Positions, end: Positions, *, read: bool) -> Flags:
        """Return which values are numbers of JSON; with `read`, those that an engine would write no other way than they stand."""
        second, last = self.data[start + 1], self.data[end - 1]
        good: Flags = (end - start == 1) | (self.data[start] != ord("0"))
        if read:
            whole = self._numeric(start, end, "number") & (last != ord("-"))
            good &= whole | (self._numeric(start, end, "epoch") & (last != ord("0")))
        else:
            good |= second == ord(".")
            good &= self._numeric(start, end, "epoch")
        return good

    def _plain(self, line: int, byte: int) -> Plain:
        """Return what was found, as places in the whole block."""
        good, fields = self.good, self.shape.fields
        borders = np.empty((int(good.sum()), 2 * len(fields)), np.int64)
        for i, name in enumerate(fields):
            for side in (0, 1):
                borders[:, 2 * i + side] = self.borders[name][side][good] + byte
        times = self.times.get(self.shape.time)
        kept = None if times is None else Times(times.minutes, times.which[good], times.seconds[good])
        return Plain(self.lines[good] + line, borders, kept)

    def _timed(self, at: Positions, kind: str) -> tuple[Flags, Times]:
        """Return which texts are times of a clock, and each one's minute and seconds."""
        minute, whole = TIMES[kind]
        parts = self._minutes(at, minute, whole - minute - 3)
        # lines stand in the order of time, nearly: the minute changes seldom
        new = np.ones(len(at), bool)
        new[1:] = (parts[1:] != parts[:-1]).any(axis=1)
        places, back = np.unique(parts[new], axis=0, return_index=True, return_inverse=True)[1:]
        shown = [self.data[i : i + whole].tobytes().decode("latin-1") for i in at[new][places].tolist()]
        texts = [f"{text[:minute]}:00{text[minute + 3 :]}" for text in shown]
        shape = re.compile(clock_shape(kind.removesuffix("_z")))
        fits = np.array([shape.fullmatch(text) is not None for text in texts], bool)
        which = back.reshape(-1)[np.cumsum(new) - 1] if len(at) else np.empty(0, np.int64)
        colon, tens, ones = (self.data[at + minute + i].astype(np.int64) for i in range(3))
        good = (colon == ord(":")) & (tens >= ord("0")) & (tens <= ord("5")) & (ones >= ord("0")) & (ones <= ord("9"))
        return good & fits[which], Times(texts, which, (tens - ord("0")) * 10 + ones - ord("0"))

    def _minutes(self, at: Positions, minute: int, behind: int) -> Words:
        """Return all bytes of times but those of their seconds, as words."""
        parts = np.empty((len(at), 4), np.uint64)
        parts[:, 0], parts[:, 1] = self._words(at), self._words(at + _WORD)
        parts[:, 2] = self._words(at + 2 * _WORD) & np.uint64((1 << 8 * (minute - 2 * _WORD)) - 1)
        parts[:, 3] = self._words(at + minute + 3) & np.uint64((1 << 8 * behind) - 1)
        return parts


def _padded(data: Bytes) -> Bytes:
    """Return whole words of bytes with an empty one in front and some behind, of which the first byte ends the last line."""
    found = np.zeros(_WORD + (len(data) + 5 * _WORD) // _WORD * _WORD, np.uint8)
    found[_WORD : _WORD + len(data)] = data
    found[_WORD + len(data)] = _END
    return found


def _holding(signs: Flags, ends: Positions) -> Flags:
    """Return which lines hold one of the signs, which are rare."""
    found = np.zeros(len(ends), bool)
    if signs.any():
        found[np.searchsorted(ends, np.flatnonzero(signs))] = True
    return found


def _control(data: Bytes, ends: Positions) -> Flags:
    """Return which bytes are control characters and no part of a line's end."""
    found = data < ord(" ")
    found[ends[ends < len(data)]] = False
    last = ends[ends > 0] - 1
    found[last[data[last] == _RETURN]] = False
    return found


def _each(sign: str) -> np.uint64:
    """Return a word of a sign repeated."""
    return np.uint64(int.from_bytes(sign.encode() * _WORD, "little"))


def _places(word: Words, sign: str) -> Words:
    """Return words whose bytes have the highest bit set where a sign stands, and no other bit."""
    low = _each("\x7f")
    other = word ^ _each(sign)
    return ~(((other & low) + low) | other | low)


def _digits(word: Words) -> Flags:
    """Return which words are eight digits."""
    high = np.uint64(0xF0F0F0F0F0F0F0F0)
    return ((word & high) == _each("0")) & (((word + _each("\x06")) & high) == _each("0"))  # type: ignore[no-any-return]
