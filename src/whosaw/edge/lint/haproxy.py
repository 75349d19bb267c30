"""What does a configuration of HAProxy say? Its lines by section, and what its conditions compare, with the values of their files."""

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

_SECTION = re.compile("global|defaults|frontend|backend|listen|peers|resolvers|mailers|program|userlist|cache|ring|fcgi-app|http-errors")
_METHOD = re.compile(r"(?:\w|\.)+?_(beg|dir|dom|end|len|reg|sub)\b")
_SET_VAR = re.compile(r"set-var\(([^),]+)[^)]*\)")
_VAR = re.compile(r"var\(([^),]+)[^)]*\)")


class Line(NamedTuple):
    """A line of a section."""

    file: str
    line: int
    section: str
    words: tuple[str, ...]

    def spot(self, what: str = "") -> Spot:
        """Return the place of the line."""
        return Spot(self.file, self.line, what or " ".join(self.words))

    @property
    def rule(self) -> tuple[str, ...]:
        """The words before the condition."""
        stops = [i for i, word in enumerate(self.words) if word in {"if", "unless"}]
        return self.words[: stops[0]] if stops else self.words

    @property
    def sets(self) -> str:
        """The variable that the line sets, or nothing."""
        found = _SET_VAR.fullmatch(self.words[1]) if len(self.rule) > 2 else None
        return found[1].strip() if found else ""

    @property
    def condition(self) -> tuple[str, ...]:
        """The words of the condition."""
        return self.words[len(self.rule) + 1 :]


class Match(NamedTuple):
    """A comparison: what is looked at (with the variables in it written out), how, and with which values. Its name is empty within braces.

    `reads` are the variables in it.
    """

    name: str
    sample: str
    method: str
    values: tuple[Entry, ...]
    at: Line
    reads: frozenset[str]


@dataclass(frozen=True)
class Haproxy:
    """A whole configuration."""

    lines: tuple[Line, ...]
    matches: tuple[Match, ...]
    unread: tuple[Spot, ...]

    def requests(self, *actions: str) -> Iterator[Line]:
        """Yield the `http-request` lines of some actions that name a header."""
        return (ln for ln in self.lines if ln.words[0] == "http-request" and len(ln.rule) > 2 and ln.words[1] in actions)


def parse(path: Path) -> Haproxy:
    """Return the configuration of a file, or of the files of a folder, which HAProxy reads in the order of their names."""
    lines = tuple(_lines(path))
    unread: list[Spot] = []
    variables = {ln.sets: ln.rule[2] for ln in lines if ln.sets}
    matches = tuple(_matches(lines, variables, path.parent, unread))
    return Haproxy(lines, matches, tuple(unread))


def _lines(path: Path) -> Iterator[Line]:
    section = ""
    for number, text in enumerate((files.text(path) or "").split("\n"), 1):
        words = _words(text)
        if words and _SECTION.fullmatch(words[0]):
            section = " ".join(words[:2])
        if words:
            yield Line(str(path), number, section, words)


def _words(line: str) -> tuple[str, ...]:
    """Return the words of a line: quotes hold blanks together, a backslash takes the next sign as it is, `#` begins a comment."""
    words: list[str] = []
    word, quote, signs = None, "", iter(line.rstrip("\r"))
    for sign in signs:
        if quote:
            if sign == quote:
                quote = ""
            else:
                word = (word or "") + (_escaped(signs) if sign == "\\" and quote == '"' else sign)
        elif sign == "#":
            break
        elif sign.isspace():
            words += [] if word is None else [word]
            word = None
        elif sign in "'\"":
            word, quote = word or "", sign
        else:
            word = (word or "") + (_escaped(signs) if sign == "\\" else sign)
    return tuple(words + ([] if word is None else [word]))


def _escaped(signs: Iterator[str]) -> str:
    """Return what a backslash and the next sign mean: most signs keep it, so that a regular expression needs no quotes."""
    sign = next(signs, "")
    return sign if sign in set(" #\\\"'$") else "\\" + sign


def _matches(lines: tuple[Line, ...], variables: dict[str, str], folder: Path, unread: list[Spot]) -> Iterator[Match]:
    for line in lines:
        if line.words[0] == "acl" and len(line.words) > 2:
            yield _match(line.words[1], line.words[2:], line, variables, folder, unread)
        for words in _braces(line.condition):
            yield _match("", words, line, variables, folder, unread)


def _braces(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inside: list[str] | None = None
    for word in words:
        if word in {"{", "!{"}:
            inside = []
        elif word == "}":
            if inside:
                yield tuple(inside)
            inside = None
        elif inside is not None:
            inside.append(word)


def _match(name: str, words: tuple[str, ...], at: Line, variables: dict[str, str], folder: Path, unread: list[Spot]) -> Match:
    sample, rest = words[0], iter(words[1:])
    spelled = _METHOD.match(sample)
    method, values = spelled[1] if spelled else "str", list[Entry]()
    for word in rest:
        if word == "-m":
            method = next(rest, method)
        elif word == "-f":
            named = next(rest, "")
            found = [files.entries(path) for path in files.matching(named, folder)]
            if not found or None in found:
                unread.append(at.spot(named))
            values += [entry for those in found for entry in those or ()]
        elif word == "-u":
            next(rest, "")
        elif not word.startswith("-"):
            values.append(Entry(word, at.file, at.line))
    written = _VAR.sub(lambda found: variables.get(found[1].strip(), found[0]), sample)
    return Match(name, written, method, tuple(values), at, frozenset(found.strip() for found in _VAR.findall(sample)))
