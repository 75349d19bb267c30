"""What of a request may leave? Its head, without the names of the catalogue, names that end like them, and the customer's own number."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from whosaw.edge import innocent
from whosaw.edge.icap.needles import Needles, find, may_carry, needles
from whosaw.identifiers.catalogue import classify, fold_name

if TYPE_CHECKING:
    from datetime import datetime

    from whosaw.edge.policy import Policy

MOST_HEADERS = 1_000

MOST_KNOWN, LONGEST_KNOWN = 65_536, 512
"""How many header lines that may leave are remembered, and up to how many bytes: whoever sends other ones each time fills no memory."""

CACHED_NAME = 64
"""Bytes up to which what becomes of a name is remembered."""

TELLS = frozenset(("e164", "plus", "base64"))
"""Encodings from which a partner reads the number; who may be told a digest may not be told the number."""


class Stopped(NamedTuple):
    """Something that did not leave: where it stood, and in which wrapping it was the customer's own number, if it was."""

    place: str
    wrapping: str

    @property
    def own(self) -> bool:
        """Whether it was the customer's own number."""
        return self.wrapping != ""


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

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_EMPTY = [b"", b""]
_FIRST = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~\x80-\xff]+) (HTTP/1\.[01])\r\n")
_URL = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#@\\]*@)?([^/?#@:\\\[\]]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]*))?(/[^?#\\]*|(?=[?#])|\Z)")
_AUTHORITY = re.compile(rb"([^/?#@:\\\[\]]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]*))?")
_PORTS = {b"https": 443, b"ftp": 21}
_NEEDED = frozenset(("method", "header:host", "header:content-length", "header:transfer-encoding"))
"""What a request cannot be without: where the number stands there, the request does not leave."""


class OddError(Exception):
    """A head that is no request: what it would be taken for by somebody else is not known, so it does not leave."""


class Site(NamedTuple):
    """Who is asked, and for what: host, port and path."""

    host: str
    port: int
    path: str


