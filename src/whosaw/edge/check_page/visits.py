"""What is known of each visit, and for how long? Two legs under a name nobody can guess, in memory only, bounded in number and time."""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.wire.http import Request

MOST = 2_000
"""Visits at a time; each holds two heads of at most 16 KB and 128 headers, so all of them together hold at most 150 MB."""

OF_ONE_ADDRESS = 200
"""Customers behind one address of a carrier share it; more than that at a time are no customers."""

LIVES = timedelta(minutes=10)


@dataclass(repr=False)
class Visit:
    """One visit: the request that came in clear, and the one that came encrypted."""

    nonce: str
    made: datetime
    address: str
    clear: Request | None = None
    secure: Request | None = None
    counted: bool = False
    reported: bool = False

    def __repr__(self) -> str:
        return f"Visit(clear={self.clear is not None}, secure={self.secure is not None})"


@dataclass
class Visits:
    """The visits under way. The oldest makes room."""

    _all: OrderedDict[str, Visit] = field(default_factory=OrderedDict)
    _of: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self._all)

    def open(self, address: str, moment: datetime) -> Visit | None:
        """Return a new visit, or nothing for an address that has too many."""
        self._forget(moment)
        if self._of[address] >= OF_ONE_ADDRESS:
            return None
        if len(self._all) >= MOST:
            self._drop(next(iter(self._all)))
        visit = Visit(secrets.token_urlsafe(24), moment, address)
        self._all[visit.nonce] = visit
        self._of[address] += 1
        return visit

    def get(self, nonce: str, moment: datetime) -> Visit | None:
        """Return a visit that is not over."""
        self._forget(moment)
        return self._all.get(nonce)

    def _forget(self, moment: datetime) -> None:
        while self._all and next(iter(self._all.values())).made + LIVES <= moment:
            self._drop(next(iter(self._all)))

    def _drop(self, nonce: str) -> None:
        address = self._all.pop(nonce).address
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]
