"""What does an odd line hold, or why can it not be read? The slow path for the few lines that the fast one refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from whosaw.layout.clock import reads_time
from whosaw.layout.pattern import REQUEST, REQUEST_ESCAPED, decode, unescape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.model import Layout

BINARY = re.compile(r"[\x00-\x08\x0e-\x1f]")
TIME_UNREAD = "time cannot be read"

_WIDER = (
    # An address with spaces ends at the quote: clients send them, servers log them.
    (REQUEST, '([^ "]*)(?: ([^"]*?)(?: HTTP/[0-9.]+)?)?'),
    (REQUEST_ESCAPED, r'([^ "\\]*(?:\\.[^ "\\]*)*)(?: ([^"\\]*?(?:\\.[^"\\]*?)*?)(?: HTTP/[0-9.]+)?)?'),
)
_SPACELESS = frozenset({"remote_addr", "remote_port", "client", "client_port", "host", "server_name", "port"})
"""What never holds a space: a login name behind such fields alone begins where it seems to begin."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a pattern: fixed text (no names) or a group with the fields it holds."""

    source: str
    names: tuple[str, ...] = ()

    @property
    def literal(self) -> str:
        """The text itself."""
        return re.sub(r"\\(.)", r"\1", self.source)

    @property
    def numeric(self) -> bool:
        """Whether only numbers fit."""
        return "[0-9" in self.source and "[^" not in self.source


def read_line(layout: Layout, raw: bytes) -> dict[str, str] | str:
    """Return the fields of a line as the pattern would capture them (escapes still in place), or why it cannot be read.

    More is read here than on the fast path: bytes that are not UTF-8, zero bytes that a log rotation left in front,
    a login name before a bracket or an address with spaces, further fields behind a closing quote.
    """
    text = decode(raw).lstrip("\0").rstrip("\r\n")
    if not text.strip():
        return "empty line"
    login = layout.roles.get("recipient", "")
    match = _compiled(layout.pattern).fullmatch(text) or _wider(layout.pattern, layout.fields, login).fullmatch(text)
    if match is None:
        return first_reason(layout, text)
    values = dict(zip(layout.fields, match.groups(""), strict=True))
    return values if time_reads(layout, values) else TIME_UNREAD


def time_reads(layout: Layout, values: dict[str, str]) -> bool:
    """Return whether the field that plays the time can be read by the layout's clock."""
    return reads_time(unescape(values.get(layout.roles.get("time", ""), ""), layout.unquote), layout.clock)


def fit(layout: Layout, sample: Sequence[bytes]) -> float:
    """Return the share of a sample's lines that the pattern fits and whose time can be read; blank lines do not count."""
    lines = [decode(raw).rstrip("\r\n") for raw in sample[layout.skip :]]
    lines = [text for text in lines if text.strip()]
    good = 0
    for text in lines:
        match = _compiled(layout.pattern).fullmatch(text)
        good += match is not None and time_reads(layout, dict(zip(layout.fields, match.groups(""), strict=True)))
    return good / len(lines) if lines else 0.0


def first_reason(layout: Layout, text: str) -> str:
    """Return why a line does not fit, in terms of the layout's fields and without a word of the line."""
    if BINARY.search(text):
        return "binary data"
    pieces = pieces_of(layout.pattern, layout.fields)
    reached, at = 0, 0
    for i, prefix in enumerate(_prefixes(pieces)):
        match = prefix.match(text)
        if match is None:
            break
        reached, at = i + 1, match.end()
    names = [name for piece in pieces[:reached] for name in piece.names]
    if reached == len(pieces):
        return f"text after `{names[-1]}`" if names else "text after the last field"
    coming = next((piece.names[0] for piece in pieces[reached:] if piece.names), "the end")
    if pieces[reached].names:
        return _unfit(layout, pieces, reached, text[at:])
    return _unended(pieces, reached, text[at:], (names[-1] if names else "", coming))


