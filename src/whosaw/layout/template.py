"""Which shape have the JSON lines of one program? It writes the same keys in the same order, and only the values differ."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whosaw.layout.clock import clock_shape
from whosaw.layout.pattern import decode
from whosaw.layout.plain import TIMES, Fixed, Shape, Value, shape_from
from whosaw.layout.tree import json_path, parse_row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from whosaw.model import Layout

_TOKEN = re.compile(r'\s*(?:"([^"\\]*)"|(-?[0-9][0-9.eE+-]*|true|false|null)|([{}\[\]:,]))')
_FAR = 8
"""How far before its first sign a fixed text may begin."""


def json_shape(layout: Layout, wanted: Collection[str], time: str, example: Sequence[bytes]) -> Shape | None:
    """Return the shape that most of some lines have, or nothing where their wanted values cannot be told by their quotes."""
    shapes = Counter(shape for raw in example if (shape := _shape(layout, wanted, time, decode(raw).rstrip("\r\n"))) is not None)
    return shapes.most_common(1)[0][0] if shapes else None


def _shape(layout: Layout, wanted: Collection[str], time: str, text: str) -> Shape | None:
    if "\\" in text or not text.isprintable() or parse_row(text) is None:
        return None
    walk = _Walk()
    if not walk.through(text):
        return None
    names = dict(zip(layout.paths, layout.fields, strict=True))
    wanted_paths = {path for path, name in names.items() if name in wanted}
    paths = [value.path for value in walk.values]
    twice = len(paths) != len(set(paths)) or len(walk.containers) != len(set(walk.containers))
    if twice or wanted_paths & {*walk.containers, *walk.constants}:
        return None
    steps = list(_steps(walk.values, text, names, wanted, (time, layout.clock)))
    fixed = [step for step in steps if isinstance(step, Fixed)]
    told = all(step.signs and step.first <= _FAR for step in fixed[:-1]) and fixed[-1].first <= _FAR
    return shape_from(steps, '"', wanted, time, printable=True) if told and walk.values else None


@dataclass(frozen=True)
class _Leaf:
    """A string or a number: its path, and where it stands in the line."""

    path: str
    begin: int
    end: int
    is_text: bool


@dataclass
class _Walk:
    """Where the values of one line stand; texts that are no values of their own (objects, lists, true, null) by their paths."""

    values: list[_Leaf] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)
    _keys: list[str | int] = field(default_factory=list)

    def through(self, text: str) -> bool:
        """Go through a line that is known to be JSON; return whether its end was reached."""
        at = 0
        while match := _TOKEN.match(text, at):
            at = match.end()
            string, scalar, sign = match.groups()
            if string is not None and text[at:].lstrip().startswith(":") and self._in_object:
                self._keys[-1] = string
            elif string is not None:
                self.values.append(_Leaf(json_path(self._keys), match.start(1), match.end(1), is_text=True))
            elif scalar in {"true", "false", "null"}:
                if scalar != "null":
                    self.constants.append(json_path(self._keys))
            elif scalar is not None:
                self.values.append(_Leaf(json_path(self._keys), match.start(2), match.end(2), is_text=False))
            else:
                self._sign(sign)
        return not text[at:].strip()

    @property
    def _in_object(self) -> bool:
        return bool(self._keys) and isinstance(self._keys[-1], str)

    def _sign(self, sign: str) -> None:
        if sign in "{[":
            self.containers.append(json_path(self._keys))
            self._keys.append("" if sign == "{" else 0)
        elif sign in "}]":
            self._keys.pop()
        elif sign == "," and isinstance(self._keys[-1], int):
            self._keys[-1] += 1


def _steps(
    values: Sequence[_Leaf], text: str, names: dict[str, str], wanted: Collection[str], clock: tuple[str, str]
) -> Iterator[Fixed | Value]:
    time, form = clock
    at = 0
    for value in values:
        yield _fixed(text[at : value.begin])
        name = names.get(value.path, "")
        shown = text[value.begin : value.end]
        kind = "bare" if value.is_text else "json" if name in wanted else "json_unread"
        if value.is_text and name == time:
            kind = next((kind for kind in TIMES if _is_time(shown, kind, form)), kind)
        yield Value((name,), kind)
        at = value.end
    yield _fixed(text[at:])


def _is_time(text: str, kind: str, clock: str) -> bool:
    of_clock = kind.removesuffix("_z") == clock
    return of_clock and len(text) == TIMES[kind][1] and re.fullmatch(clock_shape(clock), text) is not None


def _fixed(text: str) -> Fixed:
    signs = text.count('"')
    # the end of the line tells where the last text is
    return Fixed(text.encode(), text.index('"') if signs else 0, signs)
