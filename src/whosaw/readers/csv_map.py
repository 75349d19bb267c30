"""Which columns does a table with a heading have? Comma, semicolon, tab or bar between the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.layout import decode, fit, heading_of, read_table_line, table_layout
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence


def layout(text: str) -> Layout:
    """Return the layout of a table by its heading line; `no heading: time,login,customer` if the file has none."""
    return table_layout(text)


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for a table whose first line is a heading and which has a column of times."""
    names, _ = heading_of(sample[0]) if sample else ([], "")
    if not names:
        return None
    found = table_layout(decode(sample[0]), sample[1:])
    share = fit(found, sample) if "time" in found.roles else 0
    return Guess(reader="csv", confidence=share, layout=found, seen=f"a table with {len(names)} columns") if share else None


CSV = Reader(
    name="csv",
    claim="tables with a heading: CSV, semicolon, tab or bar",
    sniff=sniff,
    layout=layout,
    careful=read_table_line,
)
