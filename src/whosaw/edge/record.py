"""What did the edge decide, as lines the ledger can read? Each is a disclosure, or one that was stopped, under the ledger's own pseudonyms.

A shown line has the vantage `proxy_out`, a stopped one `proxy_in`: an attempt, which proves that nobody was shown anything. They lie in
two files, `shown.jsonl` and `stopped.jsonl`, because a source of the ledger has one vantage.
"""

from __future__ import annotations

import errno
import os
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from whosaw.errors import StorageError
from whosaw.identifiers import DOMAINS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from whosaw.identifiers import Pseudonymiser


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One decision about one customer's data. Pseudonyms are written whole (`keyed`); no field holds a clear identifier."""

    seen_at: datetime
    service: Literal["icap", "decide", "header-echo", "portal", "probe"]
    outcome: Literal["shown", "stopped", "lost"]
    request: str = ""
    site: str = ""
    recipient: str = ""
    customer: str = ""
    object: str = ""
    session: str = ""
    sets_session: str = ""
    filler_session: str = ""
    client: str = ""
    device: str = ""
    route: str = ""
    method: str = ""
    status: int | None = None
    cache: str = ""
    data: str = ""
    records: int | None = None
    data_from: str = ""
    data_to: str = ""
    place: str = ""
    wrapping: str = ""
    claim: str = ""
    why: str = ""
    policy: str = ""


_HALF = 1 << 63

OUTCOMES = ("shown", "stopped")
"""What decisions that are written come to, and the names of the files they are written to."""


def under(key: Pseudonymiser, domain: str, value: str) -> str:
    """Return the pseudonym of a value as lines hold it; of nothing, nothing. A number is the object `number:` with its E.164 digits."""
    return keyed(DOMAINS[domain], key.key(domain, value)) if value else ""


def keyed(domain: str, key: int) -> str:
    """Return a pseudonym whole, as the ledger's reader takes it back: the domain's letter and 16 hexadecimal digits."""
    return f"{domain}:{key + _HALF:016x}"


class Recorder:
    """Appends decisions to the two files of a folder. A line is written at once and whole; `flush` brings it to the disk.

    A disk that is full loses no decision silently: `lost` counts what could not be written, or brought to the disk, for health pages
    and exit codes. Any thread may call any of it.
    """

    def __init__(self, folder: Path) -> None:
        """Open the files, which are readable by their owner alone. Raises `StorageError` when they cannot be."""
        self._folder = folder
        self._encode = msgspec.json.Encoder().encode
        self._lock = threading.Lock()
        self._files: dict[str, int] = {}
        self._since = dict.fromkeys(OUTCOMES, 0)
        self._torn: set[str] = set()
        self.written = 0
        self.lost = 0
        self.reopen()

    def write(self, decision: Decision) -> None:
        """Append one decision."""
        line, outcome = self._encode(decision) + b"\n", decision.outcome
        with self._lock:
            torn = outcome in self._torn
            # half a line, left when the disk became full, must not take the next one with it
            line = b"\n" * torn + line
            try:
                sent = os.write(self._files[outcome], line)
            except OSError:
                sent = 0
            if sent == len(line):
                self.written += 1
                self._since[outcome] += 1
                self._torn.discard(outcome)
            else:
                self.lost += 1
                if sent > torn:
                    self._torn.add(outcome)

    def flush(self) -> None:
        """Bring what was written to the disk. What the disk does not take is lost: Linux says so once, and would not the next time."""
        for outcome in OUTCOMES:
            with self._lock:
                # a file of its own, so that nobody who writes waits for the disk, and `reopen` cannot close it meanwhile
                file = os.dup(self._files[outcome])
                since, self._since[outcome] = self._since[outcome], 0
            try:
                os.fsync(file)
            except OSError as problem:
                if problem.errno != errno.EINVAL:  # what is no file, a pipe for one, has no disk under it
                    with self._lock:
                        self.written -= since
                        self.lost += since
            finally:
                os.close(file)

    def reopen(self) -> None:
        """Open the files anew, after they were moved away (logrotate). Raises `StorageError` when they cannot be; the old ones stay."""
        opened: dict[str, int] = {}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for outcome in OUTCOMES:
                opened[outcome] = os.open(self._folder / f"{outcome}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as problem:
            _close(opened)
            raise StorageError(
                f"cannot record decisions in `{self._folder}`: {(problem.strerror or 'unknown reason').lower()}",
                hint="name a folder that can be written",
            ) from problem
        with self._lock:
            opened, self._files = self._files, opened
            self._torn.clear()
        _close(opened)

    def close(self) -> None:
        """Bring what was written to the disk, and close the files."""
        self.flush()
        with self._lock:
            _close(self._files)
            self._files = {}


def append(folder: Path, decisions: Sequence[Decision]) -> int:
    """Append decisions to the files of a folder. Returns how many could not be written."""
    if not decisions:
        return 0
    recorder = Recorder(folder)
    for decision in decisions:
        recorder.write(decision)
    recorder.close()
    return recorder.lost


def _close(files: Mapping[str, int]) -> None:
    for file in files.values():
        os.close(file)
