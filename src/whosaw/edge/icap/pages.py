"""Whose data does a page of a portal show, and is it the session's own? For a proxy in front of the portal (RESPMOD)."""

from __future__ import annotations

import csv
import posixpath
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote

import msgspec

from whosaw.errors import ConfigError
from whosaw.identifiers import Kind, Profile, normalise, recognise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.edge.policy import Page, Policy

MOST = 61_440
"""Bytes of a page that are looked at; unpacked, eight times as many. Squid 5 sends 64 KiB and then waits for an answer for ever."""

_TEXT = re.compile(r"text/|application/(?:[a-z.+-]*json|[a-z.+-]*xml|xhtml|x-www-form)|\Z", re.IGNORECASE)
_STILL = re.compile(r"image/|font/|audio/|video/|text/(?:css|javascript)|application/(?:javascript|font)", re.IGNORECASE)
"""What portals show to everybody alike."""


class Seen(NamedTuple):
    """What a page showed: the customers (or, where nobody says whose they are, numbers), the session's own, and whether it may go out."""

    outcome: Literal["own", "foreign", "unknown", "unseen"]
    shown: tuple[str, ...]
    own: str
    block: bool
    numbers: bool = False


class Rule:
    """A `[[page]]` of the policy, ready for pages."""

    def __init__(self, page: Page, owners: dict[str, str] | None, profile: Profile | None) -> None:
        """Take the page, whose what it shows is, if the policy says so, and what the operator's own numbers look like."""
        self.route, self.mode, self._own = page.route, page.mode, page.own
        self._kind, _, self._what = page.shown.partition(":")
        self._owners, self._profile = owners, profile
        self._pattern = re.compile(self._what) if self._kind == "regex" else None

    def looks(self, head: bytes) -> Literal["head", "page", "never", "still"]:
        """Return where it is said whose data a response shows; `never` if it cannot be read, `still` if it is the same for everybody."""
        if self._kind == "response":
            return "head"
        kind = _header(head, "content-type")
        return "still" if _STILL.match(kind) else "page" if _TEXT.match(kind) else "never"

    def judge(self, asked: bytes, head: bytes, body: bytes, *, whole: bool = True) -> Seen:
        """Return whose data a response shows, by its body or (unless it is whole) by the beginning of it."""
        own = self._session(asked, head)
        if self._kind == "response":
            values = [value for value in (_header(head, self._what),) if value]
        else:
            values, readable = self._in_page(head, body)
            whole = whole and readable
        shown = tuple(sorted({found for value in values if (found := self._whose(value))}))
        foreign = bool(own) and any(one != own for one in shown)
        if not whole and not foreign:
            return Seen("unseen", shown, own, block=False, numbers=self._tells_numbers)
        outcome: Literal["own", "foreign", "unknown"] = "foreign" if foreign else "own" if shown and own else "unknown"
        return Seen(outcome, shown, own, block=foreign and self.mode == "block", numbers=self._tells_numbers)

    @property
    def _tells_numbers(self) -> bool:
        return self._kind == "numbers" and self._owners is None

    def _session(self, asked: bytes, head: bytes) -> str:
        kind, _, name = self._own.partition(":")
        if kind == "cookie":
            pairs = (pair.partition("=") for pair in _header(asked, "cookie").split(";"))
            own = next((value.strip() for key, _, value in pairs if key.strip() == name), "")
        else:
            own = _header(asked if kind == "request" else head, name)
        return (normalise(own, self._profile) or own) if self._tells_numbers and self._profile else own

    def _whose(self, value: str) -> str:
        return value if self._owners is None else self._owners.get(value, "")

    def _in_page(self, head: bytes, body: bytes) -> tuple[list[str], bool]:
        """Return what a page shows, and whether all of it could be looked at."""
        plain, whole = _plain(_header(head, "content-encoding").lower(), body)
        if self._kind == "json":
            try:
                return list(_walk(msgspec.json.decode(plain), self._what.split("."))) if plain else [], whole
            except msgspec.DecodeError:
                return [], False
        text = plain.decode("utf-8", "replace")
        if self._pattern is not None:
            return [match[1] for match in self._pattern.finditer(text) if match[1]], whole
        assert self._profile is not None  # noqa: S101 - `rules` has seen to it
        return [hit.value for hit in recognise(text, self._profile) if hit.kind == Kind.MSISDN], whole


def rules(policy: Policy, profile: Profile | None) -> tuple[Rule, ...]:
    """Return the pages of a policy, ready. Raises `ConfigError` for owners that cannot be read, or numbers that nobody describes."""
    if profile is None and any(page.shown == "numbers" for page in policy.pages):
        raise ConfigError("a `[[page]]` shows numbers, and nobody says what yours look like", hint="--config names your whosaw.toml")
    return tuple(Rule(page, _owners(Path(policy.folder) / page.owners) if page.owners else None, profile) for page in policy.pages)


def _owners(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["object"]: row["customer"] for row in csv.DictReader(file)}
    except (OSError, ValueError, csv.Error, KeyError) as problem:
        why = str(getattr(problem, "strerror", None) or problem.__class__.__name__).lower()
        raise ConfigError(
            f"cannot read the owners `{path}`: {why}", hint="a CSV file with the columns `object` and `customer`"
        ) from problem


def rule_for(those: tuple[Rule, ...], asked: bytes, head: bytes) -> Rule | None:
    """Return the rule for a response, if its address has one and it shows something (RFC 9110 s. 15.3)."""
    status = head.split(b" ", 2)[1:2]
    if not those or not status or not status[0].startswith(b"2"):
        return None
    path = _path(asked)
    return next((rule for rule in those if path.startswith(rule.route)), None)


def _path(asked: bytes) -> str:
    """Return the path that was asked for, however it was written."""
    address = asked.partition(b" ")[2].partition(b" ")[0].partition(b"?")[0].decode("latin-1")
    path = unquote(address.partition("://")[2].partition("/")[2] if "://" in address else address)
    whole = posixpath.normpath("/" + path.lstrip("/"))
    return whole + "/" if path.endswith("/") and whole != "/" else whole


def _header(head: bytes, name: str) -> str:
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            return value.strip()
    return ""


def _plain(encoding: str, body: bytes) -> tuple[bytes, bool]:
    """Return a page without its compression, as much as may be looked at, and whether that is all of it."""
    if encoding in {"", "identity"}:
        return body, True
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return b"", False
    # 32 lets zlib see by itself whether it is gzip or zlib; some send deflate without either (RFC 9110 s. 8.4.1.2)
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        unpacked = zlib.decompressobj(bits)
        try:
            return unpacked.decompress(body, MOST * 8), unpacked.eof
        except zlib.error:
            continue
    return b"", False


def _walk(value: object, steps: list[str]) -> Iterator[str]:
    """Yield what stands at a path in JSON; `*` means every member."""
    if not steps:
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield str(value)
        return
    step, *further = steps
    if step == "*":
        inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    else:
        inner = [value[step]] if isinstance(value, dict) and step in value else []
    for one in inner:
        yield from _walk(one, further)