class Rules:
    """The policy, ready for requests. It is made anew when the policy changes."""

    def __init__(self, policy: Policy, moment: datetime) -> None:
        """Take the policy at a moment: agreements that begin or end later count when it is made anew."""
        listed = policy.stripped()
        self._names = frozenset(fold_name(n.name) for n in listed if n.place == "header" and not n.prefix)
        self._prefixes = tuple(fold_name(n.name) for n in listed if n.prefix)
        self._cookies = frozenset(n.name.lower().encode() for n in listed if n.place == "cookie")
        self._kept = frozenset(map(fold_name, policy.strip.keep))
        self._innocent = frozenset(map(fold_name, (*innocent.NAMES, *innocent.HOP))) if policy.mode == "quarantine" else None
        self._partners = _partners(policy, moment)
        self._known: set[bytes] = set()
        self._strips = lru_cache(maxsize=65_536)(self._strips_name)

    def judge(self, head: bytes, number: str) -> Outcome:
        """Return what becomes of a request's head; `number` is the customer's own, or nothing if he is not known.

        Raises `OddError` for what is no head of a request.
        """
        keys = needles(number) if number else None
        carried = keys is not None and may_carry(head, keys)
        if not carried and self._is_usual(head):
            return CLEAN
        return self._in_detail(head, keys if carried else None)

    def _is_usual(self, head: bytes) -> bool:
        """Whether a head has nothing but lines that may leave: most of them were seen before, so most requests cost little."""
        lines = head.split(b"\r\n")
        rest = lines[1:-2]
        return (
            (self._known.issuperset(rest) or self._learned(rest))
            and lines[-2:] == _EMPTY
            and len(rest) <= MOST_HEADERS
            and head.count(b"\r\nHost:") <= 1
            and _FIRST.match(head) is not None
        )

    def _learned(self, lines: list[bytes]) -> bool:
        """Whether all lines of a head may leave, each by itself; they are known then."""
        known = self._known
        for line in lines:
            if line not in known:
                if not self._may_leave(line):
                    return False
                if len(line) <= LONGEST_KNOWN:
                    if len(known) >= MOST_KNOWN:
                        known.clear()
                    known.add(line)
        return True

    def _may_leave(self, line: bytes) -> bool:
        """Whether a header line has a usual name that may leave, and no listed cookie. Only `Host` is written in one way: it is counted."""
        name, colon, value = line.partition(b":")
        lower = name.lower()
        if not colon or not _TOKEN.fullmatch(name) or line.translate(None, b"\r\n\0") != line or self._takes_out(lower):
            return False
        if lower == b"cookie":
            return not any(map(value.lower().__contains__, self._cookies))
        return lower != b"host" or name == b"Host"

    def _in_detail(self, head: bytes, keys: Needles | None) -> Outcome:
        """Return what becomes of a head that has to be taken apart; `keys` are those of a number that stands in it somewhere."""
        (method, target, version), lines = _parts(head)
        site = _site(target, lines)
        if keys is not None and self._may_be_told(site):
            told, sought = any(find(part, keys) for part in (target, *(line for _, line in lines))), None
        else:
            told, sought = False, keys
        kept, stopped = self._lines(lines, sought)
        if sought and (wrapping := find(method, sought)):
            stopped.append(Stopped("method", wrapping))
        if sought and (wrapping := find(target, sought)):
            target, place = _without(target, sought)
            stopped.append(Stopped(place, wrapping))
        if not target or any(one.own and one.place.lower() in _NEEDED for one in stopped):
            return Outcome(None, True, tuple(stopped), site=_shown_host(site.host, keys))
        if not stopped:
            return Outcome(None, False, (), told, site.host)
        new = b"\r\n".join([b" ".join((method, target, version)), *kept, b"", b""])
        return Outcome(new, False, tuple(stopped), told, site.host)

    def _lines(self, lines: list[tuple[bytes, bytes]], keys: Needles | None) -> tuple[list[bytes], list[Stopped]]:
        """Return the header lines that may leave, and what was stopped in the others."""
        kept: list[bytes] = []
        stopped: list[Stopped] = []
        for name, line in lines:
            wrapping = find(line, keys) if keys else ""
            if self._takes_out(name.lower()):
                stopped.append(Stopped(f"header:{_shown(name)}", wrapping))
            elif name.lower() == b"cookie":
                rest, found = self._cookie(line, keys)
                stopped += found
                kept += [rest] if rest else []
            elif wrapping:
                stopped.append(Stopped(f"header:{_shown(name)}", wrapping))
            else:
                kept.append(line)
        return kept, stopped

    def _takes_out(self, lower: bytes) -> bool:
        return self._strips(lower) if len(lower) <= CACHED_NAME else self._strips_name(lower)

    def _strips_name(self, lower: bytes) -> bool:
        """Whether a header of this name leaves to nobody: listed in any spelling, or unlisted and ending like one with an identity."""
        name = fold_name(lower.decode("latin-1"))
        if name in self._names or name.startswith(self._prefixes):
            return True
        if name in self._kept:
            return False
        if self._innocent is not None:
            return name not in self._innocent
        entry = classify(name[-CACHED_NAME:])  # how a name ends is enough, and what is remembered of it small
        return entry is not None and not entry.known

    def _cookie(self, line: bytes, keys: Needles | None) -> tuple[bytes, list[Stopped]]:
        """Return a Cookie header without the pairs that must not leave; nothing if none is left."""
        name, _, value = line.partition(b":")
        kept: list[bytes] = []
        stopped: list[Stopped] = []
        for pair in value.split(b";"):
            key = pair.partition(b"=")[0].strip()
            wrapping = find(pair, keys) if keys else ""
            if key.lower() in self._cookies or wrapping:
                stopped.append(Stopped(f"cookie:{_shown(key)}", wrapping))
            else:
                kept.append(pair)
        if not stopped:
            return line, []
        return (name + b":" + b";".join(kept) if any(pair.strip() for pair in kept) else b""), stopped

    def _may_be_told(self, site: Site) -> bool:
        """Whether the number may go there: to a partner, at the ports and below the path of the agreement."""
        parts = site.host.split(".")
        names = (site.host, *("." + ".".join(parts[i:]) for i in range(1, len(parts))))
        terms = [term for name in names for term in self._partners.get(name, ())]
        return any(site.port in ports and site.path.startswith(path) for ports, path in terms)


