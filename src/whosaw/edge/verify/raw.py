"""What does a server answer to exactly these bytes, sent from this address? Nothing is put right on the way, as an HTTP library would do."""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Address = tuple[str, int]

IN_VAIN = "no answer in time"

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


class Piece(NamedTuple):
    """Bytes that are sent at once, and how many answers are awaited before the next. A tunnel's answer has no body."""

    data: bytes
    answers: int = 1
    tunnel: bool = False


class Said(NamedTuple):
    """The status of an answer; without one (0), what came in its place."""

    status: int
    trouble: str = ""


class Heard(NamedTuple):
    """The status of each answer, in order, and why there are no more, if fewer came than were awaited."""

    statuses: tuple[int, ...]
    trouble: str = ""

    def said(self, turn: int) -> Said:
        """Return what was answered to a request."""
        return Said(self.statuses[turn]) if turn < len(self.statuses) else Said(0, self.trouble)


def talk(proxy: Address, source: str, pieces: Sequence[Piece], *, patience: float) -> Heard:
    """Send the pieces over one connection from a source address, awaiting the answers of each before the next."""
    statuses: list[int] = []
    try:
        with socket.create_connection(proxy, timeout=patience, source_address=(source, 0)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = _Reader(connection, time.monotonic() + patience)
            for piece in pieces:
                connection.sendall(piece.data)
                for _ in range(piece.answers):
                    statuses.append(reader.answer(tunnel=piece.tunnel))  # noqa: PERF401 - those before a trouble are kept
                if piece.tunnel and statuses[-1] >= 300:
                    return Heard(tuple(statuses), "the tunnel was refused")
    except OSError as problem:
        return Heard(tuple(statuses), _why(problem))
    return Heard(tuple(statuses))


def _why(problem: OSError) -> str:
    if isinstance(problem, TimeoutError):
        return IN_VAIN
    why = problem.strerror or str(problem)
    return why[:1].lower() + why[1:]


class _Reader:
    """Cuts one answer after the other from what comes in."""

    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection = connection
        self._end = end
        self._data = b""

    def answer(self, *, tunnel: bool) -> int:
        """Return the status of the next answer; passing ones (100) are left out."""
        while True:
            head = self._until_head()
            found = _STATUS.match(head)
            if found is None:
                raise ConnectionAbortedError(0, "the answer is not HTTP")
            status = int(found[1])
            if status == 101 or status >= 200:
                if not (tunnel or status in {101, 204, 304}):
                    self._skip_body(head)
                return status

    def _until_head(self) -> bytes:
        while b"\r\n\r\n" not in self._data:
            self._more()
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        return head

    def _skip_body(self, head: bytes) -> None:
        if _CHUNKED.search(head):
            while not re.search(rb"(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n", self._data):
                self._more()
            self._data = re.split(rb"(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n", self._data, maxsplit=1)[1]
        elif found := _LENGTH.search(head):
            while len(self._data) < int(found[1]):
                self._more()
            self._data = self._data[int(found[1]) :]
        else:
            while self._connection.recv(65536):
                pass

    def _more(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        data = self._connection.recv(65536)
        if not data:
            raise ConnectionAbortedError(0, "the connection was closed without an answer")
        self._data += data
