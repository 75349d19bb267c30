"""Is this incident one that has a name already? A name that stood in a notice must mean the same incident ever after."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from whosaw.ledger import Known

if TYPE_CHECKING:
    from whosaw.model import Incident

PREFIX = "INC-"


def named(
    found: Sequence[Incident], known: Sequence[Known], *, gap: timedelta, by_channel: Collection[str] = ()
) -> tuple[list[Incident], Mapping[str, str]]:
    """Return the incidents under their names, and which known names have merged into which.

    Later rows may move the beginning or the end of an incident, and may close the silence between two: an incident is a known one if
    leak type, channel and cause are the same and their times lie no further apart than the `gap` that would split them. Cause does not
    count for leak types that are grouped `by_channel`. Of several known ones the first-named stays, and the others have merged into it.
    New ones get the next numbers, in the order given.
    """
    open_names = list(known)
    names: dict[int, str] = {}
    merged: dict[str, str] = {}
    for i in sorted(range(len(found)), key=lambda i: (found[i].since, i)):
        same = sorted((k for k in open_names if _is_same(found[i], k, gap, by_channel)), key=lambda k: _number(k.name))
        if same:
            names[i] = same[0].name
            merged.update({other.name: same[0].name for other in same[1:]})
            open_names = [k for k in open_names if k not in same]
    last = max((_number(k.name) for k in known), default=0)
    fresh = iter(range(last + 1, last + 1 + len(found)))
    return [msgspec.structs.replace(one, id=names.get(i) or f"{PREFIX}{next(fresh)}") for i, one in enumerate(found)], merged


@dataclass
class Names:
    """What is known of named incidents, while new ones are named."""

    known: Sequence[Known]
    gap: timedelta
    by_channel: Collection[str] = ()
    merged: Mapping[str, str] = field(default_factory=dict)
    """Which known names have merged into which, once `give` was called."""

    def give(self, ranked: Sequence[Incident]) -> list[Incident]:
        """Return the incidents under their names."""
        found, self.merged = named(ranked, self.known, gap=self.gap, by_channel=self.by_channel)
        return found


def known_of(incident: Incident) -> Known:
    """Return what must be remembered of a named incident to know it again."""
    cause = incident.cause
    return Known(incident.id, incident.detector, incident.channel, cause.kind, cause.value, incident.since, incident.until)


def _is_same(incident: Incident, known: Known, gap: timedelta, by_channel: Collection[str]) -> bool:
    if (incident.detector, incident.channel) != (known.detector, known.channel):
        return False
    if incident.detector not in by_channel and (incident.cause.kind, incident.cause.value) != (known.cause_kind, known.cause):
        return False
    # what one person looks at is one incident however long they pause
    return incident.cause.kind == "recipient" or (known.since - gap <= incident.until and incident.since - gap <= known.until)


def _number(name: str) -> int:
    return int(name.removeprefix(PREFIX))
