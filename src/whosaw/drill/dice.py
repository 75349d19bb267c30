"""Where does chance come from? From the seed and the name of a part, so that the draws of one part never move another's."""

from __future__ import annotations

from random import Random


def dice(seed: int, part: str) -> Random:
    """Return the source of chance of one part: the same seed and part always give the same draws."""
    return Random(f"{seed}/{part}")
