"""In which wrappings does a number travel, and what comes out when they are opened?

A wrapping is a pair: `wrap` is for tests and drills, `unwrap` opens every token of a text that may be so wrapped.
Opening is bounded in depth and size and never raises: any text is allowed here.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

DEPTH = 4
"""How many wrappings around each other are opened."""

ROOM = 65_536
"""How many characters the opened texts of one text may have together (four times its own length, if that is more)."""


class Opened(NamedTuple):
    """A text that came out of a token, and where that token stood."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A named way to carry a text inside another. `unwrap` yields every text that may have been wrapped so."""

    name: str
    wrap: Callable[[str], str]
    unwrap: Callable[[str], Iterator[Opened]]


# Each expression begins with a set of characters where it can: Python's `re` then skips to the next candidate at once,
# which makes them three times as fast; what must stand before is looked for behind the first character.
_WORD = re.compile(r"[^\s\"']+")
_TOKEN64 = re.compile(r"[A-Za-z0-9+/_-]{10,}")
# Two groups of base64 that hold printable ASCII: its top bits leave only these letters at each place.
_GROUPS64 = re.compile(
    r"[I-Za-f](?=[C-HS-Xi-nyz0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
    r"[I-Za-f][C-HS-Xi-nyz0-3][ABEFIJMNQRUVYZcdghklopstwx014589])"
)
_TOKEN16 = re.compile(r"[0-9A-Fa-f]{16,}")
_PRINTABLE = re.compile(rb"[ -~]{7}")
_TBCD = re.compile(r"[0-9](?<![0-9A-Za-z][0-9])[0-9](?:[0-9]{2}){3,6}(?:[0-9]{2}|[fF][0-9])(?![0-9A-Za-z])")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{4,}\.([A-Za-z0-9_-]{8,})")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|([\"\\/]))")
_TO_STANDARD = str.maketrans("-_", "+/")


def _as_is(text: str) -> Iterator[Opened]:
    yield Opened(0, text)


def _open_percent(text: str) -> Iterator[Opened]:
    """Yield each round of percent-decoding: gateways and bounce pages quote once, twice or more."""
    if "%" not in text:
        return
    for match in _WORD.finditer(text):
        quoted = match[0]
        for _ in range(5):
            if "%" not in quoted or (plain := unquote(quoted)) == quoted:
                break
            yield Opened(match.start(), plain)
            quoted = plain


def _open_base64(text: str) -> Iterator[Opened]:
    """Yield what the tokens hold at every alignment: a token may begin inside a word, as in `/a/NDQ3...` or `swm_NDQ3...`."""
    for match in _TOKEN64.finditer(text):
        for skip in sorted({(found.start() - match.start()) % 4 for found in _GROUPS64.finditer(text, *match.span())}):
            held = _decode64(match[0][skip:])
            if _PRINTABLE.search(held):
                yield Opened(match.start(), held.decode("latin-1"))


def _decode64(token: str) -> bytes:
    rest = len(token) % 4
    # one character alone carries no byte
    whole = token[: len(token) - 1] if rest == 1 else token + "=" * (-rest % 4)
    return binascii.a2b_base64(whole.translate(_TO_STANDARD))


def _open_hex(text: str) -> Iterator[Opened]:
    for match in _TOKEN16.finditer(text):
        for skip in range(2):
            end = len(match[0]) - (len(match[0]) - skip) % 2
            held = bytes.fromhex(match[0][skip:end])
            if _PRINTABLE.search(held):
                yield Opened(match.start(), held.decode("latin-1"))


def _open_nibbles(text: str) -> Iterator[Opened]:
    for match in _TBCD.finditer(text):
        yield Opened(match.start(), _swap(match[0]).rstrip("fF"))


def _open_jwt(text: str) -> Iterator[Opened]:
    for match in _JWT.finditer(text):
        yield Opened(match.start(), _decode64(match[1]).decode("latin-1"))


def _open_json(text: str) -> Iterator[Opened]:
    """Yield the text with JSON's escapes undone; whether the rest is JSON does not matter."""
    if "\\" in text and (opened := _ESCAPE.sub(_unescape, text)) != text:
        yield Opened(0, opened)


def _unescape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]


