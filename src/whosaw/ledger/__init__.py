"""What was shown, according to the logs? The one table of facts, which files it came from, and for which time there are lines.

The ledger is a folder: Parquet files of disclosures beside a SQLite manifest that alone says which files count.
A file is written under another name, synced, renamed, and then one manifest transaction makes it count,
so a crash leaves at worst a file that nothing names, and the same input read twice adds nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from whosaw.engine.duckdb import Engine, named, quoted
from whosaw.engine.fingerprint import fingerprint
from whosaw.errors import LedgerError, QueryError, StorageError, WhosawError
from whosaw.model import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

VERSION = "2"
MANIFEST = "manifest.sqlite"

_FOLDERS = ("disclosures", "incoming")
_PART = re.compile(r"(?:[0-9a-f]{8}-[0-9a-f]{8}-)?[0-9]{4,}\.parquet")
_LABEL = re.compile(r"D-([0-7][0-9a-f]{7})\.([0-9]{1,10})")

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("id", "BIGINT", "file number in the upper bits, line number in the lower 32; shown as `D-<file>.<line>`"),
    ("seen_at", "TIMESTAMP", "when the data were shown, UTC"),
    ("source", "VARCHAR", "which kind of log said so, by its name in the configuration"),
    ("source_line", "BIGINT", "physical line in that file"),
    ("channel", "VARCHAR", "portal, bills, gateway, care ...: as the configuration names it"),
    ("vantage", "VARCHAR", "where the log was written: client, proxy_in, proxy_out, origin or app"),
    ("route", "VARCHAR", "template of the page or name of the screen"),
    ("self_route", "BOOLEAN", "the page shows whoever is logged in, not a customer named in its address"),
    ("recipient_kind", "VARCHAR", "customer_login, company_user, employee, site, authority, service, anonymous or unknown"),
    ("recipient", "BIGINT", "keyed pseudonym of the one who was shown the data"),
    ("site", "VARCHAR", "host name, for recipients that are sites"),
    ("session", "BIGINT", "keyed pseudonym of the session"),
    ("client", "BIGINT", "keyed pseudonym of the network address"),
    ("device", "BIGINT", "keyed pseudonym of what identifies the device or browser"),
    ("customer", "BIGINT", "keyed pseudonym of whose data were shown, where the line itself says so"),
    ("object_type", "VARCHAR", "bill, number, account ...: what the address or header named"),
    ("object", "BIGINT", "keyed pseudonym of that object; its owner at that time is the customer"),
    ("page", "BIGINT", "keyed pseudonym of host and address: the same page again"),
    ("data", "INTEGER", "bit mask of the data classes shown; 0 means not known"),
    ("records", "INTEGER", "how many records the answer held"),
    ("data_from", "TIMESTAMP", "begin of the period of the data shown"),
    ("data_to", "TIMESTAMP", "end of the period of the data shown"),
    ("status", "SMALLINT", "HTTP status"),
    ("bytes", "BIGINT", "size of the answer"),
    ("cache", "VARCHAR", "hit, miss, expired ...: what a cache said, in lower case"),
    ("filler_session", "BIGINT", "keyed pseudonym of the session the page was made for, where the line says so"),
    ("sets_session", "BIGINT", "keyed pseudonym of a session handed out with the answer"),
    ("claim", "VARCHAR", "what the source says justified it (a ticket, a request): to be checked, never believed"),
    ("field", "VARCHAR", "header or field in which an identifier stood"),
    ("form", "VARCHAR", "how it was written there: plain, base64, sha256 ..."),
)

_TABLES = """
create table if not exists meta (key text primary key, value text not null);
create table if not exists files (
    number integer primary key, source text not null, channel text not null, path text not null, digest text not null,
    size integer not null,
    lines integer not null, disclosures integer not null, rejected integer not null, other integer not null, broken text not null,
    unique (source, digest));
