"""What was shown, according to the logs? The one table of facts, which files it came from, and for which time there are lines.

The ledger is a folder: Parquet files of disclosures by day beside a SQLite manifest that alone says which of them count.
A file is written under another name, synced, renamed, and then one manifest transaction makes it count,
so a crash leaves at worst a file that nothing names, and the same input read twice adds nothing.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from whosaw.engine.duckdb import Engine, quoted
from whosaw.engine.fingerprint import HEAD, Fingerprint
from whosaw.errors import LedgerError
from whosaw.ledger import locks, settling, upkeep
from whosaw.ledger.facts import COLUMNS, KEPT, Addition, Beat, Change, FileRow, Known, Part, Settlement, disclosure_key, disclosure_label
from whosaw.ledger.manifest import MANIFEST, VERSION, Manifest, advance, cannot_write, not_ours
from whosaw.ledger.parts import DISCLOSURES, INCOMING, KEEPING, SETTLED, Parts, refuse_foreign, sync
from whosaw.model import Rejected

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "COLUMNS",
    "KEPT",
    "MANIFEST",
    "MANY_SMALL",
    "VERSION",
    "Addition",
    "Beat",
    "Change",
    "FileRow",
    "Known",
    "Ledger",
    "Part",
    "Settlement",
    "disclosure_key",
    "disclosure_label",
]

REJECTED_KEPT = 10_000
"""Rejected lines kept one by one per file; beyond that only their number is kept (a wrong format would fill the disk)."""

MANY_SMALL = 16
"""Small parts of a day that are worth merging."""

_FILE = "number, source, channel, path, digest, size, lines, disclosures, rejected, other, broken, state, head, unfinished, batch"


class Ledger:
    """A ledger folder, opened. Close it, or use it in a `with`."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        """Open or make a ledger; with `write`, as its only writer.

        Raises `LedgerError` for a damaged or foreign one or when another process writes it, `StorageError` when it cannot be written.
        """
        self.folder, self._writes = folder, write
        self._left_out: set[str] = set()
        with ExitStack() as opened:
            try:
                _made(folder)
                if not write:
                    opened.callback(os.close, locks.reader(folder))
                self._manifest = Manifest(folder)
                opened.callback(self._manifest.close)
                self._parts, self._kept = Parts(folder, self._manifest), Parts(folder, self._manifest, KEEPING)
                if write:
                    opened.callback(os.close, locks.only_writer(folder))
                    self._parts.forget()
                    for parts in (self._parts, self._kept):
                        parts.restore()
                        parts.sweep()
            except OSError as problem:
                raise cannot_write(folder, problem) from problem
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        """Return the ledger itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the manifest and let the next writer in."""
        self._opened.close()

    def steady(self) -> AbstractContextManager[None]:
        """Show a reader the ledger as it stands now for the length of a `with`; the one writer sees it steady anyway."""
        return nullcontext() if self._writes else self._manifest.steady()

    def meta(self, key: str) -> str:
        """Return a remembered fact about the ledger, or an empty text."""
        return self._manifest.meta(key)

    def remember(self, key: str, value: str) -> None:
        """Keep a fact about the ledger (which configuration it was read with)."""
        self._manifest.rows("insert or replace into meta values (?, ?)", [key, value])

    @property
    def keyed(self) -> bool:
        """Whether it is bound to a key already, so that only that one will do."""
        return bool(self.meta("key"))

    def claim(self, mark: str) -> None:
        """Bind the ledger to a key by its mark. Raises `LedgerError` for another key: its pseudonyms would match nothing."""
        if not self.keyed:  # asking must not wait for who is writing
            sync(self.folder)  # the key may lie here: it must not vanish where what needs it stays
            self._manifest.rows("insert or ignore into meta values ('key', ?)", [mark])
        if self.meta("key") != mark:
            raise LedgerError(
                f"the ledger `{self.folder}` was written with another key",
                hint="put its own key file back, or judge into a new folder with --dir",
            )

    # --- files ------------------------------------------------------------------------------------------------------

    def files(self) -> list[FileRow]:
        """Return every file the ledger holds, in an order that does not depend on the order of reading."""
        return [FileRow(*row) for row in self._manifest.rows(f"select {_FILE} from files order by source, path, number")]

    def file(self, number: int) -> FileRow | None:
        """Return the file that has a number, if there is one."""
        rows = self._manifest.rows(f"select {_FILE} from files where number = ?", [number])
        return FileRow(*rows[0]) if rows else None

    def holds(self, source: str, digest: str) -> bool:
        """Return whether the very same content was read for this source before, be it as the beginning of a longer file."""
        query = "select 1 from files where source = ? and digest = ? union all select 1 from superseded where source = ? and digest = ?"
        return bool(self._manifest.rows(query, [source, digest, source, digest]))

    def alike(self, source: str, path: str, head: bytes) -> list[FileRow]:
        """Return the files of a source that begin as `head` does, as far as both reach, the longest first.

        A log that is rotated goes on growing under another name; a file without rows (a heading) is the beginning of many and of none.
        """
        sizes = [n for (n,) in self._manifest.rows(f"select distinct min(size, {HEAD}) from files where source = ? order by 1", [source])]
        heads, mark = [], Fingerprint()
        for size in sizes:
            if size <= len(head):
                mark.update(head[mark.size : size])
                heads.append(mark.head)
        marks = ", ".join("?" * len(heads))
        rows = self._manifest.rows(f"select {_FILE} from files where source = ? and head in ({marks}) order by size desc", [source, *heads])
        found = (FileRow(*row) for row in rows)
        return [row for row in found if row.path == path or row.disclosures + row.other]

    def free_number(self, source: str, head: bytes) -> int:
        """Return a file number made of how its content begins, so that the order of files changes nothing; the next where it is taken."""
        number = int.from_bytes(hashlib.sha256(source.encode() + b"\0" + head).digest()[:4], "big") >> 1
        while self.file(number) is not None:
            number = (number + 1) % (1 << 31)
        return number

    def rejected(self, limit: int) -> list[Rejected]:
        """Return the first rejected lines, by source, file and line."""
        query = (
            "select f.source, f.path, r.line, r.reason from rejected r join files f using (number) "
            "order by f.source, f.path, r.line limit ?"
        )
        return [Rejected(*row) for row in self._manifest.rows(query, [limit])]

    def pulse(self, source: str) -> list[Beat]:
        """Return per five minutes: bucket, lines, first and last time (epoch seconds)."""
        query = "select bucket, sum(lines), min(first), max(last) from pulse where source = ? group by bucket order by bucket"
        return [(b, n, f, u) for b, n, f, u in self._manifest.rows(query, [source])]

    def newest(self, source: str) -> datetime | None:
        """Return the time of the newest line of a source."""
        rows = self._manifest.rows("select last from pulse where source = ? order by bucket desc limit 1", [source])
        return datetime.fromtimestamp(rows[0][0], UTC) if rows else None

    # --- adding -----------------------------------------------------------------------------------------------------

    def write(self, engine: Engine, rows: str) -> list[Part]:
        """Write an engine's rows to parts that do not count before `append`. Raises `StorageError` when the disk is full."""
        return self._parts.write(engine, rows)

    def forget_parts(self) -> None:
        """Remove written parts that never came to count."""
        self._parts.forget()

    def append(self, addition: Addition) -> FileRow:
        """Record all of it, or nothing; return the file as it stands now.

        1. Give the written parts their names. 2. Bring the names to the disk. 3. Let all of it count in one transaction.
        Raises `StorageError` when the disk is full, `LedgerError` when the file no longer stands where this goes on from.
        """
        self._bring(self._parts, addition.parts)
        recorded = addition.file

        def change(db: sqlite3.Cursor) -> None:
            nonlocal recorded
            batch = advance(db, "batch")
            recorded = replace(addition.file, batch=batch)
            self._record(db, replace(addition, file=recorded))
            self._parts.record(db, addition.removed, addition.parts, batch)

        self._manifest.together(change)
        self._parts.remove(addition.removed)
        return recorded

    def _bring(self, room: Parts, parts: Sequence[Part]) -> None:
        try:
            room.arrive(parts)
        except OSError as problem:
            raise cannot_write(self.folder, problem) from problem

    def _record(self, db: sqlite3.Cursor, addition: Addition) -> None:
        f = addition.file
        if addition.extends:
            self._take_back(db, addition.extends, addition)
        db.execute(
            f"insert into files ({_FILE}) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                *(f.number, f.source, f.channel, f.path, f.digest, f.size, f.lines, f.disclosures, f.rejected, f.other),
                *(f.broken, f.state, f.head, f.unfinished, f.batch),
            ],
        )
        kept = db.execute("select count(*) from rejected where number = ?", [f.number]).fetchone()[0]
        shown = addition.rejected[: max(0, REJECTED_KEPT - kept)]
        db.executemany("insert into rejected values (?,?,?)", [(f.number, line, why) for line, why in shown])
        beats = [(f.source, *beat, f.number, last) for last in (0, 1) for beat in (addition.pulse, addition.unfinished_pulse)[last]]
        db.executemany(
            "insert into pulse values (?,?,?,?,?,?,?) on conflict do update set lines = lines + excluded.lines, "
            "first = min(first, excluded.first), last = max(last, excluded.last)",
            beats,
        )
        db.executemany("insert into names values (?,?,?,?)", addition.names)

    def _take_back(self, db: sqlite3.Cursor, former: FileRow, addition: Addition) -> None:
        """Make room for new totals, and for lines that were read once more."""
        db.execute("delete from files where number = ? and digest = ? and batch = ?", [former.number, former.digest, former.batch])
        if db.rowcount != 1:
            raise LedgerError(f"`{former.path}` has gone on in the ledger meanwhile", hint="ask the ledger how far it is, and go on there")
        if addition.closes:
            db.execute("insert or ignore into superseded values (?, ?)", [former.source, former.digest])
        if addition.again:
            db.execute("delete from rejected where number = ? and line >= ?", [former.number, addition.again])
            db.execute("delete from pulse where number = ? and (unfinished or ? = 1)", [former.number, addition.again])

    # --- keeping ----------------------------------------------------------------------------------------------------

    def without_lines(self, engine: Engine, file: FileRow, since: int) -> Change:
        """Return the swap that takes a file's rows from a line on out of the ledger, written but not made yet."""
        first, last = file.number << 32 | since, file.number << 32 | 0xFFFFFFFF
        newest = self._parts.listed(after=file.batch - 1 if since > 1 else 0)
        return upkeep.without(self._parts, engine, f"id between {first} and {last}", newest)

    def rewrite(self, engine: Engine, leaving: str, *, since: datetime | None = None, until: datetime | None = None) -> int:
        """Take the rows of a condition out of the ledger; return how many. Parts that do not hold any are not touched."""
        change = upkeep.without(self._parts, engine, leaving, self._in_time(since, until))
        self.swap(change)
        return change.rows

    def compact(self, engine: Engine, *, least: int = 2, before: int | None = None) -> int:
        """Merge the small parts of each day that has at least so many; return how many parts are gone.

        With `before`, only parts of earlier appends: what somebody still asks for by its append stays as it is.
        """
        gone = 0
        for change in upkeep.merged(self._parts, engine, least=least, before=before):
            self.swap(change)
            gone += len(change.old) - len(change.new)
        return gone

    def swap(self, change: Change) -> None:
        """Let written parts count instead of others, in one transaction; nobody ever sees both or neither."""
        if change.old or change.new:
            self._bring(self._parts, change.new)
            self._manifest.together(lambda db: self._parts.record(db, change.old, change.new))
            self._parts.remove(change.old)

    # --- settling ---------------------------------------------------------------------------------------------------

    def leaving(self, engine: Engine, rows: str) -> Change:
        """Return the swap that takes rows of a condition out, written but not made yet; `settle` makes it."""
        return upkeep.without(self._parts, engine, rows, self._parts.listed())

    def keeping(self, engine: Engine, rows: str, old: Sequence[Part] = ()) -> Change:
        """Return the swap that keeps settled rows, in place of former parts of such rows, written but not made yet."""
        return Change(old, self._kept.write(engine, rows))

    def kept(self, engine: Engine, where: str) -> list[Part]:
        """Return the parts of settled rows that hold one of a condition."""
        return [part for part in self._kept.listed() if engine.one(f"select count(*) from {self._kept.rows(part)} where {where}")[0]]

    def kept_paths(self, parts: Sequence[Part] | None = None) -> list[Path]:
        """Return the files of settled rows."""
        listed = [part for part in self._kept.listed() if part.name not in self._left_out] if parts is None else parts
        return [self._kept.path(part).resolve() for part in listed]

    def settle(self, settlement: Settlement) -> None:
        """Let settled rows leave, and be kept or counted instead, in one transaction."""
        self._bring(self._parts, settlement.live.new)
        self._bring(self._kept, settlement.kept.new)

        def change(db: sqlite3.Cursor) -> None:
            self._parts.record(db, settlement.live.old, settlement.live.new)
            self._kept.record(db, settlement.kept.old, settlement.kept.new)
            settling.record(db, settlement)

        self._manifest.together(change)
        self._parts.remove(settlement.live.old)
        self._kept.remove(settlement.kept.old)

    def settled(self, until: datetime | None = None) -> list[tuple[str, int]]:
        """Return per day how many entitled disclosures are only counted any more."""
        rows = self._manifest.rows("select day, sum(entitled) from settled group by day having sum(entitled) > 0 order by day")
        return [(day, n) for day, n in rows if until is None or day < f"{until:%Y-%m-%d}"]

    def settled_of(self, number: int) -> tuple[int, int]:
        """Return how many disclosures of a file are only counted, and how many were kept when their verdict was settled."""
        query = "select coalesce(sum(entitled), 0), coalesce(sum(kept), 0) from settled where number = ?"
        entitled, kept = self._manifest.rows(query, [number])[0]
        return int(entitled), int(kept)

    def settlements(self) -> list[tuple[str, str, str, str, int, int]]:
        """Return what was settled: when, by whom, what, why, and how many rows were counted and kept."""
        return [tuple(row) for row in self._manifest.rows("select * from settlements order by rowid")]

    def lots(self, domain: str, key: int) -> list[tuple[int, bytes]]:
        """Return the sealed lots in which the name of a pseudonym may lie, with their places."""
        rows = self._manifest.rows("select rowid, sealed from names where domain = ? and ? between first and last", [domain, key])
        return [(int(place), bytes(sealed)) for place, sealed in rows]

    def scrub(self) -> bool:
        """Remove from the disk what was taken out of the ledger; return whether that was possible, and not somebody reading."""
        for parts in (self._parts, self._kept):
            parts.sweep()
        left = [path for parts in (self._parts, self._kept) for path in parts.unnamed()]
        return self._manifest.scrub() and not left

    # --- our own looks, and what people vouch for -------------------------------------------------------------------

    def note_lookup(self, *, at: str, by: str, command: str, customer: int, reason: str) -> None:
        """Record that one of our own staff looked at a customer: our own look-ups are disclosures."""
        self._manifest.rows("insert into lookups values (?,?,?,?,?)", [at, by, command, customer, reason])

    def lookups(self, customer: int) -> list[tuple[str, str, str, str]]:
        """Return our own look-ups of a customer: when, by whom, with which command, for which reason."""
        return [
            tuple(row)
            for row in self._manifest.rows("select at, by, command, reason from lookups where customer = ? order by at", [customer])
        ]

    def vouch(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Add entitlements a person vouches for: basis, recipient, customer, site, since, reason, by whom, when.

        They are never changed and never removed.
        """
        self._manifest.together(lambda db: db.executemany("insert into vouched values (?,?,?,?,?,?,?,?)", rows))

    def known(self) -> list[Known]:
        """Return the incidents that have a name, as they were when they were last named."""
        rows = self._manifest.rows("select name, detector, channel, cause_kind, cause, since, until from incidents")
        at = datetime.fromisoformat
        return [Known(name, leak, channel, kind, cause, at(a), at(b)) for name, leak, channel, kind, cause, a, b in rows]

    def keep_names(self, incidents: Sequence[Known]) -> None:
        """Remember which incident has which name. A name stays, even when nothing is found under it any more."""
        rows = [(k.name, k.detector, k.channel, k.cause_kind, k.cause, k.since.isoformat(), k.until.isoformat()) for k in incidents]
        self._manifest.together(lambda db: db.executemany("insert or replace into incidents values (?,?,?,?,?,?,?)", rows))

    def vouched(self) -> list[tuple[str, int, int, str, str, str, str]]:
        """Return what people vouched for: basis, recipient, customer, site, since, reason and by whom."""
        return [
            tuple(row)
            for row in self._manifest.rows("select basis, recipient, customer, site, since, reason, by from vouched order by rowid")
        ]

    def sealed_names(self, domain: str, key: int) -> Iterator[bytes]:
        """Yield the sealed lots in which the clear value of a pseudonym may lie, for the vault to open."""
        for (lot,) in self._manifest.rows(
            "select rowid from names where domain = ? and ? between first and last order by rowid", [domain, key]
        ):
            yield from (bytes(sealed) for (sealed,) in self._manifest.rows("select sealed from names where rowid = ?", [lot]))

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def batch(self) -> int:
        """The number of the last append; parts that come later have a higher one."""
        rows = self._manifest.rows("select value from counters where name = 'batch'")
        return int(rows[0][0]) if rows else 0

    def part_paths(self, since: datetime | None = None, until: datetime | None = None, *, after: int = 0) -> list[Path]:
        """Return the files that hold what was shown in a time, or what came with later appends than `after`; for DuckDB and Spark."""
        return [self._parts.path(part).resolve() for part in self._in_time(since, until) if part.batch > after]

    def _in_time(self, since: datetime | None, until: datetime | None) -> list[Part]:
        return [
            part
            for part in self._parts.listed()
            if part.name not in self._left_out
            and (since is None or part.until >= since.astimezone(UTC))
            and (until is None or part.since < until.replace(tzinfo=until.tzinfo or UTC))
        ]

    def lost(self) -> list[Part]:
        """Return the parts whose rows cannot be read any more."""
        return [part for room in (self._parts, self._kept) for part in room.lost() + [p for p in room.listed() if p.name in self._left_out]]

    def parts(self) -> list[Part]:
        """Return the parts that count, those of settled rows among them."""
        return self._parts.listed() + self._kept.listed()

    def damaged(self) -> list[Part]:
        """Return the parts that are not, byte for byte, what was written; all of them are read."""
        return [part for room in (self._parts, self._kept) for part in room.damaged(room.listed())]

    def set_damaged_aside(self) -> bool:
        """Read every part to its end and leave out what is damaged; return whether anything is.

        The writer moves it to `quarantine/` for good, where it can be mended; a reader only does without.
        """
        found = False
        for room in (self._parts, self._kept):
            bad = room.damaged([part for part in room.listed() if part.name not in self._left_out])
            if bad and self._writes:
                room.quarantine(bad)
            self._left_out |= {part.name for part in bad}
            found |= bool(bad)
        return found

    def open_in(self, engine: Engine, until: datetime | None = None) -> None:
        """Give the engine the view `disclosures_read` over all parts that count, or over what they hold from before `until`.

        A part that is missing or damaged is left out and is `lost` from then on.
        Raises `LedgerError` when parts are whole and yet not what the manifest says.
        """
        parts = self._in_time(None, until)
        if parts and not self._parts.sound(engine, parts):
            if not self.set_damaged_aside():
                raise not_ours(self.folder, "its disclosures are not as many as its manifest says")
            parts = self._in_time(None, until)
        self._parts.view(engine, "disclosures_read", parts, shown_before(until))
        self._kept.view(engine, "kept_read", self._sound_kept(engine), shown_before(until))

    def days(self, until: datetime | None = None) -> list[tuple[datetime, int]] | None:
        """Return the days and how many disclosures each has, as the manifest says; nothing if a part is not of one whole day of them."""
        found: dict[datetime, int] = {}
        for part in self._in_time(None, until):
            day, last = (_naive_day(moment) for moment in (part.since, part.until))
            if day != last or (until is not None and part.until >= until.replace(tzinfo=until.tzinfo or UTC)):
                return None
            found[day] = found.get(day, 0) + part.rows
        return sorted(found.items())

    def open_new(self, engine: Engine, name: str, *, after: int) -> None:
        """Give the engine a view over the parts that came with later appends than `after`."""
        self._parts.view(engine, name, self._parts.listed(after=after))

    def _sound_kept(self, engine: Engine) -> list[Part]:
        kept = [part for part in self._kept.listed() if part.name not in self._left_out]
        if kept and not self._kept.sound(engine, kept):
            self.set_damaged_aside()
        return [part for part in kept if part.name not in self._left_out]


def _naive_day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def shown_before(until: datetime | None) -> str:
    """Return the SQL condition for what was shown before a moment; for everything, if none is given."""
    return f"seen_at < timestamp {quoted(f'{until:%Y-%m-%d %H:%M:%S}')}" if until else "true"


def _made(folder: Path) -> None:
    """Make the rooms of a ledger, so that they are there after a power cut too."""
    if not (folder / MANIFEST).exists():
        refuse_foreign(folder)
    fresh = not folder.is_dir()
    rooms = [folder / room for room in (DISCLOSURES, SETTLED, INCOMING)]
    if not all(room.is_dir() for room in rooms):
        for room in rooms:
            room.mkdir(parents=True, exist_ok=True)
        sync(folder)
        if fresh:
            sync(folder.parent)
