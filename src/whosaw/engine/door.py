"""What must every engine be able to do? Keep relations under names and answer queries; judging, detecting and grouping ask for no more.

Queries are written in DuckDB's dialect, in the portable subset: no updates, exact aggregates, total orders, nothing of one engine alone.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

Row = tuple[Any, ...]

_CLEAR = re.compile(r"[\w.+-]*[0-9]{5,}[\w.-]*|[^\s'\"`]+@[^\s'\"`]+")
"""What may be an identifier in an engine's own messages, which quote the value they stumbled over."""


class Door(Protocol):
    """An engine, as the judge knows it. A name stands for the relation that was last given it."""

    def table(self, name: str, query: str) -> None:
        """Compute a query's rows now and keep them under a name, in place of what had it before. The query may read the former."""

    def view(self, name: str, query: str) -> None:
        """Give a query a name; it is computed anew whenever it is asked."""

    def add(self, name: str, query: str) -> None:
        """Compute a query's rows now and add them to a table. The query may read that table as it was."""

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query."""

    def one(self, sql: str, values: Sequence[object] = ()) -> Row:
        """Return the single row of a query that always has one."""

    def columns(self, sql: str) -> list[str]:
        """Return the column names a query would give."""

    def small_side_last(self) -> AbstractContextManager[None]:
        """Keep joins as written for the length of a `with`: the relation that is joined is the smaller one, and is the one to hold."""


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''").replace("\x00", "") + "'"


def named(text: str) -> str:
    """Return a text as an SQL name."""
    return '"' + text.replace('"', '""') + '"'


def masked(message: str) -> str:
    """Return an engine's message without anything that may be an identifier."""
    return _CLEAR.sub("...", message)


def listed(columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> str:
    """Return a query for rows at hand: texts, whole numbers, times without a zone and nothing. `columns` gives names and kinds."""
    lines = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    if not lines:
        return f"select {', '.join(f'cast(null as {kind}) as {named(name)}' for name, kind in columns.items())} where false"
    shown = ", ".join(f"cast({named(name)} as {kind}) as {named(name)}" for name, kind in columns.items())
    return f"select {shown} from (values {lines}) as given({', '.join(map(named, columns))})"


def _literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case int():
            return str(int(value))
        case datetime():
            return f"timestamp '{value.isoformat(sep=' ')}'"
        case _:
            return quoted(str(value))
