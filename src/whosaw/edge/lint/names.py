"""Which header names carry a customer's identity, and in which spellings must one be taken out?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.edge.policy import spellings
from whosaw.identifiers import IDENTITY, classify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MOST_DASHES = 5
"""A name with more dashes has more spellings than anybody takes out by name."""


def identity(name: str) -> bool:
    """Whether a header of this name says who the customer is."""
    entry = classify(name)
    return entry is not None and entry.cls in IDENTITY


def left_over(names: Iterable[str], gone: Callable[[str], bool]) -> list[str]:
    """Return the spellings of identity names that are not taken out though another spelling of the same name is."""
    listed = sorted({name for name in names if identity(name)}, key=str.lower)
    ways = (way for name in listed if name.replace("_", "-").count("-") <= _MOST_DASHES for way in spellings(name))
    return [way for way in dict.fromkeys(ways) if not gone(way)]


def several(names: list[str]) -> str:
    """Return names in a few words."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
