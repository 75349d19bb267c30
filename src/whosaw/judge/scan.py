"""Under which tokens may the operator's own numbers stand in a log? The subscriber base, disguised in every usual way, as one relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw import entitlements
from whosaw.identifiers import Profile, disguises, profile

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.config import Config
    from whosaw.engine.duckdb import Engine

CHUNK = 500
"""Numbers disguised at a time; each has about thirty tokens."""


def speak(engine: Engine, config: Config) -> Profile:
    """Tell the engine how the operator's country writes numbers; return the profile of the operator's own."""
    own = profile(config.operator.country, config.operator.numbers)
    engine.speak_of_numbers(own.code, own.trunk)
    return own


def prepare(engine: Engine, config: Config, folder: Path) -> None:
    """Fill `disguised`, when a source scans for them.

    A hashed number cannot be recognised by looking at it, only by hashing the own numbers in the usual ways and comparing.
    """
    operator, own = config.operator, speak(engine, config)
    engine.run("create or replace temp table disguised (token ubigint, object bigint, form varchar, rank integer)")
    wanted = {source.object_type for source in config.source if source.scan}
    for owner in config.owner:
        if owner.object in wanted:
            numbers = entitlements.objects(engine, owner, folder, operator.timezone)
            for i in range(0, len(numbers), CHUNK):
                rows = [
                    [number, token, form, str(rank)]
                    for number in numbers[i : i + CHUNK]
                    for rank, (token, form) in enumerate(disguises(number, own, salts=operator.salts, keys=operator.hash_keys))
                ]
                engine.run(
                    "insert into disguised select hash(r[2]), object_key(?, r[1]), r[3], r[4]::integer "
                    "from (select unnest(?::varchar[][]) as r)",
                    [owner.object, rows],
                )
