"""What is a rule of the lint, and what does it find? A rule is a value; what it finds is a line of a file, with what stands there masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from whosaw.identifiers import mask_runs


class Target(StrEnum):
    """What a file is written for."""

    SQUID = "squid"
    HAPROXY = "haproxy"
    NGINX = "nginx"
    POLICY = "policy"
    LIST = "list"


class Level(StrEnum):
    """An error can show a customer's identity to a stranger, or lets a stranger claim one; a warning deserves a look."""

    ERROR = "error"
    WARNING = "warning"


class Spot(NamedTuple):
    """Where something stands, and what of it matters."""

    file: str
    line: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Lint:
    """A rule: what it claims of a spot that it finds, where that is documented, and what to do. `look` is pure."""

    id: str
    target: Target
    level: Level = Level.ERROR
    claim: str
    source: str
    hint: str
    look: Callable[[Any], Iterable[Spot]]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that holds for a line."""

    rule: str
    level: Level
    file: str
    line: int
    what: str
    claim: str
    source: str
    hint: str


_LONGEST = 120


def found(lint: Lint, spot: Spot) -> Finding:
    """Return the finding of a rule at a spot; nothing of it shows an identifier in clear."""
    text = mask_runs(" ".join(spot.what.split()))
    what = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return Finding(
        rule=lint.id, level=lint.level, file=spot.file, line=spot.line, what=what, claim=lint.claim, source=lint.source, hint=lint.hint
    )
