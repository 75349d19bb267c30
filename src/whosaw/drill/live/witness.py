"""What was really shown wrongly? The applications themselves say so, at the moment they show it, line by line."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
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


class JsonLines:
    """A file of JSON lines, each complete as soon as it is written."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(self, row: dict[str, Any]) -> None:
        """Append a row."""
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with self._lock:
            self._file.write(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


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
