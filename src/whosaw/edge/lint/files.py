"""How is a configuration and what it names read? Whole, as text, and never with an error: what cannot be read is told."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import NamedTuple

from whosaw.edge.lint.finding import Spot

LARGEST = 1 << 28
"""A larger file is no configuration."""


class Entry(NamedTuple):
    """A value and the line it stands at."""

    text: str
    file: str
    line: int

    def spot(self, what: str = "") -> Spot:
        """Return the place of the value."""
        return Spot(self.file, self.line, what or self.text)


def text(path: Path) -> str | None:
    """Return what a regular file holds, or nothing if it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        return path.read_bytes().decode("utf-8", "replace")
    except (OSError, ValueError):
        return None


def matching(pattern: str, *folders: Path) -> list[Path]:
    """Return the files that a path or a pattern means, looked up from the first folder where there are any."""
    for folder in folders:
        try:
            names = sorted(glob.glob(str(folder / pattern)))  # noqa: PTH207 - a path from elsewhere may be absolute
        except (OSError, ValueError):
            names = []
        if names:
            return [Path(name) for name in names]
    return []


def entries(path: Path) -> list[Entry] | None:
    """Return the lines of a list without comments and empty lines, or nothing if it cannot be read."""
    whole = text(path)
    if whole is None:
        return None
    lines = (Entry(line.partition("#")[0].strip(), str(path), i) for i, line in enumerate(whole.split("\n"), 1))
    return [entry for entry in lines if entry.text]
