"""What is sent and what comes back? A request with every byte of it, and an answer read up to a limit."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from email.message import Message
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

_BRIEF = 65_536
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """A request as it is sent. It holds ids and tokens in clear, so `repr` shows the method alone."""

    method: str
    url: str
    headers: Pairs = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Request({self.method} …)"

    def wearing(self, headers: Pairs) -> Request:
        """Return the request with further headers."""
        return replace(self, headers=(*self.headers, *headers))

    @property
    def origin(self) -> tuple[str, str, int]:
        """Where it goes: scheme, host and port."""
        return origin(self.url)


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """An answer, or why there is none (`trouble`, with status 0). `cut` says that the body went on, `shed` how much of it was let go since."""

    status: int
    headers: Pairs = ()
    body: bytes = b""
    cut: bool = False
    trouble: str = ""
    shed: int = 0

    @property
    def size(self) -> int:
        """How many bytes of a body came."""
        return len(self.body) + self.shed

    def brief(self) -> Answer:
        """Return the answer with the beginning of its body, to be kept for long."""
        return replace(self, body=self.body[:_BRIEF], shed=self.shed + max(0, len(self.body) - _BRIEF))

    def __repr__(self) -> str:
        return f"Answer({self.status}, {self.size} bytes{', ' + self.trouble if self.trouble else ''})"

    def header(self, name: str) -> str:
        """Return the first header of a name, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        """Return every header of a name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def text(self) -> str:
        """The body as text; what is no text of its charset is replaced."""
        told = Message()
        told["content-type"] = self.header("content-type") or "text/plain"
        charset = str(told.get_param("charset") or "utf-8")
        try:
            return self.body.decode(charset, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


class Transport(Protocol):
    """What carries requests to the system."""

    def send(self, request: Request) -> Answer:
        """Return the answer to a request; never raises for what a server or network does."""

    def abandon(self, request: Request) -> None:
        """Send a request and hang up without reading, as a browser does whose page is left."""

    def pipelined(self, requests: Sequence[Request]) -> list[Answer]:
        """Send several requests over one connection before the first answer is read."""

    def close(self) -> None:
        """Let go of every connection."""


_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address; nothing fits an address that cannot be read."""
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


def busted(request: Request) -> Request:
    """Return a request under an address that no cache has seen."""
    return replace(request, url=f"{request.url}{'&' if '?' in request.url else '?'}_={secrets.token_hex(6)}")
