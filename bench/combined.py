"""What does a portal's log in the combined format look like? So many lines of it, the same for the same number."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from generate import AGENTS, _chosen, _digits, _fixed, _number, _text

BEGIN = datetime(2012, 1, 10, tzinfo=UTC)
CHUNK = 500_000
A_SECOND = 25
"""Lines: half a million are five and a half hours."""

PAGES = ("/account", "/usage", "/bills/B2011120", "/contacts/export", "/login?next=%2Faccount", "/help")

CONFIG = """\
[operator]
name = "Example Mobile"
country = "GB"

[[source]]
name = "portal"
files = ["{log}"]
format = "{format}"
channel = "portal"
recipient_kind = "customer_login"
recipient = "login"
device = "request_header_user_agent"

[[source.route]]
template = "/*"
self = true
data = ["account"]
"""


def make(folder: Path, lines: int) -> Path:
    """Return a log of so many lines, made now if it was not made before."""
    path = folder / f"combined-{lines}.log"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(2012)
        parts = path.with_suffix(".part")
        with parts.open("wb") as f:
            for first in range(0, lines, CHUNK):
                f.write(_lines(rng, first, min(CHUNK, lines - first)))
        parts.rename(path)
    return path


def _lines(rng: np.random.Generator, first: int, n: int) -> bytes:
    at = [BEGIN + timedelta(seconds=int(s)) for s in range(first // A_SECOND, (first + n) // A_SECOND + 1)]
    second = (np.arange(first, first + n) - first // A_SECOND * A_SECOND) // A_SECOND
    who = rng.integers(0, 1_000_000, n)
    page = rng.integers(0, len(PAGES), n)
    columns: list[Any] = [
        _fixed("10.", n), _number(who // 65536 % 256, 3), _fixed(".", n), _number(who // 256 % 256, 3), _fixed(".", n),
        _number(who % 256, 3), _fixed(" - u", n), _digits(who, 7),
        _chosen([f" [{moment:%d/%b/%Y:%H:%M:%S} +0000]" for moment in at], second), _fixed(' "GET ', n), _chosen(list(PAGES), page),
        _fixed(' HTTP/1.1" 200 ', n), _number(200 + (who * 7 + page) % 9000, 4),
        _fixed(' "https://my.example/" "', n), _chosen(list(AGENTS), who % len(AGENTS)), _fixed('"\n', n),
    ]  # fmt: skip
    return _text(columns)


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), int(sys.argv[2])))