def _unfit(layout: Layout, pieces: Sequence[Piece], i: int, rest: str) -> str:
    """Say why a field's own text is not what the field may hold."""
    piece = pieces[i]
    name = piece.names[0]
    end = pieces[i + 1].literal[:1] if i + 1 < len(pieces) else ""
    if not rest:
        return f"line ends before `{name}`"
    if end and end not in rest:
        return f"line ends inside `{name}`"
    if name == layout.roles.get("time"):
        return TIME_UNREAD
    return f"`{name}` is not a number" if piece.numeric else f"`{name}` does not fit"


def _unended(pieces: Sequence[Piece], i: int, rest: str, around: tuple[str, str]) -> str:
    """Say why the fixed text after a field is missing."""
    past, coming = around
    literal = pieces[i].literal
    quoted = literal.startswith('"') and bool(past)
    if not rest and quoted:
        return f"line ends inside `{past}`"
    if literal.startswith(rest):
        return f"line ends before `{coming}`"
    if not past:
        return f"line does not begin with `{coming}`"
    if quoted:
        return f"unbalanced quote after `{past}`"
    return f"`{past}` is not a number" if pieces[i - 1].numeric else f"`{past}` does not end where it should"


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=128)
def _wider(pattern: str, fields: tuple[str, ...], login: str) -> re.Pattern[str]:
    pattern = "^" + "".join(_widened(pieces_of(pattern, fields), login)) + "$"
    for narrow, wide in _WIDER:
        pattern = pattern.replace(narrow, wide)
    # Further fields are passed over only behind a closing quote: behind a bare value they may be the rest of a value with spaces.
    return re.compile(pattern[:-1] + r"(?: [^\n]*)?$" if pattern.endswith('"$') else pattern)


def _widened(pieces: Sequence[Piece], login: str) -> list[str]:
    """Return the pieces' patterns with a login name that may hold spaces: it ends at the bracket of the time and nowhere else."""
    sources = [piece.source for piece in pieces]
    at = next((i for i, piece in enumerate(pieces) if piece.names == (login,)), len(pieces))
    before = {name for piece in pieces[:at] for name in piece.names}
    bracketed = at + 1 < len(pieces) and sources[at] == "([^ ]*)" and sources[at + 1].startswith(r" \[")
    if bracketed and before <= _SPACELESS | {"ident"}:
        sources[at] = r'([^\["]*)'
        # An ident answer could hold a space as well, and two such values cannot be told apart.
        sources[:at] = ["(-)" if piece.names == ("ident",) else piece.source for piece in pieces[:at]]
    return sources


@lru_cache(maxsize=128)
def pieces_of(pattern: str, fields: tuple[str, ...]) -> tuple[Piece, ...]:
    """Cut a pattern at its outer groups."""
    pieces: list[Piece] = []
    names = list(fields)
    text = ""
    for token in _tokens(pattern.removeprefix("^").removesuffix("$")):
        count = re.compile(token).groups if token[0] == "(" else 0
        if not count:
            text += token
            continue
        if text:
            pieces.append(Piece(text))
        pieces.append(Piece(token, tuple(names[:count])))
        del names[:count]
        text = ""
    return (*pieces, Piece(text)) if text else tuple(pieces)


def _tokens(pattern: str) -> list[str]:
    """Return the signs, classes and whole groups of a pattern, each group with its repetition sign."""
    tokens: list[str] = []
    depth, start = 0, 0
    for match in re.finditer(r"\\.|\[\^?\\?.[^\]\\]*(?:\\.[^\]\\]*)*\]|[()]|[?*+]|[^\\\[()?*+]", pattern):
        sign = match[0]
        if sign == "(":
            start = start if depth else match.start()
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth == 0:
                tokens.append(pattern[start : match.end()])
        elif depth == 0 and sign in "?*+" and tokens:
            tokens[-1] += sign
        elif depth == 0:
            tokens.append(sign)
    return tokens


@lru_cache(maxsize=128)
def _prefixes(pieces: tuple[Piece, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile("".join(piece.source for piece in pieces[: i + 1])) for i in range(len(pieces)))