def _partners(policy: Policy, moment: datetime) -> dict[str, list[tuple[tuple[int, ...], str]]]:
    """Return host, or dot and domain, -> the ports and paths at which the number may be told.

    Where traffic is intercepted it is nobody: a host is then only what the customer's request says, and where it leads is not known here.
    """
    found: dict[str, list[tuple[tuple[int, ...], str]]] = {}
    for group in () if policy.intercepted else policy.groups(moment):
        if any(told.value == "msisdn" and told.encoding in TELLS for told in group.told):
            for name in (*group.exact, *("." + domain for domain in group.below)):
                found.setdefault(name, []).append((group.ports, group.path))
    return found


def _ends(head: bytes) -> int:
    """Return how many lines a head has, its empty one too; nothing if some would be read otherwise by others."""
    ends = head.count(b"\r\n")
    return ends if ends == head.count(b"\n") == head.count(b"\r") and b"\0" not in head else -1


def _parts(head: bytes) -> tuple[tuple[bytes, bytes, bytes], list[tuple[bytes, bytes]]]:
    """Return the words of a head's first line, and (name, line) of each header. Raises `OddError`."""
    first = _FIRST.match(head)
    if first is None or not 2 <= _ends(head) <= MOST_HEADERS + 2 or not head.endswith(b"\r\n\r\n"):
        raise OddError
    lines = head[first.end() : -2].split(b"\r\n")[:-1]
    named = [(line.partition(b":")[0], line) for line in lines]
    # a folded line has no name, nor has one with a blank before its colon (RFC 9112 s. 5.1, 5.2)
    if any(b":" not in line or not _TOKEN.fullmatch(name) for name, line in named):
        raise OddError
    if sum(name.lower() == b"host" for name, _ in named) > 1:
        raise OddError
    return (first[1], first[2], first[3]), named


def _site(target: bytes, lines: list[tuple[bytes, bytes]]) -> Site:
    """Return who is asked: by an absolute address, else by the Host header (RFC 9112 s. 3.2.2). Raises `OddError`."""
    if target[:1] in {b"/", b"*"}:
        host = next((line[5:].strip() for name, line in lines if name.lower() == b"host"), b"")
        found = _AUTHORITY.fullmatch(host)
        if host and found is None:
            raise OddError
        return Site(_host(found[1]), int(found[2] or 80), _path(target.partition(b"?")[0])) if found else Site("", 0, "")
    if url := _URL.match(target):
        return Site(_host(url[2]), int(url[3] or _PORTS.get(url[1].lower(), 80)), _path(url[4] or b"/"))
    if authority := _AUTHORITY.fullmatch(target):
        return Site(_host(authority[1]), int(authority[2] or 443), "")
    raise OddError


def _host(text: bytes) -> str:
    return text.decode("latin-1").lower().rstrip(".")


def _path(text: bytes) -> str:
    """Return a path as an agreement means it; one that goes up again is none of them."""
    path = unquote(text.decode("latin-1"))
    return "" if ".." in path else path


def _without(target: bytes, keys: Needles) -> tuple[bytes, str]:
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


def _shown_host(host: str, keys: Needles | None) -> str:
    return _shown(host.encode("latin-1")) if keys and find(host.encode("latin-1"), keys) else host


def _shown(name: bytes) -> str:
    """Return a name as a record may hold it: a name can be made of a number too."""
    from whosaw.identifiers.masking import mask_runs

    return mask_runs(name.decode("latin-1"))[:64]
