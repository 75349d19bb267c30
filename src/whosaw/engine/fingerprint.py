"""Is this content the one we know, or the same and longer? A digest that goes on where it stopped, without reading the beginning again."""

from __future__ import annotations

import hashlib
import re
from typing import Self

BLOCK = 1 << 20
"""Bytes that are digested at a time; the digest of a content is a chain over its blocks."""

HEAD = 1 << 16
"""Bytes at the beginning that tell one file from another; their digest is kept beside that of the whole."""

EMPTY = hashlib.sha256().digest()
"""What the chain begins with. A fixed begin keeps a chain's link from being passed off as the content of a shorter file."""

_STATE = re.compile(r"([0-9]{1,12}):([0-9a-f]{64}):([0-9a-f]{64})?")


class Fingerprint:
    """SHA-256 over blocks of 1 MiB, chained: `h(i+1) = sha256(h(i) + block(i))`, the last block as long as it is.

    The value for any length can be told on the way, and continued from a state of some hundred characters.
    """

    __slots__ = ("_before", "_blocks", "_chain", "_filled", "_head", "_open", "offset")

    def __init__(self) -> None:
        self.offset = 0
        """The byte from which this fingerprint is to be fed: 0, unless it continues another."""
        self._head = ""
        self._start(0, EMPTY)

    def _start(self, blocks: int, chain: bytes) -> None:
        self._blocks, self._chain, self._before = blocks, chain, chain
        self._open, self._filled = hashlib.sha256(chain), 0

    def update(self, data: bytes | memoryview) -> None:
        """Digest the next bytes, however they are cut."""
        rest = memoryview(data)
        while rest:
            most = BLOCK - self._filled
            piece = rest[: min(most, HEAD - self.size) if self.size < HEAD else most]
            self._open.update(piece)
            self._filled += len(piece)
            rest = rest[len(piece) :]
            if self._filled == BLOCK:
                before = self._chain
                self._start(self._blocks + 1, self._open.digest())
                self._before = before
            if self.size == HEAD:
                self._head = self.hexdigest()

    def hexdigest(self) -> str:
        """Return the digest of all bytes so far."""
        return (self._open.digest() if self._filled else self._chain).hex()

    @property
    def size(self) -> int:
        """How many bytes the digest stands for."""
        return self._blocks * BLOCK + self._filled

    @property
    def head(self) -> str:
        """The digest of the first 64 KiB, or of all bytes so far while there are fewer."""
        return self._head or self.hexdigest()

    def copy(self) -> Self:
        """Return a fingerprint that goes its own way from here."""
        twin = type(self)()
        twin.offset, twin._head = self.offset, self._head  # noqa: SLF001 - its own kind
        twin._blocks, twin._chain, twin._before = self._blocks, self._chain, self._before  # noqa: SLF001
        twin._open, twin._filled = self._open.copy(), self._filled  # noqa: SLF001
        return twin

    @property
    def state(self) -> str:
        """From where to go on, as a small text: the last border of blocks with a whole block behind it, and the chain there."""
        known = self._blocks and self._blocks * BLOCK > self.offset
        border, chain = (self._blocks - 1, self._before) if known else (self._blocks, self._chain)
        return f"{border}:{chain.hex()}:{self._head if border * BLOCK >= HEAD else ''}"

    @classmethod
    def continued(cls, state: str) -> Self:
        """Return the fingerprint that goes on from a state; feed it from its `offset` on. Raises `ValueError` for what is no state.

        The one or two MiB before the known end are fed once more, so that the digest also tells whether they are still the same.
        """
        match = _STATE.fullmatch(state)
        if match is None:
            raise ValueError(f"`{state}` is no state of a fingerprint")
        found = cls()
        found.offset, found._head = int(match[1]) * BLOCK, match[3] or ""
        found._start(int(match[1]), bytes.fromhex(match[2]))
        return found


def fingerprint(data: bytes) -> str:
    """Return the digest of a whole content."""
    found = Fingerprint()
    found.update(data)
    return found.hexdigest()
