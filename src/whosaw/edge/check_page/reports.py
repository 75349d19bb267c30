"""How does a customer tell the operator privately? By a file for the desk: what was seen, masked, and their words, sealed."""

from __future__ import annotations

import base64
import os
import secrets
from collections import Counter, deque
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from whosaw.errors import StorageError
from whosaw.identifiers.vault import Vault, secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from whosaw.edge.check_page.answer import Answer
    from whosaw.identifiers import Addition

SCHEMA = "whosaw.report/1"
LONGEST = 2_000
"""Signs of a message."""

AN_HOUR = 500
OF_ONE_ADDRESS = 20
"""Reports that are taken within an hour, from all and from one address (which customers of a carrier share)."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Something the network added, masked."""

    header: str
    place: str
    cls: str = msgspec.field(name="class")
    listed: bool
    masked: str
    digest: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an outsider tells us. `sealed` is their message in base64, sealed with the key of the folder."""

    schema: str
    id: str
    made: str
    source: str
    operator: str
    verdict: str
    doubts: tuple[str, ...]
    seen: tuple[Item, ...]
    sealed: str


class Reports:
    """Writes reports to a folder, each a file of its own that is there whole or not at all."""

    def __init__(self, folder: Path, operator: str) -> None:
        """Take the folder, and make its key if there is none."""
        self._folder = folder
        self._operator = operator
        self._vault = Vault(secret(folder / "desk.key"))
        self._taken: deque[tuple[datetime, str]] = deque()

    def welcome(self, address: str, moment: datetime) -> bool:
        """Whether one more report is taken from an address."""
        while self._taken and self._taken[0][0] + timedelta(hours=1) <= moment:
            self._taken.popleft()
        return len(self._taken) < AN_HOUR and Counter(who for _, who in self._taken)[address] < OF_ONE_ADDRESS

    def write(self, answer: Answer, message: str, address: str, moment: datetime, digest: Callable[[Addition, datetime], str]) -> str:
        """Write a report and return its id. Raises `StorageError`."""
        self._taken.append((moment, address))
        name = f"R-{moment:%Y%m%d}-{secrets.token_hex(4)}"
        items = (
            Item(header=a.shown, place=a.place, cls=a.cls or "", listed=a.listed, masked=a.masked, digest=digest(a, moment))
            for a in answer.additions
        )
        report = Report(
            schema=SCHEMA,
            id=name,
            made=f"{moment:%Y-%m-%dT%H:%MZ}",
            source="check-page",
            operator=self._operator,
            verdict=answer.verdict,
            doubts=tuple(answer.doubts),
            seen=tuple(items),
            sealed=base64.b64encode(self._vault.seal(message[:LONGEST])).decode() if message else "",
        )
        self._keep(name, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        return name

    def _keep(self, name: str, text: bytes) -> None:
        part = self._folder / f".{name}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.rename(self._folder / f"{name}.json")
        except OSError as problem:
            raise StorageError(
                f"cannot write a report to `{self._folder}`: {(problem.strerror or 'unknown reason').lower()}",
                hint="make room, or give another folder with --state",
            ) from problem


def message_of(report: Report, key: Path) -> str:
    """Return the message of a report in clear, for whoever has the key. Raises `LedgerError`."""
    return Vault(secret(key, make=False)).open(base64.b64decode(report.sealed)) if report.sealed else ""
