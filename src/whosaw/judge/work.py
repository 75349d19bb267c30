"""What is open while a case is judged? The configuration, the engine with its relations, the ledger and the vault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw.config import Config, Source
from whosaw.engine.duckdb import Engine
from whosaw.entitlements import RELATIONS, Loaded
from whosaw.identifiers.vault import Vault, secret
from whosaw.ledger import COLUMNS, KEPT, Ledger, shown_before
from whosaw.model import Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from whosaw.engine.door import Door

Progress = Callable[[str, int, int, int], None]
"""Called with the file, the bytes read, the bytes in all, and the lines read."""


@dataclass(frozen=True)
class Case:
    """What is to be judged: a configuration, the folder its paths start from, the folder of the ledger, and on which engine."""

    config: Config
    config_hash: str
    folder: Path
    ledger: Path
    engine: str = "duckdb"
    """Where it is judged: `duckdb` in this process, or where Spark runs."""
    shared: Path | None = None
    """With Spark: the folder that this machine and the workers see under the same path; the ledger's own if nothing is said."""

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
class Often:
    """What the engine has learned of one source's lines: in which domains texts stand in many of them, and for how many more that holds."""

    source: str = ""
    domains: Sequence[str] = ()
    lines: int = 0


@dataclass
class Work:
    """An opened case: the engine with its relations, the ledger, and what went wrong on the way."""

    case: Case
    engine: Engine
    ledger: Ledger
    vault: Vault
    problems: list[str] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    often: Often = field(default_factory=Often)
    loads: dict[str, Loaded] = field(default_factory=dict)
    """What came in of each relation of owners and entitlements, by its key."""

    @property
    def loaded(self) -> Loaded:
        """What came in of all of them."""
        return Loaded.together(self.loads.values())


@contextmanager
def opened(case: Case, *, write: bool = False) -> Iterator[Work]:
    """Open a case for the length of a `with`: its secret, its engine and its ledger."""
    with Ledger(case.ledger, write=write) as ledger:
        key = secret(case.key_file, make=not ledger.keyed)
        vault = Vault(key)
        ledger.claim(vault.mark)
        engine = Engine(secret=key, temp=case.ledger / "spill", memory=case.config.limits.memory)
        try:
            yield Work(case, engine, ledger, vault)
        finally:
            engine.close()


@contextmanager
def judging(work: Work, until: datetime | None = None) -> Iterator[Door]:
    """Give the engine that judges a prepared case: the embedded one, or a cluster to which the relations are handed over."""
    case = work.case
    if case.engine == "duckdb":
        yield work.engine
        return
    from whosaw.engine import spark

    with spark.opened(case.engine, shared=case.shared or case.ledger, log=case.ledger / "spark.log") as door:
        door.take(work.engine, RELATIONS)
        columns = {name: kind for name, kind, _ in COLUMNS}
        door.read("disclosures_read", columns, work.ledger.part_paths(until=until), where=shown_before(until))
        kept = {name: kind for name, kind, _ in KEPT}
        door.read("kept_read", kept, work.ledger.kept_paths(), where=shown_before(until))
        yield door
