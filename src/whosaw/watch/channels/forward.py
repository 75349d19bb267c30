"""How is a security data lake told? By syslog (RFC 5424, counted frames) that carries one OCSF finding, over TCP or TLS."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whosaw.report.figures import iso
from whosaw.watch.channels import SENT, Outcome, Place, said
from whosaw.watch.message import NEW, Message, finding

if TYPE_CHECKING:
    from datetime import datetime

LEAVE = 2.0
"""Seconds the receiver has to hang up in its turn. Syslog has no receipts: that it does so is the best sign that it has read all."""

OBJECT = 0.5
"""Seconds it has to object to our certificate."""

_FACILITY = 13  # log audit
_ALERT, _NOTICE = 1, 5


class Forward:
    """A syslog receiver."""

    def __init__(self, place: Place) -> None:
        """Raises `ConfigError` for a certificate that cannot be used."""
        self._place, self._url = place, urlsplit(place.tell.url)
        self._context = place.context() if self._url.scheme == "tls" else None

    def send(self, message: Message, now: datetime) -> Outcome:
        """Send the message once, on a connection of its own."""
        data = frame(message, now, socket.gethostname())
        host = self._url.hostname or ""
        try:
            with socket.create_connection((host, self._url.port or 0), timeout=self._place.timeout) as plain:
                if self._context is None:
                    return _handed_over(plain, data)
                with self._context.wrap_socket(plain, server_hostname=host) as sealed:
                    _heard_out(sealed, self._place.timeout)
                    return _handed_over(sealed, data)
        except OSError as problem:
            return Outcome(sent=False, why=said(problem))


def frame(message: Message, now: datetime, host: str) -> bytes:
    """Return the counted frame of a message."""
    priority = _FACILITY * 8 + (_ALERT if message.kind == NEW else _NOTICE)
    head = f"<{priority}>1 {iso(now.replace(microsecond=0))} {_name(host, 255)} whosaw - {_name(message.kind, 32)} - "
    text = head.encode() + finding(message)
    return b"%d %b" % (len(text), text)


def _name(text: str, longest: int) -> str:
    return "".join(c for c in text if "!" <= c <= "~")[:longest] or "-"


def _heard_out(connection: ssl.SSLSocket, timeout: float) -> None:
    """Wait whether the receiver objects to our certificate: with TLS 1.3 it says so only after we think that all is well."""
    connection.settimeout(OBJECT)
    with suppress(TimeoutError):
        if not connection.recv(1):
            raise ConnectionResetError(0, "it hung up after the TLS handshake: it may want a certificate")
    connection.settimeout(timeout)


def _handed_over(connection: socket.socket, data: bytes) -> Outcome:
    """Send all, say that this was all, and see whether the receiver hangs up or breaks off."""
    connection.sendall(data)
    connection.settimeout(LEAVE)
    with suppress(TimeoutError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
        if isinstance(connection, ssl.SSLSocket):
            connection.unwrap()
        else:
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
    return SENT
