"""What is kept of a visit? The name, the class and the minute, and under a key that is thrown away each night a digest to count customers by."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from whosaw.errors import StorageError
from whosaw.identifiers import Weight

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from whosaw.identifiers import Addition

MOST = 100_000
"""Digests a day that are told apart; beyond them the count stands still and says "at least"."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One addition to one visit's request. `distinct` says how many different values of this header were seen on this day so far."""

    minute: str
    header: str
    place: str
    cls: str = msgspec.field(name="class")
    listed: bool
    digest: str
    distinct: int


class Counts:
    """Appends what was seen to a file of the day. The day's key lies beside it, and goes with the day."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when something is kept."""
        self._folder = folder
        self._day = ""
        self._key = b""
        self._digests: dict[str, set[str]] = {}

    def digest(self, one: Addition, moment: datetime) -> str:
        """Return the digest of an addition's value under the key of the day."""
        self._turn(moment)
        return hmac.digest(self._key, f"{one.name.lower()}\x1f{one.value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:32]

    def keep(self, additions: tuple[Addition, ...], moment: datetime) -> None:
        """Append what says something of the customer. Raises `StorageError`."""
        lines = [self._seen(one, moment) for one in additions if one.weight is not Weight.PLUMBING]
        if lines:
            self._append(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))

    def _seen(self, one: Addition, moment: datetime) -> Seen:
        digest = self.digest(one, moment)
        known = self._digests.setdefault(one.shown.lower(), set())
        if sum(map(len, self._digests.values())) < MOST:
            known.add(digest)
        return Seen(
            minute=f"{moment:%Y-%m-%dT%H:%MZ}",
            header=one.shown,
            place=one.place,
            cls=one.cls or "",
            listed=one.listed,
            digest=digest,
            distinct=len(known),
        )

    def _append(self, lines: bytes) -> None:
        try:
            file = os.open(self._path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(file, lines)
            finally:
                os.close(file)
        except OSError as problem:
            raise _storage(self._folder, problem) from problem

    def _turn(self, moment: datetime) -> None:
        """Begin a day: throw away the keys of others, read or make its own, and go on counting where the day's file stands."""
        day = f"{moment:%Y-%m-%d}"
        if day == self._day:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for old in self._folder.glob("key-*"):
                if old.name != f"key-{day}":
                    old.unlink()
            self._key = _key(self._folder / f"key-{day}")
            self._day, self._digests = day, {}
            for line in self._path().read_bytes().splitlines() if self._path().exists() else ():
                with suppress(msgspec.MsgspecError):
                    seen = msgspec.json.decode(line, type=Seen)
                    self._digests.setdefault(seen.header.lower(), set()).add(seen.digest)
        except OSError as problem:
            raise _storage(self._folder, problem) from problem

    def _path(self) -> Path:
        return self._folder / f"seen-{self._day}.jsonl"


def _key(path: Path) -> bytes:
    with suppress(FileExistsError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as made:
            made.write(secrets.token_bytes(32))
    return path.read_bytes()


def _storage(folder: Path, problem: OSError) -> StorageError:
    return StorageError(
        f"cannot keep anything in `{folder}`: {(problem.strerror or 'unknown reason').lower()}", hint="give another folder with --state"
    )
