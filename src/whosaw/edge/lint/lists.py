"""What does a list of partners say? One host a line, or a comparison as load balancers write it (`[HTTP::uri] contains "music"`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.lint import files

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.edge.lint.files import Entry

_COMPARED = re.compile(r"(?<![\w-])(contains|starts_with|ends_with|equals|matches_glob|matches_regex|eq)\s+(.*)", re.IGNORECASE)
_FRAME = re.compile(r"[{}]|^(?:when|if|else|elseif|switch|set|return|foreach|log|pool|ltm|HTTP::\w+)\s")
"""The lines of a script around its comparisons."""

_TEXT = re.compile(r'[^\s"{}()\[\],;]+')


class Row(NamedTuple):
    """A line: how a host or address is compared with which text."""

    how: str
    text: str
    at: Entry


@dataclass(frozen=True)
class Hosts:
    """A whole list."""

    rows: tuple[Row, ...]


def parse(path: Path) -> Hosts:
    """Return the list of a file."""
    return Hosts(tuple(row for entry in files.entries(path) or () if (row := _row(entry)) is not None))


def _row(entry: Entry) -> Row | None:
    if compared := _COMPARED.search(entry.text):
        how, text = compared[1].lower(), _TEXT.search(compared[2])
    else:
        how, text = "equals", None if _FRAME.search(entry.text) else _TEXT.search(entry.text)
    return Row(how, text[0].strip("'"), entry) if text else None
