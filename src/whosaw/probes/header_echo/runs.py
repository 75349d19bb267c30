"""Since when does the gateway tell strangers? Each run is a row; the last clean and the first dirty one bound the moment."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from whosaw.errors import InputError, StorageError
from whosaw.identifiers import Weight, heaviest
from whosaw.probes.header_echo.ticket import keyed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from whosaw.config.echoing import EchoTarget
    from whosaw.identifiers import Addition
    from whosaw.probes.header_echo.asking import Asked

FILE = "runs.jsonl"

State = Literal["clean", "dirty", "inconclusive"]


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was added on the way, masked, and keyed so that the same value is known again."""

    name: str
    place: str
    cls: str = msgspec.field(name="class")
    listed: bool
    weight: str
    masked: str
    keyed: str


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one name in a run."""

    host: str
    partner: bool
    state: State
    added: tuple[Added, ...] = ()
    why: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run: all names, and what they say together."""

    seen_at: datetime
    state: State
    why: str
    names: tuple[Name, ...]


def names(target: EchoTarget) -> list[str]:
    """Return the hosts of a run: names below own domains that nobody has seen before, and the partner."""
    strangers = [f"{secrets.token_hex(5)}.{target.domains[i % len(target.domains)]}" for i in range(target.strangers)]
    return strangers + ([target.partner] if target.partner else [])


def judged(target: EchoTarget, secret: bytes, asked: Iterable[Asked], moment: datetime) -> Run:
    """Return a run.

    It is dirty if a stranger was told something of the customer. It is clean only if every name was reached and, where there is a
    partner, the partner was told: else the line may not lie behind the gateway at all.
    """
    rows = tuple(_name(target, secret, one) for one in asked)
    strangers = [row for row in rows if not row.partner]
    if dirty := [row for row in strangers if row.state == "dirty"]:
        return Run(seen_at=moment, state="dirty", why=f"{len(dirty)} of {len(strangers)} strangers were told", names=rows)
    doubts = [row.why for row in rows if row.state == "inconclusive"]
    if doubts:
        return Run(seen_at=moment, state="inconclusive", why=doubts[0], names=rows)
    return Run(seen_at=moment, state="clean", why=f"{len(strangers)} strangers were told nothing", names=rows)


def _name(target: EchoTarget, secret: bytes, asked: Asked) -> Name:
    allowed = {name.lower() for name in target.allow}
    told = tuple(one for one in asked.additions if one.name.lower() not in allowed)
    partner, telling = asked.host == target.partner, heaviest(told) is not Weight.PLUMBING
    state: State = "clean"
    why = asked.unreached
    if partner and not why and not telling:
        why = "the partner was told nothing: the line may not lie behind the gateway"
    if why:
        state = "inconclusive"
    elif telling and not partner:
        state = "dirty"
    return Name(host=asked.host, partner=partner, state=state, added=tuple(_added(secret, one) for one in told), why=why)


def _added(secret: bytes, one: Addition) -> Added:
    return Added(
        name=one.shown,
        place=one.place,
        cls=one.cls or "",
        listed=one.listed,
        weight=one.weight.name.lower(),
        masked=one.masked,
        keyed=keyed(secret, one.value),
    )


def append(folder: Path, run: Run) -> None:
    """Append a run to the record, and bring it to the disk. Raises `StorageError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, _mended(file) + msgspec.json.encode(run) + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as problem:
        raise StorageError(
            f"cannot write to `{folder}`: {(problem.strerror or 'unknown reason').lower()}", hint="make room, or give another --record"
        ) from problem


def _mended(file: int) -> bytes:
    """Return what ends a line that a crash has cut short, so that the next one stands alone."""
    size = os.lseek(file, 0, os.SEEK_END)
    return b"\n" if size and os.pread(file, 1, size - 1) != b"\n" else b""


def read(folder: Path) -> list[Run]:
    """Return all runs of a record in the order of time; a line that was cut short is left out. Raises `InputError`."""
    try:
        lines = (folder / FILE).read_bytes().splitlines()
    except OSError as problem:
        raise InputError(
            f"cannot read `{folder / FILE}`: {(problem.strerror or 'unknown reason').lower()}", hint="name the folder of --record"
        ) from problem
    runs: list[Run] = []
    for line in lines:
        with suppress(msgspec.MsgspecError):
            runs.append(msgspec.json.decode(line, type=Run))
    return sorted(runs, key=lambda run: run.seen_at)


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which strangers were told: it began after `clean` and at `first` at the latest, and ended likewise."""

    clean: datetime | None
    first: datetime
    last: datetime
    clean_again: datetime | None
    runs: int
    names: tuple[str, ...]


def spells(runs: list[Run]) -> list[Spell]:
    """Return each time in which strangers were told, with the clean runs that bound it; inconclusive runs bound nothing."""
    found: list[Spell] = []
    clean: datetime | None = None
    dirty: list[Run] = []
    for run in runs:
        if run.state == "dirty":
            dirty.append(run)
        elif run.state == "clean":
            if dirty:
                found.append(_spell(clean, dirty, run.seen_at))
                dirty = []
            clean = run.seen_at
    return [*found, _spell(clean, dirty, None)] if dirty else found


def _spell(clean: datetime | None, dirty: list[Run], again: datetime | None) -> Spell:
    told = {one.name for run in dirty for name in run.names if not name.partner for one in name.added if one.weight != "plumbing"}
    return Spell(clean=clean, first=dirty[0].seen_at, last=dirty[-1].seen_at, clean_again=again, runs=len(dirty), names=tuple(sorted(told)))


def once(target: EchoTarget, secret: bytes, ask: Callable[[str], Asked], clock: Callable[[], datetime]) -> tuple[Run, list[Asked]]:
    """Ask for every name, and return the run with what was added in clear, for the moment of writing it down under pseudonyms."""
    moment = clock()
    asked = [ask(host) for host in names(target)]
    return judged(target, secret, asked, moment), asked
