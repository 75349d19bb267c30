"""What is still to be told, to whom, and when next? Messages wait in the record of the watch until they are sent, or given up and shown.

A message is written in the transaction that makes its revision, so that neither exists without the other.
It is taken out only after its receiver has it. Dying in between sends it once more under the same name: the receiver tells that by its id.
"""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

TABLES = """
create table if not exists outbox (
    id text not null, channel text not null, thread text not null, body blob not null, queued text not null, state text not null,
    tries integer not null, next text not null, why text not null, primary key (channel, id));
create index if not exists outbox_waiting on outbox (channel, state, next);
"""

WAITING, SENT, GIVEN_UP = "waiting", "sent", "given up"

FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=1)
KEEP_TRYING = timedelta(days=3)

_UNIFORM = random.SystemRandom().uniform


@dataclass(frozen=True)
class Letter:
    """A message that waits for one channel."""

    id: str
    channel: str
    body: bytes
    queued: datetime
    tries: int


@dataclass(frozen=True)
class Standing:
    """How a channel stands: how many messages wait, since when the oldest does, how many were given up, and the last reason."""

    channel: str
    waiting: int
    given_up: int
    oldest: datetime | None
    why: str


def queue(db: sqlite3.Cursor, *, id: str, channel: str, thread: str, body: bytes, now: datetime) -> None:  # noqa: A002 - the column
    """Let a message wait for a channel, within the caller's transaction. The same id waits, or was sent, only once."""
    values = [id, channel, thread, body, _text(now), WAITING, _text(now)]
    db.execute("insert or ignore into outbox values (?,?,?,?,?,?,0,?,'')", values)


def told(db: sqlite3.Cursor, *, channel: str, thread: str) -> bool:
    """Whether anything of a thread was ever queued for a channel: then it must hear the rest as well."""
    return db.execute("select 1 from outbox where channel = ? and thread = ? limit 1", [channel, thread]).fetchone() is not None


class Outbox:
    """The messages that wait, on a connection of its own."""

    def __init__(
        self,
        db: sqlite3.Connection,
        *,
        keep_trying: timedelta = KEEP_TRYING,
        jitter: Callable[[float, float], float] = _UNIFORM,
    ) -> None:
        """Use an open connection in autocommit mode; a message that could not be sent for `keep_trying` is given up."""
        self._db, self._keep_trying, self._jitter = db, keep_trying, jitter

    def due(self, channel: str, now: datetime, limit: int = 20) -> list[Letter]:
        """Return messages to be sent now, the oldest first; of one thread none before an earlier one was sent or given up."""
        query = (
            "select id, channel, body, queued, tries from outbox as o where channel = ? and state = 'waiting' and next <= ? and not exists ("
            "select 1 from outbox as e where e.channel = o.channel and e.thread = o.thread and e.state = 'waiting' and e.rowid < o.rowid) "
            "order by rowid limit ?"
        )
        rows = self._db.execute(query, [channel, _text(now), limit]).fetchall()
        return [Letter(i, c, bytes(body), datetime.fromisoformat(queued), tries) for i, c, body, queued, tries in rows]

    def sent(self, letter: Letter, note: str = "") -> None:
        """Take note that its receiver has it. That it was sent is kept, what it said is not."""
        self._change("state = 'sent', body = x'', tries = tries + 1, why = ?", [note], letter)

    def failed(self, letter: Letter, why: str, now: datetime, *, wait: timedelta | None = None, for_good: bool = False) -> bool:
        """Take note that it could not be sent; return whether it is given up.

        The next try is later each time, and not before the receiver said it would `wait`.
        """
        if for_good or now - letter.queued >= self._keep_trying:
            self._change("state = 'given up', tries = tries + 1, why = ?", [why], letter)
            return True
        pause = min(FIRST_RETRY * 2 ** min(letter.tries, 20), LONGEST_RETRY) * self._jitter(0.5, 1.5)
        later = now + max(pause, wait or timedelta())
        self._change("next = ?, tries = tries + 1, why = ?", [_text(later), why], letter)
        return False

    def try_again(self, now: datetime) -> int:
        """Let all messages that were given up wait once more; return how many."""
        return self._db.execute(
            "update outbox set state = 'waiting', queued = ?1, next = ?1 where state = 'given up'", [_text(now)]
        ).rowcount

    def standing(self) -> list[Standing]:
        """Return how each channel stands that anything was ever queued for."""
        query = (
            "select channel, count(*) filter (where state = 'waiting'), count(*) filter (where state = 'given up'), "
            "min(queued) filter (where state = 'waiting'), "
            "coalesce((select why from outbox as l where l.channel = o.channel and l.state <> 'sent' and l.why <> '' "
            "order by l.rowid desc limit 1), '') from outbox as o group by channel order by channel"
        )
        rows = self._db.execute(query).fetchall()
        return [Standing(c, w, g, datetime.fromisoformat(old) if old else None, why) for c, w, g, old, why in rows]

    def _change(self, what: str, values: list[object], letter: Letter) -> None:
        with closing(self._db.execute(f"update outbox set {what} where channel = ? and id = ?", [*values, letter.channel, letter.id])):
            pass


def _text(moment: datetime) -> str:
    """Return a time so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
