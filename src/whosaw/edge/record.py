"""What did the edge decide, as lines the ledger can read? Each is a disclosure, or one that was stopped, under the ledger's own pseudonyms.

A shown line has the vantage `proxy_out`, a stopped one `proxy_in`: an attempt, which proves that nobody was shown anything. They lie in
two files, `shown.jsonl` and `stopped.jsonl`, because a source of the ledger has one vantage.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from whosaw.identifiers import DOMAINS

if TYPE_CHECKING:
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


def under(key: Pseudonymiser, domain: str, value: str) -> str:
    """Return the pseudonym of a value as lines hold it; of nothing, nothing. A number is the object `number:` with its E.164 digits."""
    return keyed(DOMAINS[domain], key.key(domain, value)) if value else ""


def keyed(domain: str, key: int) -> str:
    """Return a pseudonym whole, as the ledger's reader takes it back: the domain's letter and 16 hexadecimal digits."""
    return f"{domain}:{key + _HALF:016x}"


class Recorder:
    """Appends decisions to the two files of a folder. A line is written at once and whole; `flush` brings it to the disk.

    A disk that is full loses no decision silently: `lost` counts what could not be written, for health pages and exit codes.
    """

    def __init__(self, folder: Path) -> None:
        """Open the files, which are readable by their owner alone."""
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = {outcome: folder / f"{outcome}.jsonl" for outcome in ("shown", "stopped")}
        self._encode = msgspec.json.Encoder().encode
        self._files: dict[str, int] = {}
        self._torn: set[str] = set()
        self.written = 0
        self.lost = 0
        self.reopen()

    def write(self, decision: Decision) -> None:
        """Append one decision."""
        torn = decision.outcome in self._torn
        # half a line, left when the disk became full, must not take the next one with it
        line = b"\n" * torn + self._encode(decision) + b"\n"
        try:
            sent = os.write(self._files[decision.outcome], line)
        except OSError:
            sent = 0
        if sent == len(line):
            self.written += 1
            self._torn.discard(decision.outcome)
        else:
            self.lost += 1
            if sent > torn:
                self._torn.add(decision.outcome)

    def flush(self) -> None:
        """Bring what was written to the disk."""
        for file in self._files.values():
            os.fsync(file)

    def reopen(self) -> None:
        """Open the files anew, after they were moved away (logrotate)."""
        self.close()
        for outcome, path in self._paths.items():
            self._files[outcome] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()
