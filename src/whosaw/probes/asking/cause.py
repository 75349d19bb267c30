"""What let a mark through: the system itself, a shared cache, or a mix-up of sessions? Two or three requests tell them apart.

The system shows it again under any address. A cache shows it again, but not under an address it has never seen. A mix-up shows neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from whosaw.probes.asking.marks import Sighting, shows
from whosaw.probes.asking.wire import busted

if TYPE_CHECKING:
    from whosaw.probes.asking.findings import Kind
    from whosaw.probes.asking.operations import Operation
    from whosaw.probes.asking.proofs import Proofs, Seen
    from whosaw.probes.asking.session import Session
    from whosaw.probes.asking.wire import Answer, Request

_ASKED = {"account-mixup", "anonymous-read", "cached-page", "foreign-record", "former-owner"}


class Asks(Protocol):
    """What can ask further, within what a pair of accounts may still ask."""

    sessions: dict[str, Session]
    proofs: Proofs

    def spend(self, op: Operation, owner: str, other: str, requests: int = 1) -> bool:
        """Whether so many more requests may be made for a pair."""

    def ask(self, session: Session, request: Request) -> Seen:
        """Send a request and look for marks."""


def cause(asks: Asks, seen: Seen, sighting: Sighting, kind: Kind, op: Operation) -> Kind:
    """Return the kind of what was seen; `kind` is what it is if it was no cache and no mix-up."""
    owner = sighting.owner
    direct = _direct(kind, seen)
    if kind not in _ASKED or seen.request.method not in {"GET", "HEAD"}:
        return direct
    if asks.proofs.known(op, "cached-page") and not op.ids:
        return "cached-page"
    if not asks.spend(op, owner.name, seen.session.name, 2):
        return direct
    bare = seen.session.undressed(seen.request)
    past = asks.ask(seen.session.twin(), busted(bare))
    if shows(past.answer, past.request, owner):
        return direct
    again = asks.ask(seen.session.twin(), bare)
    if not shows(again.answer, again.request, owner):
        return "cached-page" if _from_cache(seen.answer) else "account-mixup"
    return "cached-page" if not op.ids or _can_be_busted(asks, bare, sighting) else direct


def _direct(kind: Kind, seen: Seen) -> Kind:
    if kind == "cached-page":
        return "foreign-record" if seen.session.identity else "anonymous-read"
    return kind


def _can_be_busted(asks: Asks, bare: Request, sighting: Sighting) -> bool:
    """Whether the owner gets the page under an unseen address: one that refuses the extra parameter says nothing about a cache."""
    session = asks.sessions.get(sighting.owner.name)
    if session is None:
        return False
    own = asks.ask(session.twin(), busted(bare))
    return shows(own.answer, own.request, sighting.owner)


def _from_cache(answer: Answer) -> bool:
    told = " ".join(answer.header(name) for name in ("x-cache", "x-cache-status", "cf-cache-status", "cache-status")).lower()
    return "hit" in told or answer.header("age") not in {"", "0"}
