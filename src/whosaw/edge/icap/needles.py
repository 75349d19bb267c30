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

SHORTEST = 8
"""Digits without the country's code that are met in any longer run of digits. Fewer would be met by chance: they must stand alone."""

_ESCAPE = re.compile(rb"\\u00([0-9A-Fa-f]{2})")
_NO_DIGITS = bytes(sign for sign in range(256) if not 48 <= sign < 58)
_SEPARATORS = b" ().-+/\xa0\xc2"
"""What stands between the groups of a number; forms write a blank as a plus, and UTF-8 a fixed one as two bytes."""


class Needle(NamedTuple):
    """A byte string, and which wrapping makes it of the number."""

    text: bytes
    wrapping: str


class Needles(NamedTuple):
    """What a number is known by: its digits, how they stand alone if they are few, and what the wrappings make of them."""

    digits: bytes
    alone: re.Pattern[bytes] | None
    wrapped: tuple[Needle, ...]
    runs: tuple[bytes, ...]
    """The digits of all that is made of digits."""
    letters: tuple[bytes, ...]
    """The rest."""

    def plain_in(self, text: bytes) -> bool:
        """Whether the digits stand in a text, grouped or not."""
        if self.digits in text.translate(None, _SEPARATORS):
            return True
        return self.alone is not None and self.alone.search(text) is not None


@lru_cache(maxsize=65_536)
def needles(number: str) -> Needles:
    """Return what to look for, of E.164 digits; the country's code may be missing in what is found."""
    code = _code(number)
    own = number.removeprefix(code)
    digits = own.encode()
    short = len(own) < SHORTEST
    alone = re.compile(rb"(?:(?<![0-9])|(?<![0-9])0)%b(?![0-9])" % digits) if short else None
    letters = tuple(_base64(digits))
    others = [Needle(digits.hex().encode(), "hex-ascii"), *(Needle(text, "nibble-swapped") for text in _swapped(number))]
    runs = (digits, *dict.fromkeys(needle.text.translate(None, _NO_DIGITS) for needle in others))
    wrapped = (*others, *(Needle(text, "base64") for text in letters))
    return Needles(number.encode() if short else digits, alone, wrapped, runs, letters)


def _code(number: str) -> str:
    """Return the country's code of a number; nothing if no country has it."""
    import phonenumbers

    try:
        return str(phonenumbers.parse(f"+{number}").country_code)
    except phonenumbers.NumberParseException:
        return ""


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


def may_carry(text: bytes, those: Needles) -> bool:
    """Whether it is worth to look where the number stands in a text: asked of every request, so it does no more than it must.

    Digits are looked for among all digits of the text, whatever stands between them; that is a little too often, never too seldom.
    """
    return _seems(text, those) or ((b"%" in text or b"\\" in text) and any(_seems(opened, those) for opened, _ in _opened(text)))


def _seems(text: bytes, those: Needles) -> bool:
    digits = text.translate(None, _NO_DIGITS)
    for run in those.runs:
        if run in digits:
            return True
    for letters in those.letters:  # noqa: SIM110 - a generator costs more than what it would save to read
        if letters in text:
            return True
    return False


def find(text: bytes, those: Needles) -> str:
    """Return in which wrapping the number stands in a text; nothing if it does not."""
    for opened, path in _opened(text):
        wrapping = "plain" if those.plain_in(opened) else next((wrapping for needle, wrapping in those.wrapped if needle in opened), "")
        if wrapping:
            return f"{path} > {wrapping}" if path else wrapping
    return ""


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
