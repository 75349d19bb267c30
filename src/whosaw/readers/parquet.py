"""Which columns does a Parquet file have? The engine renders its rows as JSON; from there it is like JSON lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whosaw.errors import ConfigError
from whosaw.layout import json_fit, json_layout, parse_row, read_json, rows_of
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAGIC = b"PAR1"


def layout(text: str) -> Layout:
    """Return the layout of rows like this one, rendered as a JSON object."""
    row = parse_row(text)
    if not row:
        raise ConfigError("the layout is not a json object", hint='give one row as JSON: {"time": "2012-01-09 23:00:00", "agent": "a1"}')
    return replace(json_layout([row]), kind="parquet")


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for a file that begins with Parquet's magic; rows rendered as JSON may follow it in the sample."""
    if not sample or not sample[0].startswith(_MAGIC):
        return None
    rows = rows_of(sample[1:])
    found = replace(json_layout(rows), kind="parquet")
    # The magic alone is certain of the format and knows no column yet.
    share = json_fit(found, sample[1:]) if rows else 1.0
    return Guess(reader="parquet", confidence=share, layout=found, seen="a Parquet file") if share else None


PARQUET = Reader(name="parquet", claim="Parquet files", sniff=sniff, layout=layout, careful=read_json)
