"""Where are the clear identifiers kept, and who may look? Sealed one by one under a key that never leaves its file."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from whosaw.errors import LedgerError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 32


class Vault:
    """Seals clear identifiers (AES-256-GCM, NIST SP 800-38D) and opens them again. Whoever opens one records it as a disclosure."""

    def __init__(self, secret: bytes) -> None:
        """Derive the vault's own key from the secret of the pseudonyms (HKDF, RFC 5869), so that one can never stand for the other."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        self._cipher = AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=b"whosaw vault 1").derive(secret))

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
        except InvalidTag as problem:
            raise LedgerError("the vault was sealed under another secret", hint="use the key file the ledger was made with") from problem


def secret(path: Path) -> bytes:
    """Return the secret of the pseudonyms, made on first use and readable by its owner alone.

    Raises `LedgerError` for a file that holds no such secret, `StorageError` when it cannot be made.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as f:
                f.write(secrets.token_hex(SECRET_BYTES) + "\n")
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
