"""In which files do the disclosures lie? Parts by day, written so that a crash leaves at worst one that nothing names."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whosaw.engine.duckdb import Engine, named, quoted
from whosaw.errors import LedgerError, QueryError, WhosawError
from whosaw.ledger.facts import COLUMNS, KEPT, Part
from whosaw.ledger.locks import nobody_reads
from whosaw.ledger.manifest import cannot_write, not_ours

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from whosaw.ledger.manifest import Manifest

DISCLOSURES, SETTLED, INCOMING, QUARANTINE = "disclosures", "kept", "incoming", "quarantine"

MANY_DAYS = "__HIVE_DEFAULT_PARTITION__"
"""The folder of parts that hold many days: the partition that Hive, Spark and DuckDB read as null."""

FEW_DAYS, ENOUGH_ROWS = 3, 10_000
"""What is written at once is split by day when it holds few days; of more days, only those with enough rows get a part of their own.

So a log whose clock is nonsense, or a trickle over years, makes at most one part per ten thousand rows and one for the rest.
"""

ROW_GROUP = 122_880

NAMES_RESERVED = 256
"""Names taken from the counter at a time; those that are not used never are."""

_PART = re.compile(r"(?:[0-9a-f]{8}-[0-9a-f]{8}-)?[0-9]{4,}\.parquet")
_DAY = re.compile(rf"day=(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{MANY_DAYS})")
_FIELDS = "path, day, rows, bytes, first, last, checksum, batch"
_EARLIEST, _LATEST = "timestamp '0001-01-01'", "timestamp '9999-12-31 23:59:59.999999'"


@dataclass(frozen=True)
class Room:
    """A folder of parts: its name, the manifest's tables of those that count and those that are lost, and their columns."""

    name: str
    table: str
    lost: str
    columns: tuple[tuple[str, str, str], ...]


LIVE = Room(DISCLOSURES, "parts", "lost", COLUMNS)
KEEPING = Room(SETTLED, "kept", "kept_lost", KEPT)


