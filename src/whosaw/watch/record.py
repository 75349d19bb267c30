"""What was known of each incident, and when? Dated revisions that are only ever added to, written together with the messages they cause."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

import msgspec

from whosaw.errors import StorageError
from whosaw.model import Incident

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

FILE = "watch.sqlite"

MATERIAL = 2
"""A count that has grown by this factor is worth telling at once; slower growth waits until the last revision is old enough."""

_TABLES = """
create table if not exists revisions (
    name text not null, number integer not null, made text not null, incident blob, changes text not null, primary key (name, number));
create table if not exists status (one integer primary key check (one = 1), body blob not null);
"""


@dataclass(frozen=True)
class Revision:
    """What was known of an incident from a time on, and how that differs from before. `incident` is nothing when it was taken back."""

    name: str
    number: int
    made: datetime
    incident: Incident | None
    changes: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether nothing was known of the incident before."""
        return self.number == 1


class Record:
    """The record of a watch, beside its ledger. Close it, or use it in a `with`."""

    def __init__(self, folder: Path, *, more_tables: str = "") -> None:
        """Open or make the record; `more_tables` is DDL of what is written in the same transactions."""
        self._path = folder / FILE
        self._db = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        self._db.executescript(f"pragma journal_mode = wal; begin immediate; {_TABLES} {more_tables} commit;")
        self._db.execute("pragma synchronous = full")

    def __enter__(self) -> Self:
        """Return the record itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the record."""
        self._db.close()

    def latest(self) -> dict[str, Revision]:
        """Return the newest revision of every incident."""
        query = "select name, max(number), made, incident, changes from revisions group by name"
        return {name: _revision(name, *rest) for name, *rest in self._db.execute(query)}

    def history(self, name: str) -> list[Revision]:
        """Return all revisions of an incident, oldest first."""
        rows = self._db.execute("select name, number, made, incident, changes from revisions where name = ? order by number", [name])
        return [_revision(*row) for row in rows]

    def revise(
        self,
        found: Sequence[Incident],
        merged: Mapping[str, str],
        *,
        made: datetime,
        every: timedelta,
        queue: Callable[[sqlite3.Cursor, Revision], None] = lambda *_: None,
    ) -> list[Revision]:
        """Record what has become of all incidents and queue what is to be told, in one transaction; return the new revisions.

        Material changes count at once, mere growth once in `every`. An incident that is no longer found has been explained.
        """
        before = self.latest()
        fresh = [r for one in found if (r := _next(before.get(one.id), one, made, every)) is not None]
        gone = sorted(before.keys() - {one.id for one in found})
        fresh += [_taken_back(before[name], merged.get(name), made) for name in gone if before[name].incident is not None]
        if not fresh:
            return []
        with self._written(), closing(self._db.cursor()) as db:
            db.execute("begin immediate")
            try:
                for one in fresh:
                    body = None if one.incident is None else msgspec.json.encode(one.incident)
                    values = [one.name, one.number, one.made.isoformat(), body, msgspec.json.encode(one.changes).decode()]
                    db.execute("insert into revisions values (?,?,?,?,?)", values)
                    queue(db, one)
                db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    db.execute("rollback")
                raise
        return fresh

    def keep_status(self, body: bytes) -> None:
        """Keep how the watch stands, for `whosaw doctor` and whoever else asks."""
        with self._written():
            self._db.execute("insert or replace into status values (1, ?)", [body])

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Say what stands in the way of writing."""
        try:
            yield
        except sqlite3.OperationalError as problem:
            raise StorageError(f"cannot write `{self._path}`: {problem}", hint="free some space; nothing is half-written") from problem


def status_of(folder: Path) -> bytes | None:
    """Return how the watch of a ledger stood when it last said so; nothing if none ever ran. Never waits for the watch."""
    path = folder / FILE
    if not path.exists():
        return None
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as db:
        row = db.execute("select body from status").fetchone()
    return bytes(row[0]) if row else None


def _revision(name: str, number: int, made: str, incident: bytes | None, changes: str) -> Revision:
    body = None if incident is None else msgspec.json.decode(incident, type=Incident)
    return Revision(name, number, datetime.fromisoformat(made), body, tuple(msgspec.json.decode(changes, type=list[str])))


def _next(last: Revision | None, now: Incident, made: datetime, every: timedelta) -> Revision | None:
    if last is None:
        return Revision(now.id, 1, made, now, ("first seen",))
    if last.incident is None:
        return Revision(now.id, last.number + 1, made, now, ("seen again after it had been explained",))
    found, material = changes(last.incident, now)
    if material or (found and made - last.made >= every):
        return Revision(now.id, last.number + 1, made, now, tuple(found))
    return None


def _taken_back(last: Revision, into: str | None, made: datetime) -> Revision:
    why = f"is part of {into}: later rows close the silence between them" if into else "every disclosure of it has been explained since"
    return Revision(last.name, last.number + 1, made, None, (why,))


def changes(before: Incident, now: Incident) -> tuple[list[str], bool]:
    """Return in words what differs between two states of an incident, and whether that is material or mere growth."""
    out, material = [], False
    counts = (
        ("customers at least", before.customers.at_least, now.customers.at_least),
        ("customers at most", before.customers.at_most, now.customers.at_most),
        ("recipients", before.recipients.count, now.recipients.count),
        ("disclosures", before.disclosures, now.disclosures),
    )
    for what, old, new in counts:
        if old != new:
            out.append(f"{what} {old:,} -> {new:,}")
            material |= new < old or new >= MATERIAL * old
    facts = (
        ("since", _time(before.since), _time(now.since)),
        ("since earliest", _time(before.since_earliest), _time(now.since_earliest)),
        ("evidence", before.evidence_kind, now.evidence_kind),
        ("severity", f"{before.severity.low}-{before.severity.high}", f"{now.severity.low}-{now.severity.high}"),
        ("data", ", ".join(before.data), ", ".join(now.data)),
    )
    for what, was, is_now in facts:
        if was != is_now:
            out.append(f"{what} {was} -> {is_now}")
            material = True
    if before.until != now.until:
        out.append(f"until {_time(before.until)} -> {_time(now.until)}")
    return out, material


def _time(moment: datetime | None) -> str:
    return "not known" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
