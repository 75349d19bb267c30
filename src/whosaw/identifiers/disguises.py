"""Under which tokens may one subscriber's number stand in a log? Hashes are found by testing the subscriber base, not by guessing.

A log's tokens (cut out by `TOKEN_PATTERN` after percent-decoding, then folded) are joined with this table of all own subscribers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from whosaw.identifiers.numbers import Profile, named_spellings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOKEN_PATTERN = "[0-9A-Za-z]{8,}"  # noqa: S105 - a pattern, valid in RE2 and in Python's re
"""What a token is. Base64 of digits holds no other signs (its padding is left out on both sides), nor do hex and digests."""

_HEX = re.compile(r"[0-9A-Fa-f]+")
_DIGESTS = ("md5", "sha1", "sha256")


def fold(token: str) -> str:
    """Return a token as the table holds it: in lower case if all of it are hex digits, else unchanged."""
    return token.lower() if _HEX.fullmatch(token) else token


def disguises(number: str, profile: Profile, *, salts: Sequence[str] = (), keys: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield (token, form) for E.164 digits: `md5:+e164` for one; each token once, under its plainest form.

    Salts are tried before and after each spelling (`md5:e164:salt0-before`), keys as HMAC (`hmac-sha256:e164:key0`);
    forms number them and never show them. Where tokens of two subscribers meet, the plainer form is the likelier one.
    """
    seen: set[str] = set()
    spelled = named_spellings(number, profile)
    for token, form in _all_forms(spelled, salts, keys):
        if token not in seen and len(token) >= 8:
            seen.add(token)
            yield token, form


def _all_forms(spelled: dict[str, str], salts: Sequence[str], keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name, text in spelled.items():
        # a token ends at the plus sign, so +447700900123 is met as 447700900123
        if not text.startswith("+"):
            yield text, f"plain:{name}"
    # TBCD carries E.164 only; swapping the other spellings would collide with plain numbers of other subscribers
    digits = spelled["e164"] + "f" * (len(spelled["e164"]) % 2)
    yield "".join(digits[i + 1] + digits[i] for i in range(0, len(digits), 2)), "nibble-swapped:e164"
    for name, text in spelled.items():
        raw = text.encode()
        yield base64.b64encode(raw).decode().rstrip("="), f"base64:{name}"
        yield raw.hex(), f"hex-ascii:{name}"
        yield from _digests(raw, name)
        for i, salt in enumerate(salts):
            yield from _digests(salt.encode() + raw, f"{name}:salt{i}-before")
            yield from _digests(raw + salt.encode(), f"{name}:salt{i}-after")
        for i, key in enumerate(keys):
            yield from _macs(key.encode(), raw, f"{name}:key{i}")


def _digests(raw: bytes, form: str) -> Iterator[tuple[str, str]]:
    yield hashlib.md5(raw, usedforsecurity=False).hexdigest(), f"md5:{form}"
    yield hashlib.sha1(raw, usedforsecurity=False).hexdigest(), f"sha1:{form}"
    yield hashlib.sha256(raw).hexdigest(), f"sha256:{form}"


def _macs(key: bytes, raw: bytes, form: str) -> Iterator[tuple[str, str]]:
    for digest in _DIGESTS:
        yield hmac.digest(key, raw, digest).hex(), f"hmac-{digest}:{form}"
