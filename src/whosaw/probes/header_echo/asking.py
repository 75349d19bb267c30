"""What was added to a request for a name? It is written by hand, so that what was sent is known to the letter, and held against its echo."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from whosaw.config.tables import seconds
from whosaw.identifiers import Addition, added
from whosaw.probes.header_echo.ticket import issue, opened

if TYPE_CHECKING:
    from datetime import datetime

    from whosaw.config.echoing import EchoTarget
    from whosaw.probes.header_echo.ticket import Echo

LARGEST = 1 << 18
"""More of an answer is not read: an echo is smaller."""

_PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
"""Gateways enrich what looks like a browser on a phone."""


class Asked(NamedTuple):
    """What came of asking for a name: what was added on the way, or why nobody can say."""

    host: str
    additions: tuple[Addition, ...] = ()
    unreached: str = ""


def ask(target: EchoTarget, secret: bytes, host: str, moment: datetime) -> Asked:
    """Ask for a name, and return what was added to the request on its way."""
    ticket, nonce = issue(secret, moment)
    sent = (("Host", host), ("User-Agent", _PHONE), ("Accept", "*/*"), ("Accept-Encoding", "identity"), ("Connection", "close"))
    path = f"http://{host}/{ticket}" if target.proxy else f"/{ticket}"
    try:
        status, body = _exchange(target, host, f"GET {path} HTTP/1.1", sent)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return Asked(host, unreached=f"no answer: {type(problem).__name__}")
    echo = opened(secret, body, nonce) if status == 200 else None
    if echo is None:
        return Asked(host, unreached=f"status {status}, and no echo of our origin")
    return Asked(host, _compared(sent, echo, ticket))


def _compared(sent: tuple[tuple[str, str], ...], echo: Echo, ticket: str) -> tuple[Addition, ...]:
    _, _, further = echo.target.partition(ticket)
    in_address = tuple(Addition(name, value, "url") for name, value in parse_qsl(further.lstrip("?"), keep_blank_values=True))
    return in_address + added(sent, echo.headers)


def _exchange(target: EchoTarget, host: str, line: str, headers: tuple[tuple[str, str], ...]) -> tuple[int, bytes]:
    where, _, port = (target.proxy or target.address or f"{host}:80").rpartition(":")
    with socket.create_connection((where.strip("[]"), int(port)), timeout=seconds(target.timeout, "timeout")) as wire:
        wire.sendall("\r\n".join([line, *(f"{name}: {value}" for name, value in headers), "", ""]).encode("ascii"))
        answer = http.client.HTTPResponse(wire, method="GET")
        try:
            answer.begin()
            return answer.status, answer.read(LARGEST)
        finally:
            answer.close()
