"""How does a log come to lie on disk? In order of time, a day at a time, and every leaking row is told its line number."""

from __future__ import annotations

import gzip
from operator import itemgetter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from whosaw.drill.truth import Seen

Entry = tuple[int, str, "Seen | None"]
"""Milliseconds since 1970, the line without its end, and its mark if it leaks."""


class Logbook:
    """A log file below a folder. A name that ends in `.gz` is compressed, without a time stamp of its own."""

    def __init__(self, folder: Path, name: str, *, heading: str = "") -> None:
        """Open the file, and write its heading if it has one."""
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._raw = path.open("wb")
        self._file = gzip.GzipFile("", "wb", 4, self._raw, mtime=0) if name.endswith(".gz") else self._raw
        self._lines = 0
        if heading:
            self.write([(0, heading, None)])

    def write(self, entries: list[Entry]) -> None:
        """Append entries in order of time; those of one time keep the order they came in."""
        entries.sort(key=itemgetter(0))
        for line, (ms, _, seen) in enumerate(entries, self._lines + 1):
            if seen is not None:
                seen.logged(ms, self._name, line)
        self._lines += len(entries)
        # Latin-1 keeps the one stray byte of an old browser's name as it came: real logs are not always UTF-8.
        self._file.write("".join(f"{text}\n" for _, text, _ in entries).encode("latin-1"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        self._raw.close()
