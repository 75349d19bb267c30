"""What does a configuration of Squid say? Its directives in order, with what they include, and its access lists with the values of their files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.lint import files
from whosaw.edge.lint.files import Entry
from whosaw.edge.lint.finding import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_FILE = re.compile(r'(?:parameters\()?"([^"]+)"\)?')
_FLAG = re.compile(r"[-+][A-Za-z]|-m=.*|--?")
_DEEPEST = 16


class Directive(NamedTuple):
    """A line: its first word is the directive."""

    file: str
    line: int
    words: tuple[str, ...]

    def spot(self, what: str = "") -> Spot:
        """Return the place of the directive."""
        return Spot(self.file, self.line, what or " ".join(self.words))


class Acl(NamedTuple):
    """A line of an access list, with its values wherever they stand."""

    name: str
    kind: str
    values: tuple[Entry, ...]
    at: Directive


@dataclass(frozen=True)
class Squid:
    """A whole configuration."""

    directives: tuple[Directive, ...]
    acls: tuple[Acl, ...]
    unread: tuple[Spot, ...]

    def named(self, *names: str) -> Iterator[Directive]:
        """Yield the directives of some names that have a value."""
        return (d for d in self.directives if d.words[0] in names and len(d.words) > 1)

    def last(self, name: str, default: str) -> tuple[str, Directive]:
        """Return what is set last, and where; what is not set stands at the first line."""
        set_at = list(self.named(name))
        return (set_at[-1].words[1], set_at[-1]) if set_at else (default, self.directives[0]._replace(words=(name, default), line=1))


def parse(path: Path) -> Squid:
    """Return the configuration of a file and all it includes."""
    unread: list[Spot] = []
    directives = tuple(_directives(path, path.parent, unread, 0))
    acls = tuple(_acl(d, path.parent, unread) for d in directives if d.words[0] == "acl" and len(d.words) > 2)
    return Squid(directives, acls, tuple(unread))


def _directives(path: Path, folder: Path, unread: list[Spot], depth: int) -> Iterator[Directive]:
    for number, line in _lines(files.text(path) or ""):
        words = _words(line)
        if not words:
            continue
        directive = Directive(str(path), number, words)
        if words[0] != "include":
            yield directive
            continue
        for name in words[1:]:
            parts = files.matching(name.strip('"'), folder) if depth < _DEEPEST else []
            if not parts:
                unread.append(directive.spot(name))
            for part in parts:
                yield from _directives(part, folder, unread, depth + 1)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with those that a backslash continues, under the number of the first."""
    began, whole = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        began = began or number
        whole += line.rstrip("\r")
        if whole.endswith("\\"):
            whole = whole[:-1] + " "
            continue
        yield began, whole
        began, whole = 0, ""
    if whole:
        yield began, whole


def _words(line: str) -> tuple[str, ...]:
    words: list[str] = []
    for match in _WORD.finditer(line):
        if match[0].startswith("#"):
            break
        words.append(match[0])
    return tuple(words)


def _acl(at: Directive, folder: Path, unread: list[Spot]) -> Acl:
    values: list[Entry] = []
    for word in at.words[3:]:
        if named := _FILE.fullmatch(word):
            found = [files.entries(path) for path in files.matching(named[1], folder)]
            if not found or None in found:
                unread.append(at.spot(named[1]))
            values += [entry for those in found for entry in those or ()]
        elif not _FLAG.fullmatch(word):
            values.append(Entry(word, at.file, at.line))
    return Acl(at.words[1], at.words[2], tuple(values), at)
