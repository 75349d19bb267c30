"""What does a configuration of nginx say? Its directives as they are nested, with what they include."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.lint import files
from whosaw.edge.lint.finding import Spot

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 16


@dataclass(eq=False)
class Node:
    """A directive, and what stands in its braces. The outermost has no words."""

    file: str
    line: int
    words: tuple[str, ...]
    parent: Node | None
    children: list[Node] = field(default_factory=list, repr=False)

    @property
    def name(self) -> str:
        """The directive's name."""
        return self.words[0] if self.words else ""

    def spot(self, what: str = "") -> Spot:
        """Return the place of the directive."""
        return Spot(self.file, self.line, what or " ".join(self.words))

    def own(self, name: str, least: int = 2) -> list[Node]:
        """Return the directives of a name that stand directly in these braces, with at least so many words."""
        return [child for child in self.children if child.name == name and len(child.words) >= least]

    def above(self) -> Iterator[Node]:
        """Yield the blocks around this one, the nearest first."""
        block = self.parent
        while block is not None:
            yield block
            block = block.parent


@dataclass(frozen=True)
class Nginx:
    """A whole configuration: its outermost block, and all directives in order."""

    root: Node
    nodes: tuple[Node, ...]
    unread: tuple[Spot, ...]

    def named(self, name: str, least: int = 2) -> Iterator[Node]:
        """Yield the directives of a name, with at least so many words."""
        return (node for node in self.nodes if node.name == name and len(node.words) >= least)


class _Token(NamedTuple):
    text: str
    line: int
    sign: bool
    """Whether it is `;`, `{` or `}` and not a word."""


def parse(path: Path) -> Nginx:
    """Return the configuration of a file and all it includes."""
    root, nodes, unread = Node(str(path), 1, (), None), list[Node](), list[Spot]()
    _fill(root, path, path.parent, (nodes, unread), 0)
    return Nginx(root, tuple(nodes), tuple(unread))


def _fill(root: Node, path: Path, home: Path, found: tuple[list[Node], list[Spot]], depth: int) -> None:
    block, words, began = root, list[str](), 0
    for token in _tokens(files.text(path) or ""):
        if not token.sign:
            began = began if words else token.line
            words.append(token.text)
            continue
        if words:
            node = Node(str(path), began, tuple(words), block)
            words = []
            if node.name == "include" and token.text == ";":
                _include(node, block, home, found, depth)
            else:
                block.children.append(node)
                found[0].append(node)
            block = node if token.text == "{" else block
        if token.text == "}" and block is not root:
            block = block.parent or root


def _include(node: Node, block: Node, home: Path, found: tuple[list[Node], list[Spot]], depth: int) -> None:
    """Read what a directive includes in its place: from the folder of the first file, or else of the file that includes."""
    for name in node.words[1:]:
        paths = files.matching(name, home, Path(node.file).parent) if depth < _DEEPEST else []
        if not paths and not ("*" in name and depth < _DEEPEST):
            found[1].append(node.spot(name))
        for path in paths:
            _fill(block, path, home, found, depth + 1)


def _tokens(text: str) -> Iterator[_Token]:
    at, line, size, raw = 0, 1, len(text), False
    while at < size:
        sign = text[at]
        end = at + 1
        if sign == "#":
            end = _after(text, at, "\n") - 1
        elif sign in ";{}":
            yield _Token(sign, line, sign=True)
            if sign == "{" and raw:
                end = _closing(text, at)
                yield _Token("}", line, sign=True)
            raw = False
        elif sign in "'\"":
            end = _quoted(text, at)
            yield _Token(text[at + 1 : end - 1], line, sign=False)
        elif not sign.isspace():
            end = _bare(text, at)
            raw = raw or text[at:end].endswith("_by_lua_block")
            yield _Token(text[at:end], line, sign=False)
        line += text.count("\n", at, max(end, at + 1))
        at = max(end, at + 1)


def _after(text: str, at: int, sign: str) -> int:
    found = text.find(sign, at)
    return len(text) + 1 if found < 0 else found + 1


def _quoted(text: str, at: int) -> int:
    """Return where a quoted word ends."""
    end = at + 1
    while end < len(text) and text[end] != text[at]:
        end += 2 if text[end] == "\\" else 1
    return min(end, len(text)) + 1


def _bare(text: str, at: int) -> int:
    """Return where a word without quotes ends; the braces of `${name}` belong to it."""
    end = at
    while end < len(text) and not text[end].isspace() and text[end] not in ";{":
        if text.startswith("${", end):
            end = min(_after(text, end, "}"), len(text))
        else:
            end += 2 if text[end] == "\\" else 1
    return min(end, len(text))


def _closing(text: str, at: int) -> int:
    """Return where the brace that opens here is closed, in a language of its own."""
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return end + 1
    return len(text)
