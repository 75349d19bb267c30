"""What did a network add to a request on its way, and does that say who the customer is? Whatever arrived and was not sent was added."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal

from whosaw.identifiers.catalogue import IDENTITY, HeaderClass, classify
from whosaw.identifiers.masking import mask, mask_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Headers = Sequence[tuple[str, str]]


class Weight(IntEnum):
    """How much an addition says of the customer: nothing; perhaps, by what it looks like; who they are, by its name."""

    PLUMBING = 0
    PERHAPS = 1
    IDENTITY = 2


@dataclass(frozen=True, slots=True, repr=False)
class Addition:
    """Something that arrived and was not sent. Its value is clear, for the moment of comparing; `repr`, `shown` and `masked` show none of it."""

    name: str
    value: str
    place: Literal["header", "cookie", "url"] = "header"

    def __repr__(self) -> str:
        return f"Addition({self.place} {self.shown}, {self.weight.name.lower()})"

    @property
    def cls(self) -> HeaderClass | None:
        """What the catalogue says a header or cookie of this name carries."""
        entry = classify(self.name)
        return entry.cls if entry is not None else None

    @property
    def listed(self) -> bool:
        """Whether the name itself is in the catalogue, and not only one that ends like it."""
        entry = classify(self.name)
        return entry is not None and entry.known

    @property
    def weight(self) -> Weight:
        """How much it says of the customer."""
        if self.cls in IDENTITY:
            return Weight.IDENTITY
        telling = mask_runs(self.value) != self.value or (self.cls is None and _OPAQUE.search(self.value) is not None)
        return Weight.PERHAPS if telling else Weight.PLUMBING

    @property
    def shown(self) -> str:
        """The name as it may be written down: whoever sends a request chooses its names."""
        return mask_runs("".join(c if c.isprintable() else "?" for c in self.name[:64]))

    @property
    def masked(self) -> str:
        """The value as it may be shown to the customer: its ends, or whole if it says nothing."""
        text = "".join(c if c.isprintable() else "?" for c in self.value[:200])
        if self.weight is Weight.PLUMBING:
            return mask_runs(text)
        return mask(text) if mask_runs(text) == text else mask_runs(text)


def heaviest(additions: Sequence[Addition]) -> Weight:
    """Return how much the most telling addition says."""
    return max((one.weight for one in additions), default=Weight.PLUMBING)


_OPAQUE = re.compile(r"(?=[A-Za-z0-9+/=_-]*[0-9])[A-Za-z0-9+/=_-]{16,}")
"""What could be a lasting mark, under a name that nobody has listed; gateways have names as long as that."""


USUAL = frozenset({"host", "connection", "accept-encoding", "referer", "cache-control", "pragma", "content-length", "cookie"})
"""What a sender and every proxy write as they like: another value of these is no addition, a new header is."""


def added(sent: Headers, arrived: Headers) -> tuple[Addition, ...]:
    """Return the headers and cookies that arrived and were not sent: new names, further values of a name, and changed ones."""
    before = [(name.lower(), value.strip()) for name, value in sent]
    names = {name for name, _ in before}
    found = list(_new_cookies(sent, arrived))
    for name, value in arrived:
        known = (name.lower(), value.strip())
        if known in before:
            before.remove(known)
        elif known[0] not in names:
            found += [] if known[0] == "cookie" else [Addition(name, value.strip())]
        elif known[0] not in USUAL:
            found.append(Addition(name, value.strip()))
    return tuple(found)


def _new_cookies(sent: Headers, arrived: Headers) -> Iterator[Addition]:
    before = set(_cookies(sent))
    return (Addition(name, value, "cookie") for name, value in _cookies(arrived) if (name, value) not in before)


def _cookies(headers: Headers) -> Iterator[tuple[str, str]]:
    parts = (part for name, value in headers if name.lower() == "cookie" for part in value.split(";"))
    for part in parts:
        name, _, value = part.strip().partition("=")
        if name:
            yield name, value
