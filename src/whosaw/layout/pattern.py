"""How does a format string become one pattern? Fixed text and fields in, a regular expression for RE2 and Python's `re` out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from whosaw.errors import ConfigError
from whosaw.layout.clock import clock_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whosaw.model import Layout

NUMBER = "-?[0-9]+|-"
DECIMAL = r"-?[0-9]+(?:\.[0-9]+)?|-"
LIST = "[^ ,]*(?:(?:,| :) [^ ,]*)*"
"""Values of several upstreams or proxies, `10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80`: spaces only after a comma or a colon."""

LIST_BEHIND = '[^ ",]*(?:(?:,| :) [^ ",]*)*'
"""The same where further fields stand behind it that nobody described, quoted ones among them."""

PLAIN = '[^"]*'
ESCAPED = r'[^"\\]*(?:\\.[^"\\]*)*'
REQUEST = '([^ "]*)(?: ([^ "]*)(?: HTTP/[0-9.]+)?)?'
REQUEST_ESCAPED = r'([^ "\\]*(?:\\.[^ "\\]*)*)(?: ([^ "\\]*(?:\\.[^ "\\]*)*)(?: HTTP/[0-9.]+)?)?'

_META = re.compile(r"[\\.^$*+?{}\[\]|()]")
_HEX = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")
_BACKSLASH = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+|\\(.)", re.DOTALL)
_PLACEHOLDERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "v": "\v", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Text:
    """Fixed text of a format string."""

    text: str


@dataclass(frozen=True, slots=True)
class Raw:
    """A ready expression without a field: an optional prefix, the spaces of a padded number."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a format string.

    `body` is what it may hold; empty means "up to the text that follows". A body with groups of its own has one for each name.
    `clock` is set if it is a time. `greedy` is for an address before a port: an IPv6 address holds the colon that ends it.
    """

    names: tuple[str, ...]
    body: str = ""
    clock: str = ""
    greedy: bool = False


Part = Text | Raw | Field


def quote(text: str) -> str:
    """Return an expression that matches just this text."""
    return _META.sub(r"\\\g<0>", text)


def safe_name(text: str) -> str:
    """Return a field name: lower case, everything but letters and digits an underscore (`X-MSISDN` becomes `x_msisdn`)."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def compose(parts: Iterable[Part], *, quoted: str = PLAIN) -> tuple[str, tuple[str, ...]]:
    """Return the anchored pattern of a format and its field names, one group each; a name that stands twice becomes `name_2`."""
    joined = _join(parts)
    spaced = any(" " in _text(part) for part in joined)
    out: list[str] = []
    names: list[str] = []
    inside = False
    for i, part in enumerate(joined):
        if isinstance(part, Text):
            out.append(quote(part.text))
            inside ^= part.text.count('"') % 2 == 1
        elif isinstance(part, Raw):
            out.append(part.pattern)
        else:
            body = part.body or (_within(joined, i, quoted) if inside else _bare(joined, i, spaced=spaced))
            out.append(f"(?:{body})" if re.compile(body).groups else f"({body})")
            names.extend(part.names)
    return f"^{''.join(out)}$", _unique(names)


def clock_of(parts: Iterable[Part]) -> str:
    """Return the clock of the first time in a format."""
    return next((part.clock for part in parts if isinstance(part, Field) and part.clock), "clf")


def _join(parts: Iterable[Part]) -> list[Part]:
    """Merge neighbouring texts, so that a field sees all the text that ends it."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Text) and isinstance(last, Text):
            joined[-1] = Text(last.text + part.text)
        else:
            joined.append(part)
    for one, two in pairwise(joined):
        if isinstance(one, Field) and isinstance(two, Field) and not one.body:
            raise ConfigError(
                f"nothing stands between `{one.names[0]}` and `{two.names[0]}` in the layout",
                hint="put a space or another sign between them in the server's log format, or they cannot be told apart",
            )
    return joined


def _within(parts: Sequence[Part], i: int, quoted: str) -> str:
    """Return the class of a field inside quotes: up to the closing quote, or up to the sign before the next field."""
    after = _text(parts[i + 1]) if i + 1 < len(parts) else ""
    return quoted if after.startswith('"') else _but(after[:1] + '"')


def _bare(parts: Sequence[Part], i: int, *, spaced: bool) -> str:
    """Return the class of a field outside quotes: where spaces separate fields, none may hold one, or a line is cut wrongly."""
    before = _text(parts[i - 1]) if i else ""
    after = _text(parts[i + 1]) if i + 1 < len(parts) else ""
    part = parts[i]
    if before.endswith("[") and after.startswith("]"):
        return r"[^\]]*"
    if isinstance(part, Field) and part.greedy and after.startswith(":"):
        return '[^ "]*'
    sign = after.lstrip(" ")[:1]
    if sign and sign in "|;\t":
        return _but(sign)
    end = after[:1] or before[-1:].strip(" ") or " "
    return _but(end + " " if spaced and end != " " else end)


def _but(stop: str) -> str:
    return "[^" + re.sub(r"[\\^\]\[-]", r"\\\g<0>", stop) + "]*"


def _text(part: Part) -> str:
    return part.text if isinstance(part, Text) else ""


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(unique)


def time_field(name: str, clock: str) -> Field:
    """Return a field that holds a time of this clock; `ConfigError` for a time format that cannot be read back."""
    try:
        return Field((name,), clock_shape(clock), clock)
    except ValueError as problem:
        raise ConfigError(
            f"the layout writes its time with `{problem}`, which cannot be read back",
            hint="log the time with day, month, year, hours, minutes, seconds and zone, for example %Y-%m-%dT%H:%M:%S%z",
        ) from problem


def first_roles(fields: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return for each role the first of its wanted fields that the layout has."""
    found = ((role, next((n for n in names if n in fields), "")) for role, names in wanted.items())
    return {role: name for role, name in found if name}


def timed(layout: Layout, example: str) -> Layout:
    """Return the layout if it has a time; `ConfigError` if not, because a disclosure without a time proves nothing."""
    if "time" not in layout.roles:
        raise ConfigError("the layout has no time", hint=f"add a time to the log format, for example `{example}`")
    return layout


def unescape(text: str, how: str) -> str:
    r"""Return a captured field as it was before it was logged: `\x22` and `\"` undone ("backslash"), or `""` ("csv")."""
    if how == "csv" and len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    if how == "backslash" and "\\" in text:
        return _BACKSLASH.sub(lambda m: _PLACEHOLDERS.get(m[1], m[1]) if m[1] else unhex(m[0]), text)
    return text


def unhex(text: str) -> str:
    r"""Return the text with runs of `\xHH` decoded: UTF-8 where they are, latin-1 where not."""
    return _HEX.sub(lambda m: decode(bytes.fromhex(m[0].replace("\\x", ""))), text)


def decode(raw: bytes) -> str:
    """Return a line's text: UTF-8, else latin-1, which every byte has."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
