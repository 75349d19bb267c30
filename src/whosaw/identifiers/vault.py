"""Where are the clear identifiers kept, and who may look? Sealed in lots under a key that never leaves its file."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from whosaw.errors import LedgerError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SECRET_BYTES = 32


class Vault:
    """Seals clear identifiers (AES-256-GCM, NIST SP 800-38D) and opens them again. Whoever opens one records it as a disclosure."""

    def __init__(self, secret: bytes) -> None:
        """Derive the vault's own key from the secret of the pseudonyms (HKDF, RFC 5869), so that one can never stand for the other."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        def derived(purpose: bytes) -> bytes:
            return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)

        self._cipher = AESGCM(derived(b"whosaw vault 1"))
        self.mark = derived(b"whosaw mark 1").hex()[:16]
        """Tells keys apart without telling anything about them: a ledger remembers with which one it was written."""

    def __repr__(self) -> str:
        """Say that there is a vault, and nothing of its key."""
        return "Vault(sealed)"

    def seal(self, value: str) -> bytes:
        """Return a clear identifier, sealed."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, value.encode(), None)

    def open(self, sealed: bytes) -> str:
        """Return the clear identifier. Raises `LedgerError` when it was sealed under another secret."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], None).decode()
        except (InvalidTag, ValueError) as problem:
            raise LedgerError(
                "the vault was sealed under another secret, or is damaged", hint="use the key file the ledger was made with"
            ) from problem

    def name(self, lots: Iterable[bytes], key: int) -> str | None:
        """Return the clear identifier behind a pseudonym if one of the sealed lots (`[{"k": pseudonym, "v": identifier}]`) holds it."""
        opened = (msgspec.json.decode(self.open(lot), type=list[_Name]) for lot in lots)
        return next((found.v for lot in opened for found in lot if found.k == key), None)

    def without(self, lot: bytes, key: int) -> Lot | None:
        """Return a sealed lot without a pseudonym's names; nothing if it holds none of it."""
        names = msgspec.json.decode(self.open(lot), type=list[_Name])
        left = [name for name in names if name.k != key]
        if len(left) == len(names):
            return None
        keys = [name.k for name in left] or [0]
        return Lot(min(keys), max(keys), self.seal(msgspec.json.encode(left).decode()) if left else b"")


class Lot(msgspec.Struct, frozen=True):
    """Names sealed together: the lowest and highest pseudonym, and nothing sealed if no name is left."""

    first: int
    last: int
    sealed: bytes


class _Name(msgspec.Struct, frozen=True):
    """A pseudonym and the clear identifier behind it."""

    k: int
    v: str

    def __repr__(self) -> str:
        """Show nothing: the identifier is clear."""
        return "Name(sealed)"


def secret(path: Path, *, make: bool = True) -> bytes:
    """Return the secret of the pseudonyms, made on first use and readable by its owner alone.

    Raises `LedgerError` for a file that holds no such secret or (unless one may be made) is missing, `StorageError` when it cannot be made.
    """
    try:
        if not path.exists():
            if not make:
                raise LedgerError(f"the key file `{path}` is gone", hint="put it back: without it the ledger's pseudonyms mean nothing")
            _make(path)
        value = bytes.fromhex(path.read_text().strip())
    except OSError as problem:
        raise StorageError(
            f"cannot read or make the key file `{path}`: {(problem.strerror or 'unknown reason').lower()}",
            hint="set keys.file in the configuration",
        ) from problem
    except ValueError as problem:
        raise LedgerError(f"`{path}` is no key file", hint="expected 64 hexadecimal digits, as whosaw writes them") from problem
    if len(value) != SECRET_BYTES:
        raise LedgerError(f"the key in `{path}` has {len(value)} bytes, expected {SECRET_BYTES}", hint="use the file whosaw made")
    return value


def _make(path: Path) -> None:
    """Write a new secret so that it is there whole or not at all, whoever else does the same at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as f:
            f.write(secrets.token_hex(SECRET_BYTES) + "\n")
            f.flush()
            os.fsync(f.fileno())
        with suppress(FileExistsError):  # somebody was quicker: theirs is the secret
            os.link(part, path)
    finally:
        part.unlink()
