"""Under which name does a value enter the ledger? Under a keyed pseudonym, the same everywhere and meaningless without the secret.

A plain hash of a phone number is no pseudonym: the whole mobile number space of a country like the United Kingdom (a thousand
million numbers) is hashed on one core in 29 minutes. Only a secret key, kept apart from the ledger, prevents that.
"""

from __future__ import annotations

import hashlib

from whosaw.errors import ConfigError

_BLOCK = 64
_LETTERS = {"customer": "c", "recipient": "r", "session": "s", "client": "a", "object": "o", "device": "d"}


def hmac_pads(secret: bytes) -> tuple[bytes, bytes]:
    """Return the inner and outer 64-byte blocks of HMAC-SHA256: sha256(outer || sha256(inner || message)), both digests raw."""
    key = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key)


class Pseudonymiser:
    """Makes pseudonyms with one secret. The secret never appears in `repr`."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        """Take the secret; a short one is refused, since it could be found by trying."""
        if len(secret) < 16:
            raise ConfigError(
                f"the secret of the pseudonyms has {len(secret)} bytes, expected at least 16",
                hint="remove the key file and let a new one be made, or give 32 random bytes",
            )
        inner, outer = hmac_pads(secret)
        self._inner = hashlib.sha256(inner)
        self._outer = hashlib.sha256(outer)

    def __repr__(self) -> str:
        return "Pseudonymiser(secret=…)"

    def __reduce__(self) -> str:
        raise TypeError("a pseudonymiser is not written down: it would carry its secret along")

    def key(self, domain: str, value: str) -> int:
        """Return the pseudonym of a value: the first 8 bytes (big-endian) of HMAC-SHA256(domain, 0x1f, value), signed, never 0.

        Domains keep a recipient's pseudonym from being matched with the same person's as a customer.
        """
        inner = self._inner.copy()
        inner.update(f"{domain}\x1f{value}".encode("utf-8", "surrogatepass"))
        outer = self._outer.copy()
        outer.update(inner.digest())
        return int.from_bytes(outer.digest()[:8], "big", signed=True) or 1

    def label(self, domain: str, key: int) -> str:
        """Return how a pseudonym is shown: `c:7f3a91c2d0e4`."""
        return label(domain, key)


def label(domain: str, key: int) -> str:
    """Return how a pseudonym is shown: the domain's letter and the first 12 hex digits. Needs no secret."""
    return f"{_LETTERS.get(domain, 'x')}:{key & 0xFFFF_FFFF_FFFF_FFFF:016x}"[:14]
