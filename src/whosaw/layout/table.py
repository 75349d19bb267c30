"""How is a table with a heading cut into columns? The separator, the heading, one group per column."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from whosaw.errors import ConfigError
from whosaw.layout.careful import BINARY, TIME_UNREAD, time_reads
from whosaw.layout.clock import guess_clock
from whosaw.layout.pattern import decode, quote, unescape
from whosaw.layout.roles import ROLE_NAMES, guess_roles
from whosaw.layout.tree import header_fields
from whosaw.model import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SEPARATORS = ",;\t|"
HEADLESS = "no heading:"


def heading_of(raw: bytes, *, least: int = 2) -> tuple[list[str], str]:
    """Return the column names and the separator of a heading line; no names if it cannot be one.

    A guess wants two columns at `least`, since any word could be a heading of one; a registry may well have a single column.
    """
    text = decode(raw).lstrip("\ufeff").rstrip("\r\n")
    separator = max(_SEPARATORS, key=text.count)
    try:
        cells = next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return [], separator
    names = [cell.strip() for cell in cells]
    plain = all(re.fullmatch(r"[^\W\d][^\"{}\[\]=\x00-\x1f]{0,63}", name) for name in names)
    usable = len(names) >= least and plain and len(set(names)) == len(names)
    return (names, separator) if usable else ([], separator)


def table_layout(text: str, sample: Sequence[bytes] = (), names: Mapping[str, Sequence[str]] = ROLE_NAMES, *, least: int = 2) -> Layout:
    """Return the layout of a table with this heading; the sample's lines tell the clock, `names` are the usual names of each role.

    `no heading: time,login,customer` names the columns of a file whose first line is data.
    """
    headless = text.startswith(HEADLESS)
    columns, separator = heading_of(text.removeprefix(HEADLESS).strip(" ").encode(), least=least)
    if not columns:
        raise ConfigError(
            "the layout is not a heading with at least two different column names", hint="give the heading line: time,agent,customer"
        )
    stop = re.sub(r"[\\|]", r"\\\g<0>", separator)
    cell = f'("[^"]*(?:""[^"]*)*"|[^{stop}"]*)'
    layout = Layout(
        kind="pattern",
        fields=tuple(columns),
        roles={},
        pattern=f"^{quote(separator).join(cell for _ in columns)}$",
        unquote="csv",
        skip=0 if headless else 1,
    )
    return _with_roles(layout, sample, names)


def _with_roles(layout: Layout, sample: Sequence[bytes], names: Mapping[str, Sequence[str]]) -> Layout:
    rows = [row for raw in sample[:50] if (row := _cells(layout, raw)) is not None]
    # Without a sample only the heading speaks, and ISO is what exports are written in.
    clocks = {name: guess_clock([row[i] for row in rows]) if rows else "?" for i, name in enumerate(layout.fields)}
    roles = guess_roles(layout.fields, clocks=clocks, names=names)
    clock = clocks.get(roles.get("time", ""), "iso") if rows else "iso"
    headers, responses = header_fields(layout.fields)
    return replace(layout, roles=roles, clock=clock, headers=headers, responses=responses)


def _cells(layout: Layout, raw: bytes) -> list[str] | None:
    match = _loose(layout.pattern).fullmatch(decode(raw).rstrip("\r\n"))
    return [unescape(cell, "csv") for cell in match.groups("")] if match else None


def read_table_line(layout: Layout, raw: bytes) -> dict[str, str] | str:
    """Return the cells of a table's line as they were written (quotes still in place), or why it cannot be read."""
    text = decode(raw).lstrip("\0").rstrip("\r\n")
    if not text.strip():
        return "empty line"
    match = _loose(layout.pattern).fullmatch(text)
    if match is None:
        return _table_reason(layout, text)
    values = dict(zip(layout.fields, match.groups(""), strict=True))
    return values if time_reads(layout, values) else TIME_UNREAD


def _table_reason(layout: Layout, text: str) -> str:
    if BINARY.search(text):
        return "binary data"
    if text.count('"') % 2:
        return "quoted field spans lines"
    separator = next((s for s in _SEPARATORS if f"){quote(s)}(" in layout.pattern), ",")
    cells = len(re.findall(f'(?:^|{quote(separator)})("[^"]*(?:""[^"]*)*"(?={quote(separator)}|$)|[^{quote(separator)}]*)', text))
    if cells < len(layout.fields):
        return f"line ends before `{layout.fields[cells]}`"
    return "more columns than the heading" if cells > len(layout.fields) else "unbalanced quote"


@lru_cache(maxsize=32)
def _loose(pattern: str) -> re.Pattern[str]:
    """A bare cell may hold quotes, only not at its beginning: `5" screen`."""
    return re.compile(re.sub(r"\|\[\^(\\?.)\"\]\*\)", r'|[^\1"]*| *[^\1" ][^\1]*)', pattern))
