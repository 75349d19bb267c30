"""What was really shown wrongly? The applications themselves say so, at the moment they show it, line by line."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from whosaw.drill.live.faults import Switches

NO_FAULT = "none"
"""What a row is called that no switch explains: an application is broken that should not be, or somebody lent out his own cookie."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One customer's data that were shown to somebody without a reason; an empty recipient never logged in."""

    id: str
    """The name of the log's line, which stands in both."""

    channel: str
    route: str
    recipient: str
    customer: str
    fault: str


class _Lines:
    """A file of lines, each complete as soon as it is written."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1, newline="")
        self._lock = threading.Lock()
        self._names = itertools.count(1)
        self._prefix = path.stem[0]

    def name(self) -> str:
        """Return a name for the next line by which it can be found again."""
        return f"{self._prefix}{next(self._names):06}"

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, line: str) -> None:
        with self._lock:
            self._file.write(line)


class JsonLines(_Lines):
    """A file with a JSON object on each line."""

    def write(self, row: dict[str, Any]) -> None:
        """Append a row."""
        self._append(json.dumps(row, ensure_ascii=False) + "\n")


class CsvLines(_Lines):
    """A table with a heading; whatever somebody sends, a row stays one line."""

    def __init__(self, path: Path, heading: Sequence[str]) -> None:
        """Open the file and write its heading."""
        super().__init__(path)
        self.write(heading)

    def write(self, row: Sequence[object]) -> None:
        """Append a row."""
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(re.sub(r"[\x00-\x1f\x7f]", " ", str(value)) for value in row)
        self._append(line.getvalue())


class Witness:
    """Notes what the applications show wrongly."""

    def __init__(self, path: Path, faults: Switches, clock: Callable[[], float]) -> None:
        """Begin with an empty list."""
        self._faults, self._clock = faults, clock
        self._lines = JsonLines(path)

    def saw(self, wrong: Wrong) -> None:
        """Note a row, under the name of its fault if that is switched on."""
        fault = wrong.fault if wrong.fault in self._faults else NO_FAULT
        self._lines.write({"time": stamp(self._clock()), **asdict(wrong), "fault": fault})

    def close(self) -> None:
        """Close the list."""
        self._lines.close()


def stamp(t: float) -> str:
    """Return a time in ISO 8601, in UTC, to the millisecond."""
    return datetime.fromtimestamp(t, UTC).isoformat(timespec="milliseconds")
