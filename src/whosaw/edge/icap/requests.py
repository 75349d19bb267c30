"""What of a request may leave? Its head, without the names of the catalogue, names that end like them, and the customer's own number."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from whosaw.edge.icap.needles import Needle, carries, find, needles
from whosaw.edge.policy import spellings
from whosaw.identifiers.catalogue import HeaderClass, classify

if TYPE_CHECKING:
    from datetime import datetime

    from whosaw.edge.policy import Policy

IDENTITY = frozenset(
    (
        HeaderClass.MSISDN,
        HeaderClass.IMSI,
        HeaderClass.IMEI,
        HeaderClass.ICCID,
        HeaderClass.PSEUDONYM,
        HeaderClass.PERSON,
        HeaderClass.INTERNAL_IP,
    )
)
"""What an unlisted name must seem to carry to be taken out."""

MOST_HEADERS = 1_000


class Stopped(NamedTuple):
    """Something that did not leave: where it stood, how it was wrapped, and whether it was the customer's own number."""

    place: str
    wrapping: str
    own: bool


class Outcome(NamedTuple):
    """What becomes of a request: its new head (nothing if it may leave as it is), or a refusal; and what was stopped or let through."""

    head: bytes | None
    refused: bool
    stopped: tuple[Stopped, ...]
    told: bool = False
    """Whether the customer's number was left where it stands, because the site is a partner who may be told it."""
    site: str = ""


CLEAN = Outcome(None, False, ())
"""May leave as it is."""

_NAMES = re.compile(rb"\r\n([^:\r\n]+):")
_FIRST = re.compile(rb"[^ \r\n]+ [^ \r\n]+ HTTP/1\.[01]\r\n")


class OddError(Exception):
    """A head that is no request: what it would be taken for by somebody else is not known, so it does not leave."""


