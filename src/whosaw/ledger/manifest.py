"""Which parts count, and what is known besides? A SQLite database in which everything happens whole or not at all."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from whosaw.errors import LedgerError, StorageError, WhosawError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

VERSION = "2"
MANIFEST = "manifest.sqlite"

_TABLES = """
create table if not exists meta (key text primary key, value text not null);
create table if not exists counters (name text primary key, value integer not null);
create table if not exists files (
    number integer primary key, source text not null, channel text not null, path text not null, digest text not null,
    size integer not null,
    lines integer not null, disclosures integer not null, rejected integer not null, other integer not null, broken text not null,
    state text not null, head text not null, unfinished text not null, batch integer not null);
create index if not exists files_by_head on files (source, head);
create index if not exists files_by_digest on files (source, digest);
create table if not exists parts (
    path text primary key, day text not null, rows integer not null, bytes integer not null, first integer not null,
    last integer not null, checksum text not null, batch integer not null);
create table if not exists lost (
    path text primary key, day text not null, rows integer not null, bytes integer not null, first integer not null,
    last integer not null, checksum text not null, batch integer not null);
create table if not exists kept (
    path text primary key, day text not null, rows integer not null, bytes integer not null, first integer not null,
    last integer not null, checksum text not null, batch integer not null);
create table if not exists kept_lost (
    path text primary key, day text not null, rows integer not null, bytes integer not null, first integer not null,
    last integer not null, checksum text not null, batch integer not null);
create table if not exists settled (
    day text not null, number integer not null, entitled integer not null, kept integer not null, primary key (day, number));
create table if not exists settlements (
    at text not null, by text not null, what text not null, reason text not null, entitled integer not null, kept integer not null);
create table if not exists superseded (source text not null, digest text not null, primary key (source, digest));
create table if not exists rejected (number integer not null references files, line integer not null, reason text not null);
create index if not exists rejected_by_file on rejected (number, line);
create table if not exists pulse (
    source text not null, bucket integer not null, lines integer not null, first integer not null, last integer not null,
    number integer not null, unfinished integer not null, primary key (number, bucket, unfinished));
create index if not exists pulse_by_source on pulse (source, bucket);
create table if not exists vouched (
    basis text not null, recipient integer not null, customer integer, site text, since text not null, reason text not null,
    by text not null, at text not null);
create table if not exists incidents (
    name text primary key, detector text not null, channel text not null, cause_kind text not null, cause text not null,
    since text not null, until text not null);
create table if not exists lookups (
    at text not null, by text not null, command text not null, customer integer not null, reason text not null);
create table if not exists names (domain text not null, first integer not null, last integer not null, sealed blob not null);
create index if not exists names_by_range on names (domain, first);
"""


class Manifest:
    """The manifest of a ledger, opened. Close it."""

    def __init__(self, folder: Path) -> None:
        """Open or make it. Raises `LedgerError` for one that is damaged, somebody else's or of another version."""
        self.folder = folder
        try:
            self._db = sqlite3.connect(folder / MANIFEST, isolation_level=None, timeout=2)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise
        except sqlite3.Error as problem:
            raise trouble(folder, problem) from problem

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _prepare(self) -> None:
        """Make the tables, all or none. A manifest that is someone else's is found out before anything is written to it."""
        tables = {name for (name,) in self._db.execute("select name from sqlite_master where type = 'table'")}
        if tables and not {"meta", "files", "parts"} <= tables:
            raise not_ours(self.folder, "its manifest holds something else")
        version = self.meta("version") if tables else VERSION
        if version != VERSION:
            raise LedgerError(
                f"`{self.folder}` is a ledger of version {version}, expected {VERSION}", hint="judge into a new folder with --dir"
            )
        if not set(re.findall(r"create table if not exists (\w+)", _TABLES)) <= tables:
            first = f"insert or ignore into meta values ('version', '{VERSION}');"
            self._db.executescript(f"pragma journal_mode = wal; begin immediate; {_TABLES} {first} commit;")
        self._db.execute("pragma synchronous = full")

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a statement; trouble becomes ours."""
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as problem:
            raise trouble(self.folder, problem) from problem

    def together(self, change: Callable[[sqlite3.Cursor], object]) -> None:
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
            raise trouble(self.folder, problem) from problem

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Show the manifest as it stands now for the length of a `with`, whatever a writer does meanwhile. Nothing may be changed in it."""
        if self._db.in_transaction:
            yield
            return
        self.rows("begin")
        try:
            self.rows("select 1 from meta limit 1")  # a snapshot begins with the first look
            yield
        finally:
            self.rows("rollback")

    def meta(self, key: str) -> str:
        """Return a remembered fact, or an empty text."""
        rows = self.rows("select value from meta where key = ?", [key])
        return str(rows[0][0]) if rows else ""

    def scrub(self) -> bool:
        """Leave nothing on the disk of what was deleted; return whether that was possible, and not somebody reading."""
        self.rows("vacuum")
        busy, _, _ = self.rows("pragma wal_checkpoint(truncate)")[0]
        return not busy

    def reserve(self, counter: str, count: int) -> int:
        """Return the first of so many numbers that nobody was given before and nobody will be given again."""
        first = 0

        def change(db: sqlite3.Cursor) -> None:
            nonlocal first
            first = advance(db, counter, count) - count + 1

        self.together(change)
        return first


def advance(db: sqlite3.Cursor, counter: str, count: int = 1) -> int:
    """Return a counter after it went on by so much; it never goes back."""
    db.execute(
        "insert into counters values (?, ?) on conflict (name) do update set value = value + excluded.value returning value",
        [counter, count],
    )
    return int(db.fetchone()[0])


def not_ours(folder: Path, why: object) -> LedgerError:
    """Return the error for a folder that is no ledger, or one that cannot be trusted."""
    return LedgerError(f"`{folder}` is no whosaw ledger, or is damaged ({why})", hint="judge into a new folder with --dir")


def cannot_write(folder: Path, problem: OSError) -> StorageError:
    """Return the error for a disk that does not take it."""
    return StorageError(
        f"cannot write `{folder}`: {(problem.strerror or 'unknown reason').lower()}",
        hint="choose another folder with --dir, or free some space",
    )


def trouble(folder: Path, problem: sqlite3.Error) -> WhosawError:
    """Return what SQLite's trouble means to a person: someone else is at work, the disk does not take it, or this is no ledger."""
    name = getattr(problem, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerError(
            f"the ledger `{folder}` is in use: {problem}", hint="another whosaw may be writing it: wait for it to end, and try again"
        )
    if name.startswith(("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM")):
        return StorageError(f"cannot write `{folder}`: {problem}", hint="choose another folder with --dir, or free some space")
    return not_ours(folder, problem)
