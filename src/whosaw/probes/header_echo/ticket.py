"""Who may ask for an echo, and who can read it? Whoever holds the key: a ticket is good once and for minutes, and the echo is sealed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from whosaw.errors import LedgerError
from whosaw.identifiers.vault import Vault

if TYPE_CHECKING:
    from whosaw.wire.http import Headers, Request

FRESH = timedelta(minutes=5)
"""How far two clocks may be apart, and how long a ticket is good."""

MOST = 100_000
"""Tickets that are remembered as used; the oldest makes room, and is stale by then."""

_SIGNS = 32


class Echo(msgspec.Struct, frozen=True):
    """What arrived at an origin: for which ticket, at which address, and every header as it was written."""

    nonce: str
    target: str
    headers: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        """Show nothing of the headers."""
        return f"Echo({len(self.headers)} headers)"


def issue(secret: bytes, moment: datetime) -> tuple[str, str]:
    """Return a new ticket as it stands in an address, and its nonce."""
    nonce = secrets.token_hex(16)
    body = f"{int(moment.timestamp())}-{nonce}"
    return f"{body}-{_mark(secret, body)}", nonce


def keyed(secret: bytes, value: str) -> str:
    """Return a digest by which a value is known again, and means nothing without the key."""
    return hmac.digest(secret, b"whosaw echo value\x1f" + value.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:_SIGNS]


def opened(secret: bytes, body: bytes, nonce: str) -> Echo | None:
    """Return the echo in an answer, or nothing if it is not sealed with the key or answers another ticket."""
    try:
        echo = msgspec.json.decode(Vault(secret).open(base64.b64decode(body, validate=True)), type=Echo)
    except (LedgerError, ValueError):
        return None
    return echo if echo.nonce == nonce else None


def _mark(secret: bytes, body: str) -> str:
    return hmac.digest(secret, b"whosaw echo ticket\x1f" + body.encode(), hashlib.sha256).hex()[:_SIGNS]


@dataclass
class Gate:
    """Takes each ticket once."""

    secret: bytes
    _used: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return f"Gate({len(self._used)} used)"

    def nonce(self, ticket: str, moment: datetime) -> str | None:
        """Return the nonce of a ticket that is genuine, fresh and unused, and remember it."""
        body, _, mark = ticket.rpartition("-")
        if not ticket.isascii() or not hmac.compare_digest(mark, _mark(self.secret, body)):
            return None
        made, _, nonce = body.partition("-")
        if nonce in self._used or abs(datetime.fromtimestamp(int(made), UTC) - moment) > FRESH:
            return None
        self._used[nonce] = None
        if len(self._used) > MOST:
            self._used.popitem(last=False)
        return nonce

    def sealed(self, nonce: str, request: Request, headers: Headers) -> bytes:
        """Return the echo of a request, sealed."""
        echo = Echo(nonce, request.target, headers)
        return base64.b64encode(Vault(self.secret).seal(msgspec.json.encode(echo).decode()))