class Rules:
    """The policy, ready for requests. It is made anew when the policy changes."""

    def __init__(self, policy: Policy, moment: datetime) -> None:
        """Take the policy at a moment: agreements that begin or end later count when it is made anew."""
        listed = policy.stripped()
        self._names = frozenset(s.lower().encode() for n in listed if n.place == "header" and not n.prefix for s in spellings(n.name))
        self._prefixes = tuple(s.lower().encode() for n in listed if n.prefix for s in spellings(n.name))
        self._cookies = frozenset(n.name.lower().encode() for n in listed if n.place == "cookie")
        self._kept = frozenset(name.lower() for name in policy.strip.keep)
        groups = [group for group in policy.groups(moment) if any(told.value == "msisdn" for told in group.told)]
        self._exact = frozenset(host for group in groups for host in group.exact)
        self._below = frozenset(host for group in groups for host in group.below)
        self._cookies_set = tuple(name + b"=" for name in sorted(self._cookies))
        self._clean = lru_cache(maxsize=65_536)(self._all_may_leave)
        self._strips = lru_cache(maxsize=65_536)(self._strips_name)

    def judge(self, head: bytes, number: str) -> Outcome:
        """Return what becomes of a request's head; `number` is the customer's own, or nothing if he is not known.

        Raises `OddError` for what is no head of a request.
        """
        keys = needles(number) if number else ()
        carried = bool(keys) and carries(head, keys)
        if not carried and self._is_usual(head):
            return CLEAN
        first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        words = first.split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/") or len(lines) > MOST_HEADERS or head.count(b"\n") != head.count(b"\r\n"):
            raise OddError
        kept, stopped, told = self._lines(lines, keys if carried else (), words[1])
        site = _site(words[1], lines)
        target = words[1]
        if carried and (wrapping := find(target, keys)):
            if self._may_be_told(site):
                told = True
            else:
                target, place = _without(target, keys)
                stopped.append(Stopped(place, wrapping, own=True))
                if not target:
                    return Outcome(None, True, tuple(stopped), site=site)
        if not stopped:
            return Outcome(None, False, (), told, site)
        new = b"\r\n".join([b" ".join((words[0], target, words[2])), *kept, b"", b""])
        return Outcome(new, False, tuple(stopped), told, site)

    def _is_usual(self, head: bytes) -> bool:
        """Whether a head has nothing but names that may leave, each on a line of its own: so most requests cost little."""
        names = tuple(_NAMES.findall(head))
        ends = head.count(b"\r\n")
        return (
            len(names) == ends - 2
            and ends == head.count(b"\n")
            and self._clean(names)
            and _FIRST.match(head) is not None
            and not self._has_listed_cookie(head)
        )

    def _has_listed_cookie(self, head: bytes) -> bool:
        """Whether a listed cookie may stand in a head: then it is looked into."""
        lower = head.lower()
        return any(map(lower.__contains__, self._cookies_set))

    def _all_may_leave(self, names: tuple[bytes, ...]) -> bool:
        lower = [name.lower() for name in names]
        odd = any(name[:1] in b" \t" for name in lower) or lower.count(b"host") > 1
        return not odd and not any(map(self._strips, lower))

    def _lines(self, lines: list[bytes], keys: tuple[Needle, ...], target: bytes) -> tuple[list[bytes], list[Stopped], bool]:
        """Return the header lines that may leave, what was stopped in the others, and whether a partner is told the number."""
        kept: list[bytes] = []
        stopped: list[Stopped] = []
        told = False
        partner = self._may_be_told(_site(target, lines)) if keys else False
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name or name[:1] in b" \t":
                # a folded line belongs to the one before it, and goes where that goes: nowhere (RFC 9112 s. 5.2)
                raise OddError
            lower = name.lower()
            if self._strips(lower):
                stopped.append(Stopped(f"header:{_shown(name)}", "", own=bool(keys) and bool(find(value, keys))))
            elif lower == b"cookie":
                line, found = self._cookie(line, () if partner else keys)  # noqa: PLW2901 - what may stay of it
                stopped += found
                kept += [line] if line else []
            elif keys and lower not in _ROUTING and (wrapping := find(value, keys)):
                if partner:
                    told = True
                    kept.append(line)
                else:
                    stopped.append(Stopped(f"header:{_shown(name)}", wrapping, own=True))
            else:
                kept.append(line)
        return kept, stopped, told

    def _strips_name(self, lower: bytes) -> bool:
        """Whether a header of this name leaves to nobody: listed, or unlisted and ending like one that carries an identity."""
        if lower in self._names or lower.startswith(self._prefixes or (b"\0",)):
            return True
        name = lower.decode("latin-1")
        entry = None if name in self._kept else classify(name)
        return entry is not None and not entry.known and entry.cls in IDENTITY

    def _cookie(self, line: bytes, keys: tuple[Needle, ...]) -> tuple[bytes, list[Stopped]]:
        """Return a Cookie header without the pairs that must not leave; nothing if none is left."""
        name, _, value = line.partition(b":")
        kept: list[bytes] = []
        stopped: list[Stopped] = []
        for pair in value.split(b";"):
            key = pair.partition(b"=")[0].strip()
            wrapping = find(pair, keys) if keys else ""
            if key.lower() in self._cookies or wrapping:
                stopped.append(Stopped(f"cookie:{_shown(key)}", wrapping, own=bool(wrapping)))
            else:
                kept.append(pair)
        if not stopped:
            return line, []
        return (name + b":" + b";".join(kept) if any(pair.strip() for pair in kept) else b""), stopped

    def _may_be_told(self, site: str) -> bool:
        parts = site.split(".")
        return site in self._exact or any(".".join(parts[i:]) in self._below for i in range(1, len(parts)))


_ROUTING = frozenset((b"host", b"content-length", b"connection", b"transfer-encoding"))
"""Without these a request is another one; a number in a host's name is looked for in the address."""


def _site(target: bytes, lines: list[bytes]) -> str:
    """Return the host that is asked: of an absolute address, else of the Host header (RFC 9112 s. 3.2.2)."""
    if b"://" in target:
        try:
            host = urlsplit(target.decode("latin-1")).hostname or ""
        except ValueError as problem:
            raise OddError from problem
        return host.lower().rstrip(".")
    hosts = [line[5:].strip() for line in lines if line[:5].lower() == b"host:"]
    if len(hosts) > 1:
        raise OddError
    host = hosts[0].decode("latin-1").lower() if hosts else ""
    return host.rpartition(":")[0].rstrip(".") if ":" in host and not host.endswith("]") else host.rstrip(".")


def _without(target: bytes, keys: tuple[Needle, ...]) -> tuple[bytes, str]:
    """Return an address without the parameters that hold the number, and where it stood; nothing if it stands elsewhere."""
    address, question, query = target.partition(b"?")
    if find(address, keys):
        return b"", "url:path"
    held = [pair for pair in query.split(b"&") if find(pair, keys)]
    kept = [pair for pair in query.split(b"&") if pair not in held]
    if not held or find(b"&".join(kept), keys):
        return b"", "url:query"
    name = _shown(held[0].partition(b"=")[0]) if b"=" in held[0] else "query"
    return address + (question + b"&".join(kept) if kept else b""), f"query:{name}"


def _shown(name: bytes) -> str:
    """Return a name as a record may hold it: a name can be made of a number too."""
    from whosaw.identifiers.masking import mask_runs

    return mask_runs(name.decode("latin-1"))[:64]
