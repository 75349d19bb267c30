"""What does a list of partners say? One host a line, or a comparison as load balancers write it (`[HTTP::uri] contains "music"`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.lint import files
from whosaw.edge.lint.finding import Spot

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.edge.lint.files import Entry

_COMPARED = re.compile(r"(?<![\w-])(contains|starts_with|ends_with|equals|matches_glob|matches_regex|eq)\s+(.*)", re.IGNORECASE)
_RECORD = re.compile(r'"?([^"\s:=,;{}()\[\]]+(?::[0-9]+)?[^"\s:=,;{}()\[\]]*)"?')


class Row(NamedTuple):
    """A line: how a host or address is compared with which text."""

    how: str
    text: str
    at: Entry


@dataclass(frozen=True)
class Hosts:
    """A whole list."""

    rows: tuple[Row, ...]
    unread: tuple[Spot, ...] = ()


def parse(path: Path) -> Hosts:
    """Return the list of a file."""
    return Hosts(tuple(row for entry in files.entries(path) or () if (row := _row(entry)) is not None))


def _row(entry: Entry) -> Row | None:
    if compared := _COMPARED.search(entry.text):
        return Row(compared[1].lower(), _first(compared[2]), entry)
    if re.search(r"[{}]|\b(?:when|if|else|set|return|foreach|log)\b", entry.text):
        return None  # the frame of a script around its comparisons
    text = entry.text.split()[0].strip("\"',;")
    return Row("equals", text, entry) if text else None


def _first(text: str) -> str:
    found = _RECORD.search(text)
    return found[1] if found else text.strip()
