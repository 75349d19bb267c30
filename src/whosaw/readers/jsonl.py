"""Which values stand in lines of JSON? Any keys, nested ones by their dotted names, with the usual names understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.errors import ConfigError
from whosaw.layout import json_fit, json_layout, parse_row, read_json, rows_of
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence


def layout(text: str) -> Layout:
    """Return the layout of JSON lines like this one; the line is a sample and its values tell the clock."""
    row = parse_row(text)
    if not row:
        raise ConfigError(
            "the layout is not a json object", hint='give one line of the log: {"time": "2012-01-09T23:00:00Z", "user": "u1"}'
        )
    return json_layout([row])


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for lines that are JSON objects with a time."""
    found = json_layout(rows_of(sample))
    share = json_fit(found, sample) if "time" in found.roles else 0
    return Guess(reader="jsonl", confidence=share, layout=found, seen=f"JSON lines with {len(found.fields)} fields") if share else None


JSONL = Reader(name="jsonl", claim="JSON lines with any keys", sniff=sniff, layout=layout, careful=read_json)
