"""Which of the operator's registries have changed since they were loaded? A ticket filed late, tomorrow's owners of bills."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from whosaw.config.agreements import files_of, is_policy
from whosaw.engine.inputs import matching

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.config import Config, Relation

Signature = tuple[object, ...]


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