class Parts:
    """The parts of one room of a ledger, and those that are on their way into it."""

    def __init__(self, folder: Path, manifest: Manifest, room: Room = LIVE) -> None:
        self.folder, self.room, self.place = folder, room, folder / room.name
        self._manifest = manifest
        self._names = range(0)

    def listed(self, *, after: int = -1) -> list[Part]:
        """Return the parts that count, in the order of their names; with `after`, those that a later append brought."""
        return [
            Part(*row) for row in self._manifest.rows(f"select {_FIELDS} from {self.room.table} where batch > ? order by path", [after])
        ]

    def lost(self) -> list[Part]:
        """Return the parts that were found damaged or missing."""
        return [Part(*row) for row in self._manifest.rows(f"select {_FIELDS} from {self.room.lost} order by path")]

    def path(self, part: Part) -> Path:
        """Return where a part lies."""
        return self.place / part.name

    def rows(self, part: Part) -> str:
        """Return the table expression over a part."""
        return reading([self.path(part)])

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, engine: Engine, rows: str, *, batch: int = 0) -> list[Part]:
        """Write an engine's rows to parts that do not count yet. Raises `StorageError` when the disk is full, and leaves nothing then."""
        found: list[Part] = []
        try:
            for day, where in _split(engine, rows):
                found.append(self._written(engine, f"select * from {rows} where {where}", day, batch))
        except (OSError, WhosawError) as problem:
            for part in found:
                self._arriving(part).unlink(missing_ok=True)
            raise (cannot_write(self.folder, problem) if isinstance(problem, OSError) else problem) from problem
        return found

    def _written(self, engine: Engine, query: str, day: str, batch: int) -> Part:
        if not self._names:
            first = self._manifest.reserve("sequence", NAMES_RESERVED)
            self._names = range(first, first + NAMES_RESERVED)
        name, self._names = f"{self._names[0]:08}.parquet", self._names[1:]
        path = self.folder / INCOMING / name
        columns = ", ".join(f"{named(column)}::{kind} as {named(column)}" for column, kind, _ in self.room.columns)
        try:
            engine.run(
                f"copy (select {columns} from ({query}) order by seen_at, id) to {quoted(str(path))} "
                f"(format parquet, compression zstd, row_group_size {ROW_GROUP})"
            )
            sync(path)
            span = ", ".join(f"epoch_us(greatest(least({end}(seen_at), {_LATEST}), {_EARLIEST}))" for end in ("min", "max"))
            rows, first, last = engine.one(f"select count(*), {span} from {reading([path])}")
            return Part(f"day={day or MANY_DAYS}/{name}", day, rows, path.stat().st_size, first, last, checksum(path), batch)
        except (OSError, WhosawError):
            path.unlink(missing_ok=True)
            raise

    def _arriving(self, part: Part) -> Path:
        return self.folder / INCOMING / part.name.rpartition("/")[2]

    def arrive(self, parts: Iterable[Part]) -> None:
        """Bring written parts to their place: renamed, and the names on the disk. They count when a transaction says so."""
        days, new_days = set(), False
        for part in parts:
            path = self.path(part)
            new_days |= not path.parent.is_dir()
            path.parent.mkdir(exist_ok=True)
            self._arriving(part).rename(path)
            days.add(path.parent)
        for day in days:
            sync(day)
        if new_days:
            sync(self.place)

    def forget(self) -> None:
        """Remove written parts that never came to count."""
        for path in (self.folder / INCOMING).iterdir():
            if _PART.fullmatch(path.name):
                path.unlink()

    # --- removing ---------------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Remove parts that nothing names: what a crash left, or what others replaced. While somebody reads, leave it for later."""
        with nobody_reads(self.folder) as free:
            if not free:
                return
            for path in self.unnamed():
                path.unlink()
            for day in self._days():
                with suppress(OSError):  # it still holds something
                    day.rmdir()

    def unnamed(self) -> list[Path]:
        """Return the parts on the disk that do not count."""
        counting = {self.path(part) for part in self.listed()}
        return [path for day in self._days() for path in day.iterdir() if _PART.fullmatch(path.name) and path not in counting]

    def _days(self) -> list[Path]:
        return [day for day in self.place.iterdir() if _DAY.fullmatch(day.name) and day.is_dir()]

    def remove(self, parts: Sequence[Part]) -> None:
        """Remove parts that have just left the manifest, unless somebody may be reading them; then a later sweep does it."""
        if parts:
            with nobody_reads(self.folder) as free:
                if free:
                    for part in parts:
                        self.path(part).unlink(missing_ok=True)

    # --- damage -----------------------------------------------------------------------------------------------------

    def sound(self, engine: Engine, parts: Sequence[Part]) -> bool:
        """Return whether parts can be opened and hold as many rows as the manifest says; their bytes are not looked at."""
        try:
            rows = engine.one(f"select count(*) from {reading([self.path(p) for p in parts])}")[0]
        except QueryError:
            return False
        return bool(rows == sum(part.rows for part in parts))

    def damaged(self, parts: Sequence[Part]) -> list[Part]:
        """Return the parts that are missing, cannot be read to their end, or are not what was written, after reading all of them."""
        return [part for part in parts if not self.intact(part)]

    def intact(self, part: Part) -> bool:
        """Return whether a part is, byte for byte, what was written."""
        try:
            return checksum(self.path(part)) == part.checksum
        except OSError:
            return False

    def quarantine(self, parts: Sequence[Part]) -> None:
        """Set damaged parts apart, for whoever may mend them, and say in the manifest that their rows are lost."""
        aside = self.folder / QUARANTINE
        aside.mkdir(exist_ok=True)
        for part in parts:
            with suppress(FileNotFoundError):
                self.path(part).rename(aside / part.name.rpartition("/")[2])
        sync(aside)

        def change(db: sqlite3.Cursor) -> None:
            for part in parts:
                db.execute(f"insert or replace into {self.room.lost} select {_FIELDS} from {self.room.table} where path = ?", [part.name])
                db.execute(f"delete from {self.room.table} where path = ?", [part.name])

        self._manifest.together(change)

    def restore(self) -> None:
        """Let lost parts count again that somebody has put back whole, into the quarantine or their old place."""
        for part in self.lost():
            aside = self.folder / QUARANTINE / part.name.rpartition("/")[2]
            if aside.is_file() and _checksum_or_none(aside) == part.checksum:
                self.path(part).parent.mkdir(exist_ok=True)
                aside.rename(self.path(part))
                sync(self.path(part).parent)
                sync(self.place)
            if self.intact(part):
                self._back(part)

    def _back(self, part: Part) -> None:
        def change(db: sqlite3.Cursor) -> None:
            db.execute(f"delete from {self.room.lost} where path = ?", [part.name])
            self.record(db, [], [part])

        self._manifest.together(change)

    def record(self, db: sqlite3.Cursor, old: Iterable[Part], new: Iterable[Part], batch: int = 0) -> None:
        """Let parts count instead of others. Raises `LedgerError` when one of the old does not count: nothing is swapped twice."""
        for part in old:
            db.execute(f"delete from {self.room.table} where path = ?", [part.name])
            if db.rowcount != 1:
                raise LedgerError(f"part `{part.name}` is not in the ledger any more", hint="open the ledger again")
        rows = ((p.name, p.day, p.rows, p.size, p.first, p.last, p.checksum, p.batch or batch) for p in new)
        db.executemany(f"insert into {self.room.table} ({_FIELDS}) values (?,?,?,?,?,?,?,?)", rows)

    def view(self, engine: Engine, name: str, parts: Sequence[Part], where: str = "true") -> None:
        """Give the engine a view over parts."""
        if parts:
            engine.run(f"create or replace temp view {name} as select * from {reading([self.path(p) for p in parts])} where {where}")
            return
        columns = ", ".join(f"null::{kind} as {named(column)}" for column, kind, _ in self.room.columns)
        engine.run(f"create or replace temp view {name} as select {columns} where false")


