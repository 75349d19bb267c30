"""What is open while a case is judged? The configuration, the engine with its relations, the ledger and the vault."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw.config import Config, Source
from whosaw.engine.duckdb import Engine
from whosaw.entitlements import Loaded
from whosaw.identifiers.vault import Vault, secret
from whosaw.ledger import Ledger
from whosaw.model import Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator


Progress = Callable[[str, int, int], None]
"""Called with the file, the bytes read and the bytes in all."""


@dataclass(frozen=True)
class Case:
    """What is to be judged: a configuration, the folder its paths start from, and the folder of the ledger."""

    config: Config
    config_hash: str
    folder: Path
    ledger: Path

    @property
    def key_file(self) -> Path:
        """Return where the secret of the pseudonyms lies."""
        return self.folder / self.config.keys.file if self.config.keys.file else self.ledger / "secret.key"


@dataclass(frozen=True)
class Task:
    """One file to read, as one source, with the reader and layout chosen for it."""

    path: Path
    shown: str
    source: Source
    key: str
    reader: Reader
    layout: Layout
    confidence: float


@dataclass
class Work:
    """An opened case: the engine with its relations, the ledger, and what went wrong on the way."""

    case: Case
    engine: Engine
    ledger: Ledger
    vault: Vault
    problems: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    loaded: Loaded = field(default_factory=Loaded)


@contextmanager
def opened(case: Case, *, write: bool = False) -> Iterator[Work]:
    """Open a case for the length of a `with`: its secret, its engine and its ledger."""
    with Ledger(case.ledger, write=write) as ledger:
        key = secret(case.key_file, make=not ledger.keyed)
        vault = Vault(key)
        ledger.claim(vault.mark)
        engine = Engine(secret=key, temp=case.ledger / "spill")
        try:
            yield Work(case, engine, ledger, vault)
        finally:
            engine.close()
