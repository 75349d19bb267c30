"""Who is told of what, and by whom? Each channel has a thread of its own, so that one that hangs holds up nobody else."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from whosaw.config.tables import seconds
from whosaw.config.watching import Tell
from whosaw.watch import outbox
from whosaw.watch.channels import CHANNELS, Channel, Outcome, Place
from whosaw.watch.message import Message, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from whosaw.config.watching import Watch
    from whosaw.watch.outbox import Standing

LEVELS = {"low": 1, "medium": 2, "high": 3, "very high": 4}

LOOK = 1.0
"""Seconds between two looks at what is due; a try that is due waits no longer."""

LONGEST_PAUSE, LONGEST_WAIT = 60.0, 3600.0
"""Seconds a receiver is left alone after it failed: by our own choice, and because it asked for it."""

STOP = 30.0


@dataclass(frozen=True)
class Addressee:
    """Somebody who is told: of what, and through which channel."""

    tell: Tell
    channel: Channel

    @property
    def name(self) -> str:
        """The name under which its messages wait."""
        return self.tell.channel

    def wants(self, message: Message, *, told: bool) -> bool:
        """Whether it is to be told. What it was told of once, it is told to the end, however small it becomes."""
        if message.kind not in self.tell.when:
            return False
        return told or message.incident.severity.high >= LEVELS[self.tell.severity]


def addressees(watch: Watch, folder: Path) -> list[Addressee]:
    """Return who is told, each ready to be. Raises `ConfigError` for what can be known to be wrong before anything is sent."""
    found = []
    for i, tell in enumerate(watch.tell):
        key = f"watch.tell[{i}]"
        found.append(Addressee(tell, CHANNELS[tell.kind](Place(tell, folder, key, float(seconds(tell.timeout, f"{key}.timeout"))))))
    return found


def queue(db: sqlite3.Cursor, message: Message, to: Sequence[Addressee], now: datetime) -> int:
    """Let a message wait for all who want it, within the caller's transaction; return for how many."""
    wanted = [one for one in to if one.wants(message, told=outbox.told(db, channel=one.name, thread=message.thread))]
    for one in wanted:
        outbox.queue(db, id=message.id, channel=one.name, thread=message.thread, body=pack(message), now=now)
    return len(wanted)


@dataclass(frozen=True)
class Round:
    """One look at what is due: how many messages were sent, and how many seconds the receiver asked us to stay away, if it failed."""

    sent: int
    failed: bool = False
    wait: float = 0.0


def deliver(box: outbox.Outbox, to: Addressee, now: Callable[[], datetime]) -> Round:
    """Send what is due for one addressee, until one message fails: the others would hardly fare better now."""
    sent = 0
    for letter in box.due(to.name, now()):
        what = _send(to, letter.body, now())
        if what.sent:
            box.sent(letter, what.why)
            sent += 1
        elif not box.failed(letter, what.why, now(), wait=what.wait, for_good=what.for_good):
            return Round(sent, failed=True, wait=what.wait.total_seconds() if what.wait else 0.0)
    return Round(sent)


def _send(to: Addressee, body: bytes, now: datetime) -> Outcome:
    try:
        return to.channel.send(unpack(body), now)
    except msgspec.MsgspecError:
        return Outcome(sent=False, why="it was kept by another version and cannot be read any more", for_good=True)


class Teller:
    """Sends what waits, for ever, beside the watch. Start it, and stop it; what is left waits for the next start."""

    def __init__(self, file: Path, to: Sequence[Addressee], *, now: Callable[[], datetime], keep_trying: timedelta) -> None:
        """Send from a record's file, on connections of its own. A message that cannot be sent for `keep_trying` is given up."""
        self._file, self._now, self._keep_trying = file, now, keep_trying
        self._stopping, self._wakes = threading.Event(), [threading.Event() for _ in to]
        self._threads = [
            threading.Thread(target=self._run, args=(one, wake), name=f"whosaw-tell-{one.name}", daemon=True)
            for one, wake in zip(to, self._wakes, strict=True)
        ]
        self.trouble: dict[str, str] = {}
        """Channels whose messages cannot even be looked at, and why."""

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def nudge(self) -> None:
        """Look at once whether something is due."""
        for wake in self._wakes:
            wake.set()

    def stop(self) -> None:
        """Send no more; a try that is under way is waited for, within reason."""
        self._stopping.set()
        self.nudge()
        for thread in self._threads:
            thread.join(STOP)

    def standing(self) -> list[Standing]:
        """Return how each channel stands."""
        with closing(self._connect()) as db:
            return outbox.Outbox(db).standing()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, isolation_level=None, timeout=30)

    def _run(self, to: Addressee, wake: threading.Event) -> None:
        failures = 0
        with closing(self._connect()) as db:
            box = outbox.Outbox(db, keep_trying=self._keep_trying)
            while not self._stopping.is_set():
                wake.clear()
                done = self._try(box, to)
                failures = failures + 1 if done.failed else 0
                if done.failed:
                    self._stopping.wait(max(min(LOOK * 2**failures, LONGEST_PAUSE), min(done.wait, LONGEST_WAIT)))
                elif not done.sent:
                    wake.wait(LOOK)

    def _try(self, box: outbox.Outbox, to: Addressee) -> Round:
        try:
            done = deliver(box, to, self._now)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the messages must go on waiting, and it must be seen
            self.trouble[to.name] = f"its messages could not be sent: {type(problem).__name__}"
            return Round(0, failed=True)
        self.trouble.pop(to.name, None)
        return done
