"""Where in a request does the customer's own number stand, in any wrapping? Looked for by what each wrapping makes of its digits.

A general reader has to open every token of a request to see whether there is a number in it. Here the number is known, so that only
a handful of byte strings are looked for: its digits as they are, in hexadecimal, with swapped nibbles, and what base64 makes of them at
each of the three alignments, inside whatever stands around. Percent signs and JSON's escapes are undone where there are any.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

SHORTEST = 7
"""Digits without the country's code that are looked for: fewer would be met by chance."""

_ESCAPE = re.compile(rb"\\u00([0-9A-Fa-f]{2})")
_SEPARATORS = b" ().-"


class Needle(NamedTuple):
    """A byte string, and which wrapping makes it of the number."""

    text: bytes
    wrapping: str


@lru_cache(maxsize=200_000)
def needles(number: str) -> tuple[Needle, ...]:
    """Return what to look for, of E.164 digits; the country's code may be missing in what is found."""
    own = _national(number)
    digits = own.encode()
    found = [Needle(digits, "plain"), Needle(digits.hex().encode(), "hex-ascii")]
    found += [Needle(text, "base64") for text in _base64(digits)]
    found += [Needle(text, "nibble-swapped") for text in _swapped(number)]
    return tuple(found)


def _national(number: str) -> str:
    """Return a number without its country's code, if enough is left of it."""
    import phonenumbers

    try:
        code = str(phonenumbers.parse(f"+{number}").country_code)
    except phonenumbers.NumberParseException:
        return number
    return number.removeprefix(code) if len(number) - len(code) >= SHORTEST else number


def _base64(digits: bytes) -> list[bytes]:
    """Return what is the same of the digits' base64 whatever stands before and after, at each alignment."""
    found = []
    for before, skip in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(digits)) * 8 // 6
        found.append(base64.b64encode(b"\0" * before + digits)[skip:whole])
    return found


def _swapped(number: str) -> list[bytes]:
    """Return TBCD forms (3GPP TS 29.002) of the number with its country's code: what comes after it may share its last byte."""
    digits = number if len(number) % 2 == 0 else number + "f"
    swapped = "".join(digits[i + 1] + digits[i] for i in range(0, len(digits), 2))
    return [swapped.encode()] + ([swapped.upper().encode()] if "f" in swapped else [])


def carries(text: bytes, those: tuple[Needle, ...]) -> bool:
    """Whether the number stands in a text at all, its digits grouped or not: asked of every request, so it does no more than it must."""
    if those[0].text in text.translate(None, _SEPARATORS):
        return True
    for needle, _ in those[1:]:
        if needle in text:
            return True
    return (b"%" in text or b"\\" in text) and find(text, those) != ""


def find(text: bytes, those: tuple[Needle, ...]) -> str:
    """Return in which wrapping the number stands in a text; nothing if it does not."""
    for opened, path in _opened(text):
        for needle, wrapping in those:
            if needle in opened:
                return f"{path} > {wrapping}" if path else wrapping
    return "plain" if those[0].text in text.translate(None, _SEPARATORS) else ""


def _opened(text: bytes) -> list[tuple[bytes, str]]:
    """Return a text and what it is with its percent signs and JSON escapes undone, as often as that changes it."""
    found = [(text, "")]
    plain = text
    for _ in range(4):
        if b"%" not in plain or (further := unquote_to_bytes(plain)) == plain:
            break
        plain = further
        found.append((plain, "percent"))
    if b"\\" in plain:
        plain = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), plain).replace(b"\\", b"")
        found.append((plain, "json"))
    return found
