"""Does a pattern for hosts mean more hosts than its writer had in mind?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.policy import is_shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whosaw.edge.lint.files import Entry
    from whosaw.edge.lint.finding import Spot

_WILD = r"(?:\.|\\w|\[[^]]*\])[*+]\??"
_DOT = r"(?:\\\.|\[\.\])"
_BEGINNING = re.compile(
    rf"\^?(?:{_WILD})?{_DOT}"  # a label of its own follows: \.music\.example
    rf"|\((?:\?:)?\^\|{_DOT}\)"  # (^|\.)music\.example
    rf"|\^\((?:\?:)?{_WILD}{_DOT}\)[?*]"  # ^(.*\.)?music\.example
    rf"|\^(?!(?:\((?:\?:)?)?{_WILD})"  # ^music\.example
)
_BARE_DOT = re.compile(r"(?<![\\\[(])\.(?![*+?{]|\])")
_SCHEME = re.compile(r"^\^?(?:\(?https?\??\)?|\(http\|https\)):\\?/\\?/", re.IGNORECASE)
_WHOLE_LABEL = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.IGNORECASE)


def alternatives(pattern: str) -> list[str]:
    """Return the parts of a regular expression between the bars that stand in no bracket."""
    parts, depth, escaped = [""], 0, False
    for sign in pattern:
        if not escaped and sign in "([":
            depth += 1
        elif not escaped and sign in ")]":
            depth = max(0, depth - 1)
        if sign == "|" and not depth and not escaped:
            parts.append("")
        else:
            parts[-1] += sign
        escaped = sign == "\\" and not escaped
    return parts


def loose_regex(pattern: str) -> bool:
    """Whether a regular expression for a host is open at its beginning or end, so that other hosts match it too."""
    return any(not _BEGINNING.match(part) or not _closed(part) for part in alternatives(pattern.removeprefix("(?i)")))


def loose_address(pattern: str) -> bool:
    """Whether a regular expression for a whole address leaves open where its host begins or ends."""
    return any(_loose_address(part) for part in alternatives(pattern.removeprefix("(?i)")))


def _loose_address(part: str) -> bool:
    scheme = _SCHEME.match(part)
    if not part.startswith("^") or scheme is None:
        return True
    rest = part[scheme.end() :]
    host, slash, _ = re.sub(r"\[[^]]*\]", "x", rest).replace("\\/", "/").partition("/")
    return not _BEGINNING.match("^" + rest) or (not slash and not _closed(host))


def _closed(part: str) -> bool:
    return part.endswith("$") and not part.endswith("\\$") and not re.search(r"\.[*+]\??\)?\$$", part)


def bare_dots(pattern: str) -> bool:
    """Whether a dot of a regular expression stands for any sign, though it is meant as a dot of a host's name."""
    return _BARE_DOT.search(pattern) is not None


def shared(host: str) -> bool:
    """Whether everybody can have a host below what `.domain`, `*.domain` or `*domain` means."""
    domain = host.lower().rstrip(".").lstrip("*").lstrip(".")
    return host[:1] in {".", "*"} and _WHOLE_LABEL.fullmatch(domain) is not None and is_shared(domain)


class Overlap(NamedTuple):
    """An entry of a list that means what an earlier one means too. Squid ends at its start if it is fatal, else only the entry is idle."""

    entry: Entry
    earlier: Entry
    fatal: bool


def overlaps(hosts: Iterable[Entry]) -> Iterator[Overlap]:
    """Yield the entries (`host`, `.domain`) that an earlier one is, covers or lies below."""
    same: dict[str, Entry] = {}
    below: dict[str, Entry] = {}
    for entry in hosts:
        name = entry.text.lower()
        above = list(_above(name.lstrip(".")))
        wider = next((same["." + domain] for domain in above if "." + domain in same), None)
        if earlier := same.get(name) or wider:
            yield Overlap(entry, earlier, fatal=earlier.text.lower() == "." + name)
        elif name.startswith(".") and name[1:] in below:
            yield Overlap(entry, below[name[1:]], fatal=True)
        same.setdefault(name, entry)
        for domain in above:
            below.setdefault(domain, entry)


def both(overlap: Overlap) -> Spot:
    """Return the place of an overlap."""
    return overlap.entry.spot(f"{overlap.entry.text} and {overlap.earlier.text} of line {overlap.earlier.line}")


def _above(name: str) -> Iterator[str]:
    parts = name.split(".")[-40:]
    return (".".join(parts[i:]) for i in range(len(parts)))
