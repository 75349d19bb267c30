"""Where do messages wait until they are in the ledger? In files of their source and hour, synced, followed like any other log."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from whosaw.watch.recognise import Recorded

FOLDER = "spool"


class Spool:
    """The spool of one ledger. One process writes it, from one thread at a time; sweeping may happen beside that."""

    def __init__(self, ledger: Path, *, limit: int = 4 << 30) -> None:
        """Keep lines under the folder of a ledger, `limit` bytes of them at most."""
        self._folder, self.limit = ledger / FOLDER, limit
        self._open: dict[str, tuple[str, int, Path]] = {}
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def pattern(self, source: str) -> str:
        """Return the folder of a source's spool files, for the one who follows them; it is there from then on, if only empty."""
        place = self._place(source)
        place.mkdir(mode=0o700, exist_ok=True)
        return str(place)

    def _place(self, source: str) -> Path:
        return self._folder / (quote(source, safe=" ").replace(".", "%2E") or "%")

    @property
    def size(self) -> int:
        """Bytes that wait on the disk."""
        found = 0
        for path in self._folder.glob("*/*.log"):
            with suppress(FileNotFoundError):
                found += path.stat().st_size
        return found

    def write(self, lines: Mapping[str, Sequence[bytes]], now: datetime) -> None:
        """Append lines per source and sync them. Raises `OSError` when the disk does not take them; then none of a source's are kept."""
        for source, batch in lines.items():
            handle = self._handle(source, f"{now:%Y%m%dT%H}")
            before = os.fstat(handle).st_size
            try:
                _write_all(handle, b"".join(line + b"\n" for line in batch))
                os.fsync(handle)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(handle, before)
                raise

    def _handle(self, source: str, hour: str) -> int:
        """Return where to write: another file every hour, and another one for each process, so that a torn line stays a last line."""
        now_open = self._open.get(source)
        if now_open is not None and now_open[0] == hour:
            return now_open[1]
        place = self._place(source)
        place.mkdir(mode=0o700, exist_ok=True)
        for n in range(1, 1 << 20):
            path = place / f"{hour}-{n}.log"
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            except FileExistsError:
                continue
            break
        else:
            raise FileExistsError(f"{place} is full")
        _sync(place)
        if now_open is not None:
            os.close(now_open[1])
        self._open[source] = (hour, handle, path)
        return handle

    def sweep(self, rows: Iterable[Recorded], folder: Path) -> int:
        """Remove the files that are in the ledger in full and not written any more; return how many. Paths are relative to a folder."""
        written = {path for _, _, path in list(self._open.values())}
        removed = 0
        for row in rows:
            path = folder / row.path
            if path.parent.parent != self._folder or path in written:
                continue
            with suppress(FileNotFoundError):
                if path.stat().st_size == row.size:
                    path.unlink()
                    removed += 1
        return removed

    def close(self) -> None:
        """Close the files that are written."""
        for _, handle, _ in self._open.values():
            os.close(handle)
        self._open.clear()


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
