"""Which requests did a browser record? A HAR file is one JSON document; each entry is a row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from whosaw.layout import decode, parse_row, reads_time, safe_name, value_at
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PATHS = {
    "time": "$.startedDateTime",
    "method": "$.request.method",
    "url": "$.request.url",
    "status": "$.response.status",
    "bytes": "$.response.content.size",
    "content_type": "$.response.content.mimeType",
    "server_ip": "$.serverIPAddress",
}
_HEADERS = ("user-agent", "referer", "cookie", "authorization", "x-forwarded-for", "x-msisdn")
_RESPONSES = ("set-cookie", "age", "x-cache")
_ROLES = {
    **{name: name for name in ("time", "method", "uri", "host", "status", "bytes")},
    "agent": "request_header_user_agent",
    "referer": "request_header_referer",
    "cache": "response_header_x_cache",
}


def layout(text: str) -> Layout:
    """Return the layout of HAR files; the text names further request headers that are wanted as fields (`x-up-calling-line-id, msisdn`)."""
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    headers = {name: f"request_header_{safe_name(name)}" for name in [*_HEADERS, *wanted]}
    responses = {name: f"response_header_{safe_name(name)}" for name in _RESPONSES}
    fields = tuple(dict.fromkeys([*_PATHS, "uri", "host", *headers.values(), *responses.values()]))
    return Layout(kind="document", fields=fields, roles=_ROLES, clock="iso", headers=headers, responses=responses)


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for a document that begins as a HAR file does."""
    start = decode(b"\n".join(sample)).lstrip("\ufeff \t\r\n")
    if re.match(r'\{\s*"log"\s*:\s*\{', start) is None:
        return None
    marks = [f'"{word}"' in start for word in ("version", "creator", "entries", "startedDateTime")]
    if not any(marks):
        return None
    return Guess(reader="har", confidence=sum(marks) / len(marks), layout=layout(""), seen="a HAR file")


def careful(found: Layout, raw: bytes) -> dict[str, str] | str:
    """Return the fields of one entry that stands alone in a line, or why it cannot be read."""
    entry = parse_row(decode(raw).strip())
    if entry is None:
        return "not a json object" if raw.strip() else "empty line"
    row = _entry(entry)
    return row if isinstance(row, str) else {name: row.get(name, "") for name in found.fields} | row


def document(raw: bytes) -> Iterator[Mapping[str, str] | str]:
    """Yield the fields of every entry, or the reason why the entry (or the whole document) cannot be read."""
    root = parse_row(decode(raw).lstrip("\ufeff"))
    log = root.get("log") if root else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if root is None:
        yield "not valid json"
    elif not isinstance(entries, list):
        yield "no entries in the document"
    else:
        yield from map(_entry, entries)


def _entry(entry: object) -> dict[str, str] | str:
    if not isinstance(entry, dict):
        return "the entry is not a json object"
    row = {name: value_at(entry, path) for name, path in _PATHS.items()}
    if not reads_time(row["time"], "iso"):
        return "time cannot be read"
    if not row["url"]:
        return "the entry has no request"
    try:
        parts = urlsplit(row["url"])
    except ValueError:
        return "the address cannot be read"
    row["host"] = parts.netloc.rpartition("@")[2]
    row["uri"] = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    for side in ("request", "response"):
        row |= _named(entry, f"$.{side}.headers", f"{side}_header_")
    return row | _named(entry, "$.request.cookies", "cookie_")


def _named(entry: Mapping[str, Any], path: str, prefix: str) -> dict[str, str]:
    """Return the name and value pairs of a list of headers or cookies; what stands twice is joined as HTTP would."""
    _, side, kind = path.split(".")
    pairs = (entry.get(side) or {}).get(kind) if isinstance(entry.get(side), dict) else None
    found: dict[str, str] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        name, value = prefix + safe_name(value_at(pair, "$.name")), value_at(pair, "$.value")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return {name: value for name, value in found.items() if name != prefix}


HAR = Reader(
    name="har",
    claim="HAR files, as browsers save them",
    sniff=sniff,
    layout=layout,
    careful=careful,
    document=document,
)