def _every(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _every_second(text: str) -> str:
    return "".join(quote(c, safe="") if i % 2 else _every(c) for i, c in enumerate(text))


def _swap(digits: str) -> str:
    return "".join(digits[i + 1] + digits[i] for i in range(0, len(digits) - 1, 2))


def _nibbles(text: str) -> str:
    """Return the TBCD form of up to 15 digits; anything else cannot be carried and stays as it is."""
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        return text
    return _swap(text if len(text) % 2 == 0 else text + "f")


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _b64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _jwt(text: str) -> str:
    parts = ('{"alg":"HS256","typ":"JWT"}', json.dumps({"sub": text, "iat": 1326186000}))
    return ".".join([*(_b64url(part).rstrip("=") for part in parts), "c2lnbmF0dXJl"])


def _escaped(text: str) -> str:
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else json.dumps(c)[1:-1] for c in text) + '"'


WRAPPINGS: tuple[Wrapping, ...] = (
    Wrapping("plain", str, _as_is),
    Wrapping("percent", lambda text: quote(text, safe=""), _open_percent),
    Wrapping("percent-every", _every, _open_percent),
    Wrapping("percent-mixed", _every_second, _open_percent),
    Wrapping("percent-twice", lambda text: quote(_every(text), safe=""), _open_percent),
    Wrapping("base64", _b64, _open_base64),
    Wrapping("base64-unpadded", lambda text: _b64(text).rstrip("="), _open_base64),
    Wrapping("base64url", _b64url, _open_base64),
    Wrapping("base64url-unpadded", lambda text: _b64url(text).rstrip("="), _open_base64),
    Wrapping("hex-ascii", lambda text: text.encode().hex(), _open_hex),
    Wrapping("hex-ascii-upper", lambda text: text.encode().hex().upper(), _open_hex),
    Wrapping("nibble-swapped", _nibbles, _open_nibbles),
    Wrapping("jwt", _jwt, _open_jwt),
    Wrapping("json-string", json.dumps, _open_json),
    Wrapping("json-escaped", _escaped, _open_json),
    Wrapping("json-member", lambda text: json.dumps({"id": 7, "msisdn": text}), _open_json),
    Wrapping("token", lambda text: f"swm_{text}_x", _as_is),
    Wrapping("realm", lambda text: f"{text}@wap.example", _as_is),
    Wrapping("list", lambda text: f"{text}, 10.1.2.3", _as_is),
)
"""Every wrapping that is opened. `hex-ascii` is the hex of the characters; hex of packed decimal is the number itself."""

_STEPS: tuple[tuple[str, Callable[[str], Iterator[Opened]]], ...] = (
    ("percent", _open_percent),
    ("json", _open_json),
    ("jwt", _open_jwt),
    ("base64", _open_base64),
    ("hex-ascii", _open_hex),
    ("nibble-swapped", _open_nibbles),
)
# digits with swapped nibbles hold nothing but digits
_INNERMOST = ("nibble-swapped",)


_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,63})[\"'\\]{0,2}\s{0,4}[=:]\s{0,4}[\"'\\]{0,2}\+?\Z")


@dataclass(frozen=True, slots=True)
class Layer:
    """A text inside a text: the wrappings around it, outermost first, and where its token stood in the outer text.

    `name` is what the outermost text was called by whoever handed it in.
    """

    path: tuple[str, ...]
    text: str
    name: str = ""
    outer: Layer | None = None
    offset: int = 0

    def name_before(self, offset: int) -> str:
        """Return the nearest name in front of a place: `imei` for the digits in `imei=35...` and `"imei": "35..."`, or further out."""
        found = _NAME.search(self.text, max(0, offset - 80), offset)
        if found is not None:
            return found[1]
        return self.name if self.outer is None else self.outer.name_before(self.offset)


def layers(text: str, name: str = "") -> Iterator[Layer]:
    """Yield the text itself and everything that comes out of it, outermost first, each text once."""
    queue = deque([Layer((), text, name)])
    seen = {text}
    room = max(ROOM, 4 * len(text))
    while queue:
        layer = queue.popleft()
        yield layer
        if len(layer.path) == DEPTH or room < 0 or layer.path[-1:] == _INNERMOST:
            continue
        for step, unwrap in _STEPS:
            for offset, inner in unwrap(layer.text):
                room -= len(inner)
                if room >= 0 and inner not in seen:
                    seen.add(inner)
                    queue.append(Layer((*layer.path, step), inner, name, layer, offset))


def unwrap_all(text: str) -> Iterator[tuple[str, str]]:
    """Yield (wrapping path, text) for the text itself (`plain`) and all that is wrapped in it (`percent > base64`)."""
    for layer in layers(text):
        yield path_name(layer.path), layer.text


def path_name(path: tuple[str, ...]) -> str:
    """Return the wrappings of a layer as one text."""
    return " > ".join(path) or "plain"
