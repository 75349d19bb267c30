"""Which test accounts still hold what a probe wrote? Written down before each write, so that the next run can put it right after a kill.

The file holds the former values of our own test accounts; it is readable by its owner alone, and gone when nothing is open.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from whosaw.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an account held before a write (`write` is its place in the target file), or that an earlier entry is settled."""

    number: int
    write: str = ""
    identity: str = ""
    before: dict[str, str] = {}
    settled: bool = False


class Journal:
    """An append-only file of what must be put back."""

    def __init__(self, path: Path) -> None:
        """Read what an earlier run left open."""
        self._path = path
        self._open: dict[int, Entry] = {}
        for line in self._lines():
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except msgspec.DecodeError:
                continue  # the last line of a killed run: its write had not begun
            if entry.settled:
                self._open.pop(entry.number, None)
            else:
                self._open[entry.number] = entry
        self._last = max(self._open, default=0)

    @property
    def open(self) -> list[Entry]:
        """The entries that are not settled, the latest first."""
        return sorted(self._open.values(), key=lambda entry: -entry.number)

    def begin(self, write: str, identity: str, before: dict[str, str]) -> int:
        """Write down, safely on the disk, what an account holds before it may change. Raises `StorageError`."""
        self._last += 1
        entry = Entry(number=self._last, write=write, identity=identity, before=before)
        self._append(entry)
        self._open[entry.number] = entry
        return entry.number

    def settle(self, number: int) -> None:
        """Write down that an account holds again what it held; with the last one the file goes."""
        self._append(Entry(number=number, settled=True))
        self._open.pop(number, None)
        if not self._open:
            self._path.unlink(missing_ok=True)

    def _lines(self) -> list[bytes]:
        try:
            return self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise _cannot(self._path, problem) from problem

    def _append(self, entry: Entry) -> None:
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # begun on a line of its own: a killed run may have left half a line
                os.write(handle, b"\n" + msgspec.json.encode(entry) + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as problem:
            raise _cannot(self._path, problem) from problem


def _cannot(path: Path, problem: OSError) -> StorageError:
    return StorageError(
        f"cannot use the journal of writes `{path}`: {(problem.strerror or 'unknown reason').lower()}",
        hint="without it nothing is written: make its folder writable, or leave the writes out with --no-writes",
    )
