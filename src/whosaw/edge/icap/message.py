"""What does an ICAP message say, and how is one written? Pure functions over bytes; RFC 3507 names the sections."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

CRLF2 = b"\r\n\r\n"
LAST = b"0\r\n\r\n"
ORIGINAL_BODY = b"0; use-original-body=0\r\n\r\n"
"""The end of a 206: the client goes on with the body it has (ICAP extension `206 Partial Content`)."""

PARTS = ("req-hdr", "res-hdr", "req-body", "res-body", "opt-body", "null-body")
REASONS = {100: "Continue", 200: "OK", 204: "No Content", 206: "Partial Content", 400: "Bad Request", 404: "Service Not Found",
           405: "Method Not Allowed", 408: "Request Timeout", 413: "Too Large", 500: "Server Error", 503: "Overloaded"}  # fmt: skip


LONGEST_PREVIEW = 65_536
"""Bytes. What is offered is none."""


class MalformedError(Exception):
    """A message that is no ICAP. The text says why, without anything of the message."""


class Head(NamedTuple):
    """What matters of the head of an ICAP request (RFC 3507 s. 4.3)."""

    method: bytes
    path: bytes
    parts: tuple[tuple[str, int], ...]
    """The sections of `Encapsulated` with their offsets."""
    size: int
    """How many bytes of encapsulated heads come before the body, or before nothing."""
    has_body: bool
    """Whether chunks follow."""
    preview: int | None
    """How many bytes of the body come before the client waits for an answer; nothing if it does not wait."""
    takes: frozenset[bytes]
    """Which of 204 (outside a preview too) and 206 the client takes."""
    last: bool
    """Whether the client wants the connection to be closed after this one."""

    def encapsulated(self, data: bytes) -> dict[str, bytes]:
        """Return the encapsulated heads by their names."""
        edges = [*self.parts, ("", len(data))]
        return {name: data[start : edges[i + 1][1]] for i, (name, start) in enumerate(self.parts) if name.endswith("-hdr")}


_FIRST = re.compile(rb"([A-Z]+) ([^ \r\n]+) ICAP/1\.0")
_WANTED = re.compile(rb"\r\n(encapsulated|preview|allow|connection|x-client-ip)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)


def parse(raw: bytes) -> tuple[Head, str]:
    """Return the head of a request, given without its empty line, and whose request it is. Raises `MalformedError`."""
    if raw.count(b"\n") != raw.count(b"\r\n"):
        raise MalformedError("a line end that is none")
    listed = _WANTED.findall(raw)
    client = ""
    for i, (name, value) in enumerate(listed):
        if len(name) == len("x-client-ip"):
            client = value.rstrip().decode("latin-1")
            del listed[i]
            break
    return _meaning(raw.partition(b"\r\n")[0], tuple(listed)), client


@lru_cache(maxsize=16_384)
def _meaning(line: bytes, listed: tuple[tuple[bytes, bytes], ...]) -> Head:
    """Return what a head says. There are few of them: they differ in little more than how long the heads in the message are."""
    first = _FIRST.fullmatch(line)
    if first is None:
        raise MalformedError("no head of ICAP/1.0")
    told = {name.lower(): value for name, value in listed}
    if len(told) != len(listed) or b"x-client-ip" in told:
        raise MalformedError("a header that stands twice")
    get = told.get
    parts, size, has_body = _sections(get(b"encapsulated", b""))
    preview = get(b"preview")
    if preview is not None and _number(preview.rstrip()) > LONGEST_PREVIEW:
        raise MalformedError("a preview that is too long")
    last = get(b"connection", b"").rstrip().lower() == b"close"
    waits = None if preview is None else int(preview)
    takes = frozenset(word.strip() for word in get(b"allow", b"").split(b","))
    return Head(first[1], _path(first[2]), parts, size, has_body, waits, takes, last)


def _path(uri: bytes) -> bytes:
    """Return the path of `icap://host:port/path?query`, or of a mere path."""
    rest = uri.partition(b"://")[2] or uri
    return b"/" + rest.partition(b"/")[2].partition(b"?")[0]


def _sections(text: bytes) -> tuple[tuple[tuple[str, int], ...], int, bool]:
    """Return the sections of an `Encapsulated` header, the bytes before the body, and whether there is one."""
    found: list[tuple[str, int]] = []
    for word in text.split(b",") if text else ():
        name, _, offset = word.strip().partition(b"=")
        found.append((name.decode("latin-1"), _number(offset)))
    offsets = [offset for _, offset in found]
    bad = any(name not in PARTS for name, _ in found) or offsets != sorted(offsets) or (offsets and offsets[0] != 0)
    if bad or (found and not found[-1][0].endswith("-body")) or any(name.endswith("-body") for name, _ in found[:-1]):
        raise MalformedError("an Encapsulated header that makes no sense")
    return tuple(found), offsets[-1] if offsets else 0, bool(found) and found[-1][0] != "null-body"


def _number(text: bytes) -> int:
    if not text.isdigit() or len(text) > 9:
        raise MalformedError("a number that is none")
    return int(text)


@lru_cache(maxsize=4096)
def answer(status: int, tag: str, *, parts: str = "null-body=0", more: tuple[str, ...] = ()) -> bytes:
    """Return the head of an answer, with its empty line."""
    lines = [f"ICAP/1.0 {status} {REASONS[status]}", f'ISTag: "{tag}"', "Service: whosaw", *more, f"Encapsulated: {parts}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


CONTINUE = b"ICAP/1.0 100 Continue\r\n\r\n"


_LENGTH = re.compile(rb"[0-9A-Fa-f]{1,8}[ \t]*")


class Chunks:
    """Follows the chunks of a body (RFC 9112 s. 7.1) that arrive in pieces, however large it is, and says where it ends."""

    __slots__ = ("_left", "_line", "ended", "original", "trailer")

    LONGEST = 1024
    """Bytes of a chunk's first line."""

    def __init__(self) -> None:
        """Begin before the first chunk."""
        self._left = 0
        self._line = b""
        self.ended = False
        self.original = False
        """Whether the end said that there is no more than the preview (`0; ieof`)."""
        self.trailer = False

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the content of what has arrived, and what comes after the body. Raises `MalformedError`."""
        content: list[bytes] = []
        at, size = 0, len(data)
        while at < size and not self.ended:
            if self._left > 2:
                piece = data[at : at + self._left - 2]
                content.append(piece)
                at += len(piece)
                self._left -= len(piece)
            elif self._left:  # the line end after a chunk
                if data[at] != (13 if self._left == 2 else 10):
                    raise MalformedError("a chunk without its line end")
                at += 1
                self._left -= 1
            else:
                at = self._first_line(data, at)
        return b"".join(content), data[at:]

    def _first_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        self._line += data[at : end + 1 if end >= 0 else len(data)]
        if len(self._line) > self.LONGEST:
            raise MalformedError("a chunk's first line is too long")
        if end < 0:
            return len(data)
        line, self._line = self._line, b""
        if not line.endswith(b"\r\n"):
            raise MalformedError("a line end that is none")
        self._begin(line[:-2])
        return end + 1

    def _begin(self, line: bytes) -> None:
        if self.trailer:
            self.ended = not line
            return
        digits, _, extension = line.partition(b";")
        if not _LENGTH.fullmatch(digits):
            raise MalformedError("a chunk whose length is no number")
        length = int(digits, 16)
        self.original = self.original or extension.strip() == b"ieof"
        self.trailer = length == 0
        self._left = length + 2 if length else 0


def chunk(content: bytes) -> bytes:
    """Return content as one chunk; nothing for nothing, which would end the body."""
    return b"%x\r\n%b\r\n" % (len(content), content) if content else b""
