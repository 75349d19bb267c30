"""Which of the operator's registries have changed since they were loaded, and is what they hold now believed?

A ticket is filed late, tomorrow's owners of bills come in, an export fails half way.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whosaw.config.agreements import files_of, is_policy
from whosaw.engine.inputs import matching
from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from whosaw.config import Config, Relation
    from whosaw.entitlements import Loaded

Signature = tuple[object, ...]

RESTED = 3.0
"""Seconds a registry must have been left alone before it is loaded: half a file would take entitlements away."""

ASKED_AGAIN = 300.0
"""Seconds after which a registry that is a query is asked again: nobody can tell whether its answer has changed."""

SHRUNK = 0.5
"""A registry that lost more of its rows than this share is not believed."""

ENOUGH = 20
"""Rows from which on a share of them says something."""


class Registries:
    """How the registries looked on the disk when they were loaded, and how they look now. Clocks are seconds that only go forward."""

    def __init__(self, config: Config, folder: Path, *, clock: float) -> None:
        """Look at them, before they are loaded for the first time."""
        self._config, self._folder = config, folder
        self._loaded = self._seen = self._look(clock)
        self._since = clock

    def due(self, clock: float) -> list[set[str]]:
        """Return those to load anew, in groups that are loaded together: owners, and canaries, or one entitlement. Tell `took` of each."""
        now = self._look(clock)
        if now != self._seen:
            self._seen, self._since = now, clock
        if clock - self._since < RESTED:
            return []
        return _together({key for key, signature in now.items() if signature != self._loaded[key]})

    def took(self, keys: set[str]) -> None:
        """Note that some are dealt with as they were when they were due."""
        self._loaded = {**self._loaded, **{key: self._seen[key] for key in keys}}

    def _look(self, clock: float) -> dict[str, Signature]:
        return signatures(self._config, self._folder, refresh=int(clock // ASKED_AGAIN))


def _together(changed: set[str]) -> list[set[str]]:
    tables = {table: {key for key in changed if key.startswith(table)} for table in ("owner", "canary")}
    single = [{key} for key in sorted(changed) if key.startswith("entitlement")]
    return [keys for keys in tables.values() if keys] + single


def refuse_shrunk(before: Mapping[str, Loaded], now: Mapping[str, Loaded]) -> None:
    """Raise `ConfigError` for a registry that has lost most of its rows: it is being written, or its export has failed."""
    for key, loaded in now.items():
        had = before[key].kept
        if had >= ENOUGH and loaded.kept < had * SHRUNK:
            raise ConfigError(
                f"`{key}` has {loaded.kept:,} rows that can be used, and had {had:,} before",
                hint="export it anew; if it is right, start again what is running",
            )


def signatures(config: Config, folder: Path, *, refresh: int) -> dict[str, Signature]:
    """Return, for each relation by its key in the configuration, what changes when its rows do.

    For files: names, sizes and times of change. Of a query nobody can tell; it changes with `refresh`, a number that the caller
    raises whenever queries are to be asked again.
    """
    found: dict[str, Signature] = {}
    for i, entitlement in enumerate(config.entitlement):
        parts = [entitlement, *([entitlement.members] if entitlement.members else [])]
        found[f"entitlement[{i}]"] = tuple(_signature(part, folder, refresh) for part in parts)
    found |= {f"owner[{i}]": _signature(owner, folder, refresh) for i, owner in enumerate(config.owner)}
    return found | {f"canary[{i}]": _signature(canary, folder, refresh) for i, canary in enumerate(config.canary)}


def _signature(relation: Relation, folder: Path, refresh: int) -> Signature:
    if relation.query:
        return ("query", refresh)
    files = matching(folder, relation.file)
    if is_policy(relation.file):
        files = [part for path in files for part in _parts(path, _stat(path))]
    return tuple(_stat(path) for path in files)


@lru_cache(maxsize=32)
def _parts(path: Path, _: Signature) -> tuple[Path, ...]:
    """Return the files of a policy's agreements; it is read again only when it has changed."""
    return files_of(path)


def _stat(path: Path) -> Signature:
    try:
        told = path.stat()
    except OSError:  # replaced at this very moment: it is looked at again in the next batch
        return (str(path), None)
    return (str(path), told.st_ino, told.st_size, told.st_mtime_ns)
