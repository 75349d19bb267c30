"""How does the watch stand: what does it follow, how far is it behind, whom could it not tell? One value, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from whosaw.report.figures import counted, lasting, number, share
from whosaw.watch.outbox import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

STALE = timedelta(minutes=2)
"""A status that was not renewed for so long is of a watch that hangs or has ended."""


class State(StrEnum):
    """What a source does. A silent one and one that cannot be read must never look like one without news."""

    FOLLOWING = "following"
    SILENT = "silent"
    UNREADABLE = "cannot be read"


def state(problems: Mapping[str, str], newest: datetime | None, now: datetime, silent_after: timedelta) -> State:
    """Return what a source does: `problems` are those of its follower, `newest` is the time of its newest line."""
    if problems:
        return State.UNREADABLE
    return State.FOLLOWING if newest is not None and now - newest < silent_after else State.SILENT


@dataclass(frozen=True, kw_only=True)
class SourceStatus:
    """How one source stands. The counts are those of the ledger."""

    name: str
    state: State
    newest: datetime | None = None
    """Time of its newest line."""
    lines: int = 0
    disclosures: int = 0
    rejected: int = 0
    lines_per_second: float = 0.0
    bytes_behind: int = 0
    files: int = 0
    problems: tuple[str, ...] = ()
    """What cannot be read, each with the reason."""

    def lag(self, now: datetime) -> timedelta | None:
        """Return how old its newest line is; nothing if it never had one."""
        return None if self.newest is None else max(now - self.newest, timedelta())


@dataclass(frozen=True, kw_only=True)
class Status:
    """How the watch stood when it was made, which happens after every batch."""

    made: datetime
    started: datetime
    sources: tuple[SourceStatus, ...] = ()
    disclosures: int = 0
    judged: int = 0
    """Disclosures that got a verdict other than "cannot judge"."""
    unjudged_since: datetime | None = None
    """When the oldest disclosure that no judgement has looked at yet was recorded."""
    batches: int = 0
    last_batch_seconds: float = 0.0
    judged_rows: int = 0
    """Rows judged since the start, again included."""
    incidents: int = 0
    channels: tuple[Standing, ...] = ()
    refused: tuple[tuple[str, str, int], ...] = ()
    """Syslog messages that were refused: by which listener, why, how many."""
    spool_bytes: int = 0
    parts: int = 0
    troubles: tuple[str, ...] = ()
    """What else a person should look at."""

    @property
    def waiting(self) -> int:
        """Messages that wait to be sent."""
        return sum(channel.waiting for channel in self.channels)

    @property
    def given_up(self) -> int:
        """Messages that could not be sent."""
        return sum(channel.given_up for channel in self.channels)


def pack(status: Status) -> bytes:
    """Return a status as it is kept beside the ledger."""
    return msgspec.json.encode(status)


def unpack(body: bytes) -> Status:
    """Return a kept status."""
    return msgspec.json.decode(body, type=Status)


def line(status: Status, now: datetime) -> str:
    """Return how the watch stands in one line, for a terminal: incidents first, then what is in doubt, then how it goes."""
    faulty = [source.name for source in status.sources if source.state is not State.FOLLOWING]
    parts = [counted(status.incidents, "incident")]
    parts += [f"{counted(status.given_up, 'message')} given up"] if status.given_up else []
    parts += [f"not heard from: {', '.join(faulty)}"] if faulty else []
    parts += [f"{counted(status.waiting, 'message')} waiting"] if status.waiting else []
    speed = sum(source.lines_per_second for source in status.sources)
    lags = [lag for source in status.sources if (lag := source.lag(now)) is not None]
    parts.append(f"{share(status.judged, status.disclosures)} judged, {number(round(speed))} lines/s, {_lag(max(lags, default=None))}")
    return " · ".join(parts)


def _lag(lag: timedelta | None) -> str:
    return (
        "no line yet"
        if lag is None
        else f"{number(int(lag.total_seconds()))} s behind"
        if lag < timedelta(minutes=2)
        else f"{lasting(lag)} behind"
    )


def lines(status: Status, now: datetime) -> list[str]:
    """Return how the watch stands, what is wrong first, for `whosaw doctor`."""
    age = now - status.made
    out = [f"the watch has not said anything for {lasting(age)}: it hangs or has ended"] if age > STALE else []
    for source in status.sources:
        out += [f"{source.name}: {source.state}: {problem}" for problem in source.problems]
    out += [f"{source.name}: silent, {_since(source.lag(now))}" for source in status.sources if source.state is State.SILENT]
    for channel in status.channels:
        out += [f"{channel.channel}: {counted(channel.given_up, 'message')} given up: {channel.why}"] if channel.given_up else []
        out += [f"{channel.channel}: {counted(channel.waiting, 'message')} waiting{_because(channel.why)}"] if channel.waiting else []
    out += [f"{where}: {counted(n, 'message')} refused: {why}" for where, why, n in status.refused]
    out += list(status.troubles)
    out += [
        f"{source.name}: following {counted(source.files, 'file')}, {_since(source.lag(now))}"
        for source in status.sources
        if source.state is State.FOLLOWING
    ]
    return out


def _since(lag: timedelta | None) -> str:
    return "no line yet" if lag is None else f"newest line {lasting(lag)} old"


def _because(why: str) -> str:
    return f": {why}" if why else ""
