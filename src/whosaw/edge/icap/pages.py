"""Whose data does a page of a portal show, and is it the session's own? For a proxy in front of the portal (RESPMOD)."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.edge.policy import Page

MOST = 262_144
"""Bytes of a page that are looked at."""

TEXT = re.compile(rb"(?:text/|application/(?:[a-z.+-]*json|[a-z.+-]*xml|xhtml))", re.IGNORECASE)


class Seen(NamedTuple):
    """What a page showed: the customers, the session's own, and whether it may go out."""

    outcome: Literal["own", "foreign", "unknown", "unseen"]
    shown: tuple[str, ...]
    own: str
    block: bool


def rule_for(pages: Sequence[Page], asked: bytes, head: bytes) -> Page | None:
    """Return the rule for a response, if its address has one and it is a page of text that was found."""
    words = asked.split(b" ", 2)
    target = words[1] if len(words) == 3 else b""
    path = target.partition(b"://")[2].partition(b"/")[2] if b"://" in target else target[1:]
    status = head.split(b" ", 2)[1:2]
    if not status or not (status[0].startswith(b"2") or status[0] == b"304"):
        return None
    return next((page for page in pages if f"/{path.decode('latin-1')}".startswith(page.route)), None)


def wants_body(page: Page, head: bytes) -> bool:
    """Whether the customer stands in the page itself, and the page is text."""
    return page.shown.startswith("regex:") and bool(TEXT.match(_header(head, b"content-type")))


def judge(page: Page, asked: bytes, head: bytes, body: bytes | None) -> Seen:
    """Return whose data a page shows; `body` is nothing if it was too long to be looked at."""
    own = _from_headers(page.own, asked, head)
    if body is None:
        return Seen("unseen", (), own, block=False)
    found = _from_headers(page.shown, asked, head)
    shown = (found,) if found else tuple(_in_page(page, head, body))
    if not shown or not own:
        return Seen("unknown", shown, own, block=False)
    foreign = any(one != own for one in shown)
    return Seen("foreign" if foreign else "own", shown, own, block=foreign and page.mode == "block")


def _from_headers(pick: str, asked: bytes, head: bytes) -> str:
    """Return the value that `request:NAME` or `response:NAME` picks."""
    kind, _, name = pick.partition(":")
    if kind not in {"request", "response"}:
        return ""
    return _header(asked if kind == "request" else head, name.lower().encode()).decode("latin-1")


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return b""


def _in_page(page: Page, head: bytes, body: bytes) -> list[str]:
    pattern = page.shown.removeprefix("regex:")
    text = _plain(_header(head, b"content-encoding").lower(), body).decode("utf-8", "replace")
    return sorted({match[1] for match in re.finditer(pattern, text)}) if page.shown.startswith("regex:") else []


def _plain(encoding: bytes, body: bytes) -> bytes:
    """Return a page without its compression, as much as may be looked at; what cannot be undone is looked at as it is."""
    if encoding not in {b"gzip", b"x-gzip", b"deflate"}:
        return body
    try:
        return zlib.decompressobj(47 if encoding != b"deflate" else 15).decompress(body, MOST * 8)
    except zlib.error:
        return body
