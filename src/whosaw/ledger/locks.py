"""Who is at work in this ledger? One writer, any number of readers, and nobody waits for anybody."""

from __future__ import annotations

import fcntl
import os
import re
import socket
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from whosaw.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITER, READERS = "writer.lock", "readers.lock"

_HOLDER = re.compile(rb"process ([0-9]{1,10}) on ([\w.-]{1,255})\n")


def only_writer(folder: Path) -> int:
    """Return the handle of the held lock of a ledger's one writer. Raises `LedgerError` that says who holds it."""
    lock = os.open(folder / WRITER, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        holder = _holder(lock)
        os.close(lock)
        raise LedgerError(
            f"another whosaw is writing `{folder}`{holder}", hint="wait for it to end, or judge into another folder with --dir"
        ) from problem
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    return lock


def _holder(lock: int) -> str:
    """Return who holds a lock and since when, as far as it says so itself: the lock holds, whatever the file says."""
    match = _HOLDER.fullmatch(os.pread(lock, 300, 0))
    if match is None:
        return ""
    since = datetime.fromtimestamp(os.fstat(lock).st_mtime, UTC)
    return f" (process {int(match[1])} on {match[2].decode()}, since {since:%Y-%m-%d %H:%M:%S} UTC)"


def reader(folder: Path) -> int:
    """Return the handle of a reader's lock: while it is held, no part that the reader may look at is removed."""
    lock = os.open(folder / READERS, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)  # only ever waits while a few files are being unlinked
    return lock


@contextmanager
def nobody_reads(folder: Path) -> Iterator[bool]:
    """Give whether no reader holds the ledger, and keep new ones out meanwhile. Whoever reads now is not waited for."""
    lock = os.open(folder / READERS, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(lock)