create table if not exists parts (path text primary key, number integer not null references files, rows integer not null);
create table if not exists superseded (source text not null, digest text not null, primary key (source, digest));
create table if not exists rejected (number integer not null references files, line integer not null, reason text not null);
create table if not exists pulse (
    source text not null, bucket integer not null, lines integer not null, first integer not null, last integer not null,
    number integer not null);
create table if not exists vouched (
    basis text not null, recipient integer not null, customer integer, site text, since text not null, reason text not null,
    by text not null, at text not null);
create table if not exists lookups (
    at text not null, by text not null, command text not null, customer integer not null, reason text not null);
create table if not exists names (domain text not null, first integer not null, last integer not null, sealed blob not null);
create index if not exists names_by_range on names (domain, first);
"""

REJECTED_KEPT = 10_000
"""Rejected lines kept one by one per file; beyond that only their number is kept (a wrong format would fill the disk)."""


@dataclass(frozen=True)
class FileRow:
    """What one file added: its counts, which add up (lines = disclosures + rejected + other)."""

    number: int
    source: str
    channel: str
    path: str
    digest: str
    size: int
    lines: int
    disclosures: int
    rejected: int
    other: int
    broken: str = ""


@dataclass(frozen=True)
class Part:
    """A written and synced file of disclosures that does not count yet."""

    path: Path
    rows: int


@dataclass(frozen=True)
class Addition:
    """All that one read file brings to the ledger, to be recorded at once or not at all."""

    file: FileRow
    parts: Sequence[Part]
    rejected: Sequence[tuple[int, str]]
    pulse: Sequence[tuple[int, int, int, int]]
    """Bucket of five minutes, lines, first and last time in it (epoch seconds)."""
    names: Sequence[tuple[str, int, int, bytes]]
    """Domain, lowest and highest pseudonym, and the clear values of all between, sealed together for the vault."""
    replaces: int | None = None
    """Number of an earlier, shorter reading of the same file, which this one holds whole."""


class Ledger:
    """A ledger folder, opened. Close it, or use it in a `with`."""

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        """Open or make a ledger; with `write`, as its only writer.

        Raises `LedgerError` for a damaged or foreign one or when another process writes it, `StorageError` when it cannot be written.
        """
        self.folder = folder
        with ExitStack() as opened:
            try:
                _refuse_foreign(folder)
                for name in _FOLDERS:
                    (folder / name).mkdir(parents=True, exist_ok=True)
                self._db = opened.enter_context(closing(sqlite3.connect(folder / MANIFEST, isolation_level=None, timeout=2)))
                self._prepare()
                if write:
                    opened.callback(os.close, _only_writer(folder))
                    self.forget_parts()
                    self._sweep()
            except OSError as problem:
                raise _cannot_write(folder, problem) from problem
            except sqlite3.Error as problem:
                raise _trouble(folder, problem) from problem
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        """Return the ledger itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the manifest and let the next writer in."""
        self._opened.close()

    def _prepare(self) -> None:
        """Make the manifest's tables, all or none. A manifest that is someone else's is found out before anything is written to it."""
        tables = {name for (name,) in self._db.execute("select name from sqlite_master where type = 'table'")}
        if tables and not {"meta", "files", "parts"} <= tables:
            raise _not_ours(self.folder, "its manifest holds something else")
        if not set(re.findall(r"create table if not exists (\w+)", _TABLES)) <= tables:
            first = f"insert or ignore into meta values ('version', '{VERSION}');"
            self._db.executescript(f"pragma journal_mode = wal; begin immediate; {_TABLES} {first} commit;")
        self._db.execute("pragma synchronous = full")
        if self.meta("version") != VERSION:
            raise LedgerError(
                f"`{self.folder}` is a ledger of version {self.meta('version')}, expected {VERSION}",
                hint="judge into a new folder with --dir",
            )

    def _sweep(self) -> None:
        """Remove files of disclosures that the manifest does not name: what a crash left, or what a grown file replaced."""
        named_files = {path for (path,) in self._rows("select path from parts")}
        for path in (self.folder / "disclosures").iterdir():
            if _PART.fullmatch(path.name) and path.name not in named_files:
                path.unlink()

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a statement on the manifest; trouble becomes ours."""
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as problem:
            raise _trouble(self.folder, problem) from problem

    def _together(self, change: Callable[[sqlite3.Cursor], object]) -> None:
        """Make a change in one transaction: all of it, or nothing."""
        try:
            with closing(self._db.cursor()) as db:
                db.execute("begin immediate")
                try:
                    change(db)
                    db.execute("commit")
                except BaseException:
                    if self._db.in_transaction:  # a full disk has ended it already
                        db.execute("rollback")
                    raise
        except sqlite3.Error as problem:
            raise _trouble(self.folder, problem) from problem

    def meta(self, key: str) -> str:
        """Return a remembered fact about the ledger, or an empty text."""
        rows = self._rows("select value from meta where key = ?", [key])
        return str(rows[0][0]) if rows else ""

    def remember(self, key: str, value: str) -> None:
        """Keep a fact about the ledger (which configuration it was read with)."""
        self._rows("insert or replace into meta values (?, ?)", [key, value])

    @property
    def keyed(self) -> bool:
        """Whether it is bound to a key already, so that only that one will do."""
        return bool(self.meta("key"))

    def claim(self, mark: str) -> None:
        """Bind the ledger to a key by its mark. Raises `LedgerError` for another key: its pseudonyms would match nothing."""
        if not self.keyed:  # asking must not wait for who is writing
            self._rows("insert or ignore into meta values ('key', ?)", [mark])
        if self.meta("key") != mark:
            raise LedgerError(
                f"the ledger `{self.folder}` was written with another key",
                hint="put its own key file back, or judge into a new folder with --dir",
            )

    def holds(self, source: str, digest: str) -> bool:
        """Return whether the very same content was read for this source before, be it as the beginning of a longer file."""
        query = "select 1 from files where source = ? and digest = ? union all select 1 from superseded where source = ? and digest = ?"
        return bool(self._rows(query, [source, digest, source, digest]))

    def earlier(self, source: str, path: str) -> list[FileRow]:
        """Return former readings which a grown file would hold as its beginning, the longest first.

        A log that is rotated goes on growing under another name; a file without rows (a heading) is the beginning of many and of none.
        """
        found = [row for row in self.files() if row.source == source and (row.path == path or row.disclosures + row.other)]
        return sorted(found, key=lambda row: -row.size)

    def number(self, source: str, head: bytes, former: Sequence[FileRow] = ()) -> int:
        """Return a file number made of how its content begins, so that the order of files changes nothing.

        A file that has grown since a former reading keeps its number.
        """
        for row in former:
            if row.size <= len(head) and fingerprint(head[: row.size]) == row.digest:
                return row.number
        return int.from_bytes(hashlib.sha256(source.encode() + b"\0" + head).digest()[:4], "big") >> 1

    def taken(self, number: int) -> FileRow | None:
        """Return the file that has a number, if there is one."""
        return next((row for row in self.files() if row.number == number), None)

    def free_number(self, number: int) -> int:
        """Return the first number from this one on that no file has."""
        while self.taken(number) is not None:
            number = (number + 1) % (1 << 31)
        return number

    def write_part(self, engine: Engine, table: str, i: int, rows: int) -> Part:
        """Write an engine's table to a file that does not count before `append`. Raises `StorageError` when the disk is full."""
        path = self.folder / "incoming" / f"{i:04}.parquet"
        columns = ", ".join(f"{named(name)}::{kind} as {named(name)}" for name, kind, _ in COLUMNS)
        try:
            engine.run(
                f"copy (select {columns} from {table}) to {quoted(str(path))} (format parquet, compression zstd, row_group_size 262144)"
            )
            _sync(path)
        except (OSError, WhosawError) as problem:
            path.unlink(missing_ok=True)
            raise (_cannot_write(self.folder, problem) if isinstance(problem, OSError) else problem) from problem
        return Part(path, rows)

    def forget_parts(self) -> None:
        """Remove written parts that never came to count."""
        for orphan in (self.folder / "incoming").iterdir():
            if _PART.fullmatch(orphan.name):
                orphan.unlink()

    def append(self, addition: Addition) -> None:
        """Record all of a file, or nothing. Raises `StorageError` when the disk is full."""
        f = addition.file
        names = [f"{f.number:08x}-{f.digest[:8]}-{i:04}.parquet" for i in range(len(addition.parts))]
        try:
            for part, name in zip(addition.parts, names, strict=True):
                part.path.rename(self.folder / "disclosures" / name)
            _sync(self.folder / "disclosures")
            self._together(lambda db: self._record(db, addition, names))
            self._sweep()
        except OSError as problem:
            raise _cannot_write(self.folder, problem) from problem

    def _record(self, db: sqlite3.Cursor, addition: Addition, names: Sequence[str]) -> None:
        f = addition.file
        if addition.replaces is not None:
            db.execute("insert or ignore into superseded select source, digest from files where number = ?", [addition.replaces])
            for table in ("parts", "rejected", "pulse", "files"):
                db.execute(f"delete from {table} where number = ?", [addition.replaces])
        db.execute(
            "insert into files values (?,?,?,?,?,?,?,?,?,?,?)",
            [f.number, f.source, f.channel, f.path, f.digest, f.size, f.lines, f.disclosures, f.rejected, f.other, f.broken],
        )
        db.executemany("insert into parts values (?,?,?)", [(n, f.number, p.rows) for n, p in zip(names, addition.parts, strict=True)])
        db.executemany("insert into rejected values (?,?,?)", [(f.number, line, why) for line, why in addition.rejected[:REJECTED_KEPT]])
        db.executemany("insert into pulse values (?,?,?,?,?,?)", [(f.source, *beat, f.number) for beat in addition.pulse])
        db.executemany("insert into names values (?,?,?,?)", addition.names)

    def files(self) -> list[FileRow]:
        """Return every file the ledger holds, in an order that does not depend on the order of reading."""
        return [FileRow(*row) for row in self._rows("select * from files order by source, path, number")]

    def rejected(self, limit: int) -> list[Rejected]:
        """Return the first rejected lines, by source, file and line."""
        query = (
            "select f.source, f.path, r.line, r.reason from rejected r join files f using (number) "
            "order by f.source, f.path, r.line limit ?"
        )
        return [Rejected(*row) for row in self._rows(query, [limit])]

    def pulse(self, source: str) -> list[tuple[int, int, int, int]]:
        """Return per five minutes: bucket, lines, first and last time (epoch seconds)."""
        query = "select bucket, sum(lines), min(first), max(last) from pulse where source = ? group by bucket order by bucket"
        return [(b, n, f, u) for b, n, f, u in self._rows(query, [source])]

    def note_lookup(self, *, at: str, by: str, command: str, customer: int, reason: str) -> None:
        """Record that one of our own staff looked at a customer: our own look-ups are disclosures."""
        self._rows("insert into lookups values (?,?,?,?,?)", [at, by, command, customer, reason])

    def lookups(self, customer: int) -> list[tuple[str, str, str, str]]:
        """Return our own look-ups of a customer: when, by whom, with which command, for which reason."""
        return [tuple(row) for row in self._rows("select at, by, command, reason from lookups where customer = ? order by at", [customer])]

    def vouch(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Add entitlements a person vouches for: basis, recipient, customer, site, since, reason, by whom, when.

        They are never changed and never removed.
        """
        self._together(lambda db: db.executemany("insert into vouched values (?,?,?,?,?,?,?,?)", rows))

    def vouched(self) -> list[tuple[str, int, int, str, str, str, str]]:
        """Return what people vouched for: basis, recipient, customer, site, since, reason and by whom."""
        return [tuple(row) for row in self._rows("select basis, recipient, customer, site, since, reason, by from vouched order by rowid")]

    def sealed_names(self, domain: str, key: int) -> Iterator[bytes]:
        """Yield the sealed lots in which the clear value of a pseudonym may lie, for the vault to open."""
        for (lot,) in self._rows("select rowid from names where domain = ? and ? between first and last order by rowid", [domain, key]):
            yield from (bytes(sealed) for (sealed,) in self._rows("select sealed from names where rowid = ?", [lot]))

    def open_in(self, engine: Engine, until: datetime | None = None) -> None:
        """Give the engine the view `disclosures_read` over all parts that count, or over what they hold from before `until`.

        Raises `LedgerError` when a part is missing, damaged, or does not hold as many rows as the manifest says.
        """
        parts = self._rows("select path, rows from parts order by path")
        if not parts:
            columns = ", ".join(f"null::{kind} as {named(name)}" for name, kind, _ in COLUMNS)
            engine.run(f"create or replace temp view disclosures_read as select {columns} where false")
            return
        listed = ", ".join(quoted(str(self.folder / "disclosures" / path)) for path, _ in parts)
        try:
            rows = engine.one(f"select count(*) from read_parquet([{listed}])")[0]
        except QueryError as problem:
            raise _not_ours(self.folder, "a part of its disclosures is missing or cannot be read") from problem
        if rows != sum(count for _, count in parts):
            raise _not_ours(self.folder, "its disclosures are not as many as its manifest says")
        before = f" where seen_at < timestamp {quoted(f'{until:%Y-%m-%d %H:%M:%S}')}" if until else ""
        engine.run(f"create or replace temp view disclosures_read as select * from read_parquet([{listed}]){before}")


def disclosure_label(key: int) -> str:
    """Return the name under which a disclosure is shown and asked for."""
    return f"D-{key >> 32:08x}.{key & 0xFFFFFFFF}"


def disclosure_key(name: str) -> int | None:
    """Return the ledger id behind such a name, or nothing if it is none."""
    match = _LABEL.fullmatch(name)
    line = int(match[2]) if match else 0
    return int(match[1], 16) << 32 | line if match and line < 1 << 32 else None


def _refuse_foreign(folder: Path) -> None:
    """Leave a folder alone that has rooms of our names, with things in them that are not ours."""
    if (folder / MANIFEST).exists():
        return
    for room in (folder / name for name in _FOLDERS):
        if room.is_dir() and any(not _PART.fullmatch(left.name) for left in room.iterdir()):
            raise _not_ours(folder, f"`{room.name}` holds other files")


def _only_writer(folder: Path) -> int:
    """Return the handle of the held lock of a ledger's one writer."""
    lock = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        os.close(lock)
        raise LedgerError(
            f"another whosaw is writing `{folder}`", hint="wait for it to end, or judge into another folder with --dir"
        ) from problem
    return lock


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(folder: Path, problem: OSError) -> StorageError:
    return StorageError(
        f"cannot write `{folder}`: {(problem.strerror or 'unknown reason').lower()}",
        hint="choose another folder with --dir, or free some space",
    )


def _not_ours(folder: Path, why: object) -> LedgerError:
    return LedgerError(f"`{folder}` is no whosaw ledger, or is damaged ({why})", hint="judge into a new folder with --dir")


def _trouble(folder: Path, problem: sqlite3.Error) -> WhosawError:
    """Return what SQLite's trouble means to a person: someone else is at work, the disk does not take it, or this is no ledger."""
    name = getattr(problem, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerError(
            f"the ledger `{folder}` is in use: {problem}", hint="another whosaw may be writing it: wait for it to end, and try again"
        )
    if name.startswith(("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM")):
        return StorageError(f"cannot write `{folder}`: {problem}", hint="choose another folder with --dir, or free some space")
    return _not_ours(folder, problem)
