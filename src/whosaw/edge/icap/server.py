"""How does a proxy ask? Over connections that stay open, a request after the other; bodies pass through and are never kept.

A request's body is not looked into: what a customer writes into a form himself is his to send. So the answer follows from the head, and
a body that must pass (because the client takes neither 204 nor 206) goes back chunk by chunk as it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast

from whosaw.edge.icap import message
from whosaw.edge.icap.message import CRLF2, Chunks, Head, MalformedError

LONGEST_HEAD = 65_536
"""Bytes of an ICAP head."""

LONGEST_HEADS = 262_144
"""Bytes of the heads in a message. What is longer is refused: a proxy that is told of an error would let it pass."""

PATIENCE = 10.0
"""Seconds in which a begun head must be there."""

STALL = 60.0
"""Seconds in which a body must go on, and an answer be taken: it comes from a phone, which may be in a tunnel."""

IDLE = 300.0
"""Seconds a connection may wait for its next request."""

HIGH_WATER = 262_144
"""Bytes that wait to be sent before no more is read."""


REFUSED = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
    b"X-Whosaw: refused\r\nConnection: close\r\n\r\n"
)
"""What a customer is shown instead of what does not leave."""


@dataclass(frozen=True)
class Verdict:
    """What becomes of a message: its head as it leaves (nothing if unchanged); refused, the head of a response without a body."""

    head: bytes | None = None
    refused: bool = False


UNCHANGED = Verdict()
"""The message goes on as it is."""


@dataclass(frozen=True)
class Look:
    """That a page has to be seen before anything can be said: so many bytes of it at most."""

    most: int


class Service(Protocol):
    """What is asked: heads first, and pages if it says so."""

    tag: str
    """What changes when the same request may be answered otherwise (RFC 3507 s. 4.7)."""

    def request(self, head: bytes, client: str) -> Verdict:
        """Judge a request."""

    def response(self, asked: bytes, head: bytes, client: str) -> Verdict | Look:
        """Judge a response by its head, or ask to see the page."""

    def page(self, asked: bytes, head: bytes, client: str, body: bytes, *, whole: bool) -> Verdict:
        """Judge a page, or its beginning if it is longer than was asked for."""


@dataclass
class Server:
    """Connections share it: the service that is asked, and how many there are."""

    service: Service
    most_connections: int
    clock: Callable[[], float]
    open: set[Connection] = field(default_factory=set)
    transactions: int = 0
    malformed: int = 0
    overloaded: int = 0
    late: int = 0
    broken: int = 0
    """Messages that were refused because of a fault of this software: must be zero."""
    stopping: bool = False

    def sweep(self) -> None:
        """Close connections that keep a message or the next one waiting for too long."""
        now = self.clock()
        for connection in list(self.open):
            connection.close_if_late(now)

    def options(self, method: str) -> bytes:
        """Return the answer to OPTIONS (RFC 3507 s. 4.10)."""
        more = (
            f"Methods: {method}",
            "Options-TTL: 60",
            f"Max-Connections: {self.most_connections}",
            "Preview: 0",
            "Transfer-Preview: *",
            "Allow: 204, 206",
            "Service-ID: whosaw-edge",
        )
        return message.answer(200, self.service.tag, more=more)


METHODS = {b"/request": "REQMOD", b"/response": "RESPMOD"}


class Connection(asyncio.Protocol):
    """One connection of a client. What has arrived is taken as far as it goes; the rest waits for more."""

    def __init__(self, server: Server) -> None:
        """Take the server it belongs to."""
        self.server = server
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._head: Head | None = None
        self._client = ""
        self._heads: dict[str, bytes] = {}
        self._body: _Body | None = None
        self._since = server.clock()
        self._last = False

    # --- what asyncio tells -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or say that there are too many."""
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        transport.set_write_buffer_limits(HIGH_WATER)
        if len(self.server.open) >= self.server.most_connections:
            self.server.overloaded += 1
            self._send(message.answer(503, self.server.service.tag, more=("Connection: close",)))
            transport.close()
            return
        self.server.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self.server.open.discard(self)

    def pause_writing(self) -> None:
        """Read no more than can be sent."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        self._since = self.server.clock()
        if self._transport is not None:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Go on with what has arrived."""
        if self._head is None and not self._data:
            self._since = self.server.clock()
            self._data = data
        else:
            self._data += data
        try:
            while self._data and self._step():
                pass
        except MalformedError:
            self.server.malformed += 1
            self._end(400)
        if (self.server.stopping or self._last) and self._is_between():
            self._close()

    def close_if_late(self, now: float) -> None:
        """Close the connection if its message, the taking of its answer or its next message is overdue."""
        transport = self._transport
        if transport is None or now - self._since <= self._patience(transport):
            return
        if transport.is_closing():
            transport.abort()  # it does not take what was said to it last
        elif self._is_between() and not transport.get_write_buffer_size():
            self._close()
        else:
            self.server.late += 1
            self._end(408)

    def _patience(self, transport: asyncio.Transport) -> float:
        if self._body is not None or transport.get_write_buffer_size():
            return STALL
        return IDLE if self._is_between() else PATIENCE

    def finish(self) -> None:
        """Close the connection after the request it is at."""
        if self._is_between():
            self._close()

    # --- one step after the other -----------------------------------------------------------------------------------

    def _is_between(self) -> bool:
        return self._head is None and not self._data

    def _step(self) -> bool:
        """Take one part of what has arrived; return whether there may be more to take."""
        if self._body is not None:
            return self._go_on(self._body)
        if self._head is None and not self._take_head():
            return False
        head = self._head
        assert head is not None  # noqa: S101 - it was just taken
        if head.size > LONGEST_HEADS:
            self._refuse()
            return False
        if len(self._data) < head.size:
            return False
        whole = len(self._data) == head.size
        heads, self._data = (self._data, b"") if whole else (self._data[: head.size], self._data[head.size :])
        self._heads = {head.parts[0][0]: heads} if len(head.parts) == 2 else head.encapsulated(heads)
        self._answer(head)
        return True

    def _take_head(self) -> bool:
        end = self._data.find(CRLF2)
        if end < 0:
            if len(self._data) > LONGEST_HEAD:
                self._end(413)
            return False
        (self._head, self._client), self._data = message.parse(self._data[:end]), self._data[end + 4 :]
        self._last = self._head.last
        return True

    def _answer(self, head: Head) -> None:
        method = METHODS.get(head.path)
        if head.method == b"OPTIONS":
            self._begin(_Body("drop", head, first=self.server.options(method or "REQMOD")))
        elif method is None:
            self._begin(_Body("drop", head, first=message.answer(404, self.server.service.tag)))
        elif head.method != method.encode():
            self._begin(_Body("drop", head, first=message.answer(405, self.server.service.tag)))
        else:
            self.server.transactions += 1
            asked = self._heads.get("req-hdr", b"")
            if method == "REQMOD":
                if not asked.endswith(CRLF2):
                    raise MalformedError("no head of a request")
                try:
                    verdict = self.server.service.request(asked, self._client)
                except Exception:  # noqa: BLE001 - whatever it is, the answer is no
                    verdict = self._broken()
                self._settle(head, verdict)
            else:
                self._response(head, asked, self._client)

    def _response(self, head: Head, asked: bytes, client: str) -> None:
        shown = self._heads.get("res-hdr", b"")
        if not shown.endswith(CRLF2):
            raise MalformedError("no head of a response")
        found: Verdict | Look
        try:
            found = self.server.service.response(asked, shown, client)
        except Exception:  # noqa: BLE001 - whatever it is, the answer is no
            found = self._broken()
        if isinstance(found, Look) and head.has_body:
            self._begin(_Body("look", head, look=found.most, page=(asked, shown, client)))
        else:
            self._settle(head, found if isinstance(found, Verdict) else self._page((asked, shown, client), b"", whole=True))

    def _page(self, page: tuple[bytes, bytes, str], body: bytes, *, whole: bool) -> Verdict:
        try:
            return self.server.service.page(*page, body, whole=whole)
        except Exception:  # noqa: BLE001 - whatever it is, the answer is no
            return self._broken()

    def _broken(self) -> Verdict:
        """Let a message not leave because the service broke over it: told of an error, the proxy would let it pass."""
        self.server.broken += 1
        return Verdict(REFUSED, refused=True)

    def _settle(self, head: Head, verdict: Verdict) -> None:
        """Answer by the shortest way that the client takes; a body that must go back will."""
        tag = self.server.service.tag
        if verdict is UNCHANGED and not head.has_body and b"204" in head.takes:
            # most requests end here
            self._send(message.answer(204, tag))
            self._head = None
            return
        section = "req-hdr" if head.method == b"REQMOD" and not verdict.refused else "res-hdr"
        whole = self._heads[section] if verdict.head is None else verdict.head
        with_body = f"{section}=0, {section[:3]}-body={len(whole)}"
        if verdict.head is None and (head.preview is not None or b"204" in head.takes):
            self._begin(_Body("drop", head, first=message.answer(204, tag)))
        elif verdict.refused or not head.has_body:
            first = message.answer(200, tag, parts=f"{section}=0, null-body={len(whole)}") + whole
            self._begin(_Body("drop", head, first=first))
        elif head.preview is not None and b"206" in head.takes:
            self._begin(_Body("drop", head, first=message.answer(206, tag, parts=with_body) + whole + message.ORIGINAL_BODY))
        else:
            self._begin(_Body("back", head, first=message.answer(200, tag, parts=with_body) + whole))

    # --- bodies ------------------------------------------------------------------------------------------------------

    def _begin(self, body: _Body) -> None:
        """Answer at once if the client does not wait for it behind a preview; then take the body, if there is one."""
        if not body.in_preview:
            self._send(body.first)
        if body.follows:
            self._body = body
        else:
            self._head = None

    def _go_on(self, body: _Body) -> bool:
        """Take what has arrived of a body: dropped, sent back as it came, or kept to be looked at."""
        self._since = self.server.clock()
        content, self._data = body.chunks.take(self._data)
        if body.does == "look" or (body.in_preview and body.does == "back"):
            body.kept += content
        elif body.does == "back":
            self._send(message.chunk(content))
        if body.does == "look" and len(body.kept) > body.look:
            self._look_no_further(body)
        if not body.chunks.ended:
            return False
        if body.in_preview:
            self._after_preview(body)
        else:
            self._after_body(body)
        return True

    def _after_preview(self, body: _Body) -> None:
        """Answer now; where the rest of the body is needed after all, ask for it (RFC 3507 s. 4.5)."""
        more = body.does != "drop" and not body.chunks.original
        if more:
            self._send(message.CONTINUE)
            body.in_preview, body.chunks = False, Chunks()
        if body.does != "look":
            self._send(body.first + (message.chunk(bytes(body.kept)) if body.does == "back" else b""))
        if not more:
            self._after_body(body)

    def _after_body(self, body: _Body) -> None:
        self._head = self._body = None
        if body.does == "look":
            self._seen(body)
        elif body.does == "back":
            self._send(message.LAST)

    def _seen(self, body: _Body) -> None:
        """Answer for a page that was seen whole."""
        shown = body.page[1]
        if self._page(body.page, bytes(body.kept), whole=True).refused:
            self._send(self._refusal())
        else:
            self._send(self._with_body(shown) + message.chunk(bytes(body.kept)) + message.LAST)

    def _look_no_further(self, body: _Body) -> None:
        """Answer for a page that is too long to be seen whole by what its beginning shows; the rest is dropped, or goes as it comes."""
        refused = self._page(body.page, bytes(body.kept), whole=False).refused
        body.does, body.first = ("drop", self._refusal()) if refused else ("back", self._with_body(body.page[1]))
        if not body.in_preview:
            self._send(body.first if refused else body.first + message.chunk(bytes(body.kept)))
            body.kept.clear()

    def _with_body(self, shown: bytes) -> bytes:
        return message.answer(200, self.server.service.tag, parts=f"res-hdr=0, res-body={len(shown)}") + shown

    def _refusal(self, *more: str) -> bytes:
        return message.answer(200, self.server.service.tag, parts=f"res-hdr=0, null-body={len(REFUSED)}", more=more) + REFUSED

    # --- the wire ----------------------------------------------------------------------------------------------------

    def _send(self, data: bytes) -> None:
        if data and self._transport is not None:
            self._transport.write(data)

    def _refuse(self) -> None:
        """Refuse a message without having read it, and close."""
        self._send(self._refusal("Connection: close"))
        self._close()

    def _end(self, status: int) -> None:
        """Say why, unless the answer was begun, and close: after a message that cannot be read, nobody knows where the next one begins."""
        if self._body is None or not self._body.answered:
            self._send(message.answer(status, self.server.service.tag, more=("Connection: close",)))
        self._close()

    def _close(self) -> None:
        self._data, self._head, self._body = b"", None, None
        if self._transport is not None:
            self._transport.close()


class _Body:
    """What is to be done with a body while it arrives: dropped, sent back after an answer's head, or kept to be looked at."""

    __slots__ = ("chunks", "does", "first", "follows", "in_preview", "kept", "look", "page")

    def __init__(
        self,
        does: Literal["drop", "back", "look"],
        head: Head,
        *,
        first: bytes = b"",
        look: int = 0,
        page: tuple[bytes, bytes, str] = (b"", b"", ""),
    ) -> None:
        self.does: Literal["drop", "back", "look"] = does
        self.first, self.look, self.page = first, look, page
        self.follows = head.has_body
        self.in_preview = head.has_body and head.preview is not None
        self.chunks = Chunks()
        self.kept = bytearray()

    @property
    def answered(self) -> bool:
        """Whether the answer was begun: nothing else may be said then."""
        return not self.in_preview and self.does != "look"
