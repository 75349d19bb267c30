"""What really happened, row by row of the logs? What the applications noted, found again in the logs, and what the cache did behind their backs.

What a cache hands out never reaches an application.
nginx, which handed it out, is asked instead: its log says for whom a page was made and who got it.
"""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.live.faults import FAULTS, Fault
from whosaw.drill.live.settings import LOGS
from whosaw.drill.live.witness import NO_FAULT, Wrong
from whosaw.drill.truth import Case
from whosaw.drill.truth import conclude as settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from whosaw.drill.live.cast import Cast
    from whosaw.drill.live.faults import Switches
    from whosaw.drill.truth import Truth


class Line(NamedTuple):
    """A line of a log: its number, its time in milliseconds, its name, and whether the answer was delivered."""

    number: int
    ms: int
    name: str
    delivered: bool = True


def conclude(out: Path, faults: Switches, cast: Cast, seed: int) -> Truth:
    """Write `truth.json` for a run that has ended."""
    lines = {channel: {line.name: line for line in _READ[channel](out / log)} for channel, log in LOGS.items()}
    cases: dict[tuple[object, ...], Case] = {}
    for ms, wrong in (*_noted(out / "truth.jsonl"), *_from_cache(out / LOGS["portal"], faults, cast)):
        line = lines[wrong.channel].get(wrong.id)
        mark = _case(cases, wrong).seen(wrong.customer, wrong.recipient or "-", wrong.route)
        if line is None:
            mark.unlogged(ms)
        elif line.delivered:
            mark.logged(line.ms, LOGS[wrong.channel], line.number)
    truth = settle(seed, sorted(faults), cases.values(), Case("", (), "", ""), ())
    truth.save(out / "truth.json")
    return truth


def _noted(path: Path) -> Iterator[tuple[int, Wrong]]:
    """Yield what the applications noted, each with its time."""
    for line in _text(path):
        row = json.loads(line)
        yield _ms(datetime.fromisoformat(row.pop("time"))), Wrong(**row)


def _case(cases: dict[tuple[object, ...], Case], wrong: Wrong) -> Case:
    """Return the incident that a row belongs to: faults that are found under one name in one channel are one incident."""
    fault = FAULTS.get(wrong.fault)
    if fault is None or _nameless(wrong):
        fault = _NAMELESS
    key = (fault.detectors, wrong.channel, wrong.route if fault.apart else "")
    if key not in cases:
        cases[key] = Case(wrong.fault, fault.detectors, wrong.channel, fault.cause)
    return cases[key]


_NAMELESS = Fault("", "", ("foreign-record",), apart=True)
"""What was shown without a reason and has the shape of no leak type."""


def _nameless(wrong: Wrong) -> bool:
    """Say whether a row differs from others of its fault: somebody unknown in another's session, or somebody known at the export."""
    return wrong.fault == ("anonymous-export" if wrong.recipient else "cached-cookie")


_PORTAL = re.compile(
    r'\S+ - (?P<login>\S*) \[(?P<time>[^]]+)\] "[A-Z]+ (?P<address>[^ "]*)[^"]*" (?P<status>\d+) .*? rid="(?P<rid>\w+)" sid="(?P<sid>[^"]*)"'
    r' browser="[^"]*" shown="(?P<shown>[^"]*)" made_for="[^"]*" cache="(?P<cache>[^"]*)"'
)


def _from_cache(log: Path, faults: Switches, cast: Cast) -> Iterator[tuple[int, Wrong]]:
    """Yield the pages that the cache handed to others than those they belong to.

    Where the page had been made for this very reader, it was wrong before it was kept: another fault's doing.
    """
    own = {member.login: member.account for member in cast.members}
    made: set[tuple[str, str, str]] = set()
    for line in _text(log):
        found = _PORTAL.match(line)
        if found is None or found["shown"] in {"", "-"}:
            continue
        readers = {(found["address"], found["shown"], reader) for reader in (found["login"], found["sid"]) if reader}
        if found["cache"] != "HIT":
            made |= readers
        elif own.get(found["login"]) != found["shown"]:
            fault = _behind(faults) if readers & made else "cached-page"
            page = found["address"].partition("?")[0]
            yield _clf(found["time"]), Wrong(found["rid"], "portal", page, found["login"], found["shown"], fault)


def _behind(faults: Switches) -> str:
    """Return which fault made a page wrong before it was kept and read again in the same session."""
    return next((name for name in ("cached-cookie", "relogin-mixup", "session-mixup") if faults.on(name)), NO_FAULT)


# --- the logs, line by line -------------------------------------------------------------------------------------------


def _text(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []


def _portal(path: Path) -> Iterator[Line]:
    for number, line in enumerate(_text(path), 1):
        found = _PORTAL.match(line)
        if found:
            yield Line(number, _clf(found["time"]), found["rid"], found["status"].startswith("2"))


def _bills(path: Path) -> Iterator[Line]:
    for number, line in enumerate(_text(path), 1):
        row = json.loads(line)
        yield Line(number, _ms(datetime.fromisoformat(row["time"])), row["line"])


def _crm(path: Path) -> Iterator[Line]:
    for number, row in enumerate(csv.reader(_text(path)), 1):
        if number > 1:
            yield Line(number, _ms(datetime.fromisoformat(row[0])), row[-1])


def _gateway(path: Path) -> Iterator[Line]:
    for number, line in enumerate(_text(path), 1):
        words = line.split()
        yield Line(number, round(float(words[0]) * 1_000), words[8])


_READ: dict[str, Callable[[Path], Iterator[Line]]] = {"portal": _portal, "bills": _bills, "crm": _crm, "gateway": _gateway}


def _clf(text: str) -> int:
    return _ms(datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z"))


def _ms(when: datetime) -> int:
    return round(when.timestamp() * 1_000)
