"""Who vouches for a report, and is it still as it was signed? Ed25519, with a key that is made on first use."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import msgspec

from whosaw.edge.verify.report import Report
from whosaw.errors import ConfigError, InputError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def signed(report: Report, key: Ed25519PrivateKey) -> bytes:
    """Return the report as JSON with its signature: Ed25519 over the same JSON without it, keys sorted, without spaces."""
    body = json.loads(msgspec.json.encode(report))
    value = base64.b64encode(key.sign(_canonical(body))).decode()
    body["signature"] = {"algorithm": "Ed25519", "key": fingerprint(key.public_key()), "value": value}
    return json.dumps(body, indent=1, ensure_ascii=False).encode() + b"\n"


def checked(path: Path, key: Ed25519PublicKey) -> Report:
    """Return the report of a file whose signature holds. Raises `InputError` if it was changed, or signed with another key."""
    from cryptography.exceptions import InvalidSignature

    try:
        body: dict[str, Any] = json.loads(path.read_bytes())
        signature = body.pop("signature")
        value = base64.b64decode(signature["value"], validate=True)
        report = msgspec.convert(body, Report)
    except OSError as problem:
        raise InputError(f"cannot read `{path}`: {problem.strerror}", hint="name a report of `whosaw edge verify --out`") from problem
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as problem:
        raise InputError(f"`{path}` is no signed report", hint="name a report of `whosaw edge verify --out`") from problem
    if signature.get("key") != fingerprint(key):
        raise InputError(f"`{path}` was signed with another key, {signature.get('key')}", hint="name its public key with --key")
    try:
        key.verify(value, _canonical(body))
    except InvalidSignature as problem:
        raise InputError(f"`{path}` was changed after it was signed", hint="believe nothing it says; ask for the report again") from problem
    return report


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the name of a public key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the key that signs; it is made on first use, for its owner alone, with the public one beside it (`.pub`)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not path.exists():
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(private)
            path.with_name(path.name + ".pub").write_bytes(public)
        except OSError as problem:
            raise StorageError(f"cannot write the key `{path}`: {problem.strerror}", hint="name another place with --key") from problem
    loaded = _loaded(path, lambda data: serialization.load_pem_private_key(data, None))
    if not isinstance(loaded, Ed25519PrivateKey):
        raise ConfigError(f"`{path}` is no Ed25519 key", hint="name another file with --key; it is made on first use")
    return loaded


def public_key(path: Path) -> Ed25519PublicKey:
    """Return the public key of a file (PEM)."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    loaded = _loaded(path, serialization.load_pem_public_key)
    if not isinstance(loaded, Ed25519PublicKey):
        raise ConfigError(f"`{path}` is no public Ed25519 key", hint="it lies beside the signing key, with .pub behind its name")
    return loaded


def _loaded(path: Path, load: Callable[[bytes], object]) -> object:
    try:
        return load(path.read_bytes())
    except OSError as problem:
        raise ConfigError(f"cannot read the key `{path}`: {problem.strerror}", hint="name it with --key") from problem
    except ValueError as problem:
        raise ConfigError(f"`{path}` holds no key", hint="a key is a PEM file; it is made on first use") from problem
