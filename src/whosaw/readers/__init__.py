"""How is a line of this log cut into named fields? One file per log format; `READERS` is the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.readers.apache import APACHE
from whosaw.readers.crm import CRM
from whosaw.readers.csv_map import CSV
from whosaw.readers.edge import EDGE
from whosaw.readers.haproxy import HAPROXY
from whosaw.readers.har import HAR
from whosaw.readers.jsonl import JSONL
from whosaw.readers.nginx import NGINX
from whosaw.readers.nginx_json import NGINX_JSON
from whosaw.readers.ocsf import OCSF
from whosaw.readers.parquet import PARQUET
from whosaw.readers.squid import SQUID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.model import Guess, Reader

READERS: tuple[Reader, ...] = (PARQUET, HAR, OCSF, EDGE, NGINX_JSON, HAPROXY, SQUID, NGINX, APACHE, CRM, JSONL, CSV)
"""From the most to the least specific: of two readers that fit equally well, the first is meant."""


def detect(sample: Sequence[bytes]) -> list[Guess]:
    """Return what the sample's lines may be, the surest first; of equals the more specific first; nothing if no reader knows them."""
    guesses = [guess for reader in READERS if (guess := reader.sniff(sample)) is not None]
    return sorted(guesses, key=lambda guess: -guess.confidence)


def by_name(name: str) -> Reader | None:
    """Return the reader of this name, if there is one."""
    return next((reader for reader in READERS if reader.name == name), None)
