"""From what is answered now? The registries as they were last believed, and what people vouch for; taken over while questions come in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from whosaw import entitlements
from whosaw.edge.decide.index import Index
from whosaw.engine.duckdb import Engine
from whosaw.errors import StorageError, WhosawError
from whosaw.identifiers import Pseudonymiser
from whosaw.identifiers.vault import Vault, secret
from whosaw.judge import repairs, scan
from whosaw.judge.registries import Registries, refuse_shrunk
from whosaw.ledger import Ledger

if TYPE_CHECKING:
    from whosaw.judge.work import Case

SPILL = "spill-decide"
"""Where the engine puts what does not fit into memory, in the ledger's folder: its owner may be at work in the other."""


class Standing:
    """Entitlements and owners, loaded. `index` is replaced as a whole; whoever took it before goes on with what it said then.

    The ledger is opened for moments only: an erasure need not wait for a service that never ends.
    """

    def __init__(self, case: Case, *, clock: float) -> None:
        """Load everything. `clock` are seconds that only ever go forward. Raises what the configuration has wrong."""
        self._case, self._named = case, case.config.decide.search
        with Ledger(case.ledger) as ledger:
            key = secret(case.key_file, make=not ledger.keyed)
            self.vault, self.pseudonyms = Vault(key), Pseudonymiser(key)
            ledger.claim(self.vault.mark)
            self.engine = Engine(secret=key, temp=case.ledger / SPILL, memory=case.config.limits.memory)
            self.lock = threading.Lock()
            self.own = scan.speak(self.engine, case.config)
            self._registries = Registries(case.config, case.folder, clock=clock)
            self.loads = entitlements.load(self.engine, case.config, case.folder, named=self._named)
            repairs.load(self.engine, ledger)
            self._vouched = len(ledger.vouched())
        self.index = Index(self.engine)
        self.troubles: dict[str, str] = {}
        """What was not taken over as it is now, by its key, and why."""

    def reconsider(self, clock: float) -> bool:
        """Take over the registries that have changed and what people vouch for since; return whether anything was.

        A registry that is still being written, cannot be read, or has lost most of its rows stays as it was loaded before.
        """
        with self.lock:
            taken = self._vouched_for()
            for keys in self._registries.due(clock):
                taken |= self._take_over(keys)
            if taken:
                self.index = Index(self.engine)
        return taken

    def close(self) -> None:
        """Give the memory back."""
        with self.lock:
            self.engine.close()

    def _take_over(self, keys: set[str]) -> bool:
        case = self._case
        try:
            with self.engine.together():
                loads = entitlements.load_again(self.engine, case.config, case.folder, keys, named=self._named)
                refuse_shrunk(self.loads, loads)
        except WhosawError as problem:
            self.troubles |= dict.fromkeys(keys, f"{problem.message}; what was loaded before still counts")
            if not isinstance(problem, StorageError):  # for want of room it is tried again
                self._registries.took(keys)
            return False
        self._registries.took(keys)
        self.loads |= loads
        self.troubles = {key: why for key, why in self.troubles.items() if key not in keys}
        return True

    def _vouched_for(self) -> bool:
        try:
            with Ledger(self._case.ledger) as ledger:
                count = len(ledger.vouched())
                if count <= self._vouched:
                    return False
                with self.engine.together():
                    repairs.load(self.engine, ledger, after=self._vouched)
        except WhosawError as problem:
            self.troubles["vouched"] = f"{problem.message}; what was loaded before still counts"
            return False
        self._vouched = count
        self.troubles.pop("vouched", None)
        return True