def reading(paths: Sequence[Path]) -> str:
    """Return the table expression over parts. The day in their folder is no column: rows say themselves when they are of."""
    return f"read_parquet([{', '.join(quoted(str(path)) for path in paths)}], hive_partitioning = false)"


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Bring a file's content, or a folder's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refuse_foreign(folder: Path) -> None:
    """Leave a folder alone that has rooms of our names, with things in them that are not ours."""
    for room, ours in ((INCOMING, _PART), (DISCLOSURES, _DAY), (SETTLED, _DAY)):
        if (folder / room).is_dir() and any(not ours.fullmatch(left.name) for left in (folder / room).iterdir()):
            raise not_ours(folder, f"`{room}` holds other files")


def _split(engine: Engine, rows: str) -> list[tuple[str, str]]:
    """Return the days that get a part of their own, and the condition for each; an empty day stands for all others."""
    days = engine.rows(f"select strftime(seen_at, '%Y-%m-%d') as day, count(*) from {rows} group by 1 order by 2 desc, 1")
    own = [day for day, count in days if "1970" <= day <= "2999~" and len(day) == 10 and (len(days) <= FEW_DAYS or count >= ENOUGH_ROWS)]
    if len(own) == len(days) == 1:
        return [(own[0], "true")]
    split = [(day, f"seen_at::date = date {quoted(day)}") for day in sorted(own)]
    if len(own) < len(days):
        listed = ", ".join(f"date {quoted(day)}" for day in own)
        split.append(("", f"seen_at::date not in ({listed})" if own else "true"))
    return split


def _checksum_or_none(path: Path) -> str:
    try:
        return checksum(path)
    except OSError:
        return ""
