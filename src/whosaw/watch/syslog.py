"""What does a syslog sender say? Frames of a byte stream (RFC 6587, RFC 5425) and the one log line that each message carries (RFC 5424).

Nothing here does input or output, and nothing raises: what cannot be read is `Refused` with a reason that quotes nothing of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE_BYTES = 64 << 10
"""Longest message taken unless the operator says otherwise; RFC 5425 asks for 8 KiB."""

_BOM = b"\xef\xbb\xbf"
_COUNT = re.compile(rb"([1-9][0-9]{0,9}) ")
_COUNT_BEGUN = re.compile(rb"[1-9][0-9]{0,9}\Z")
_NAME = rb"[\x21-\x7e]"
_HEADER = re.compile(
    rb"<([0-9]{1,3})>([1-9][0-9]{0,2}) (?:-|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2})) "
    rb"(" + _NAME + rb"{1,255}) (" + _NAME + rb"{1,48}) " + _NAME + rb"{1,128} " + _NAME + rb"{1,32} "
)
_DATA = re.compile(rb'(?:-|(?:\[[^ =\]"]{1,32}(?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\.)*")*\])+)(?: |\Z)', re.DOTALL)
_OLD = re.compile(rb"<[0-9]{1,3}>[A-Z][a-z]{2} [ 0-9][0-9] ")

OLD_FORM = "is of the old form (RFC 3164): have it sent as RFC 5424"
NO_PRIORITY = "does not begin with a priority and a version"
NO_HEADER = "its header is not that of RFC 5424"
NO_DATA = "its structured data are damaged"
EMPTY = "carries no message"
UNFINISHED = "ended before its end"


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says: from which host and application, and the line it carries (without its end)."""

    host: str
    app: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A frame that carries no line we can take, and why."""

    reason: str


def parse(frame: bytes) -> Message | Refused:
    """Return the message of a frame. A line end inside its text is escaped, so that one message is one line."""
    header = _HEADER.match(frame)
    if header is None:
        return Refused(OLD_FORM if _OLD.match(frame) else NO_HEADER if re.match(rb"<[0-9]{1,3}>[1-9]", frame) else NO_PRIORITY)
    if int(header[1]) > 191 or header[2] != b"1":
        return Refused(NO_PRIORITY)
    data = _DATA.match(frame, header.end())
    if data is None:
        return Refused(NO_DATA)
    line = frame[data.end() :].removeprefix(_BOM).rstrip(b"\r\n\0")
    if not line:
        return Refused(EMPTY)
    return Message(header[3].decode("ascii"), header[4].decode("ascii"), line.replace(b"\n", b"\\n").replace(b"\r", b"\\r"))


class Frames:
    """The frames of one connection. Each may be counted (`31 <34>1 ...`) or end with a line end; both may come mixed."""

    def __init__(self, limit: int = MESSAGE_BYTES) -> None:
        """Take messages of up to `limit` bytes."""
        self._limit, self._buffer = limit, bytearray()
        self._skip = 0
        self._to_line_end = False

    @property
    def partial(self) -> bool:
        """Whether a frame has begun that is not whole yet."""
        return bool(self._buffer) or self._skip > 0 or self._to_line_end

    def feed(self, data: bytes) -> Iterator[bytes | Refused]:
        """Yield what has become whole with more bytes. A message that is too long is refused once and passed over, never kept."""
        self._buffer += data
        while self._buffer:
            before = len(self._buffer)
            found = self._next()
            if found is not None:
                yield found
            elif len(self._buffer) == before:
                return

    def end(self) -> Iterator[Refused]:
        """Yield what the connection's end leaves behind."""
        if self.partial and not self._to_line_end and not self._skip:
            yield Refused(UNFINISHED)
        self._buffer.clear()

    def _next(self) -> bytes | Refused | None:
        if self._skip:
            cut = min(self._skip, len(self._buffer))
            del self._buffer[:cut]
            self._skip -= cut
            return None
        if self._to_line_end:
            self._pass_line()
            return None
        count = _COUNT.match(self._buffer)
        if count is not None:
            return self._counted(int(count[1]), count.end())
        if _COUNT_BEGUN.fullmatch(self._buffer):
            return None
        return self._lined()

    def _counted(self, size: int, begin: int) -> bytes | Refused | None:
        if size > self._limit:
            del self._buffer[:begin]
            self._skip = size
            return self._too_long()
        if len(self._buffer) < begin + size:
            return None
        frame = bytes(self._buffer[begin : begin + size])
        del self._buffer[: begin + size]
        if self._buffer[:1] == b"\n":  # some senders count and end the line as well
            del self._buffer[:1]
        return frame

    def _lined(self) -> bytes | Refused | None:
        end = self._buffer.find(b"\n")
        if (len(self._buffer) if end < 0 else end) > self._limit:
            self._to_line_end = True
            return self._too_long()
        if end < 0:
            return None
        frame = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return frame if frame.strip(b"\r\0 ") else None

    def _pass_line(self) -> None:
        end = self._buffer.find(b"\n")
        self._to_line_end = end < 0
        del self._buffer[: end + 1 or None]

    def _too_long(self) -> Refused:
        return Refused(f"is longer than {self._limit} bytes")
