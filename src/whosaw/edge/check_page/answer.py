"""What does a visit show? What the network added, how much that says of the customer, and plainly when it shows nothing."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from whosaw.identifiers import Addition, Weight, added, classify, heaviest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whosaw.edge.check_page.visits import Visit
    from whosaw.wire.http import Request


class Verdict(StrEnum):
    """What can be said: something names the customer, something may, something else was added, nothing was, or nobody can tell."""

    IDENTIFIED = "identified"
    PERHAPS = "perhaps"
    PLUMBING = "plumbing"
    NOTHING = "nothing"
    INCONCLUSIVE = "inconclusive"


class Doubt(StrEnum):
    """Why a visit shows less than it could."""

    NO_CLEAR = "your browser came over https only, and a network can add nothing there"
    NO_SECURE = "the encrypted request did not arrive, so there is nothing to compare with: only names that browsers never send are shown"
    ELSEWHERE = "your address is none of the operator's: you are on wifi, a VPN or another network"
    TWO_ADDRESSES = "the two requests came from different addresses, so they may have gone different ways"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Answer:
    """What a visit shows."""

    verdict: Verdict
    additions: tuple[Addition, ...]
    doubts: tuple[Doubt, ...]


_BROWSERS = re.compile(r"sec-[a-z-]+|upgrade-insecure-requests|priority|dnt", re.IGNORECASE)
"""What browsers write anew for each request, by where a link led from."""

_VERDICTS = {Weight.IDENTITY: Verdict.IDENTIFIED, Weight.PERHAPS: Verdict.PERHAPS, Weight.PLUMBING: Verdict.PLUMBING}


def answer(visit: Visit, networks: Sequence[Network] = ()) -> Answer:
    """Return what a visit shows so far. What names the customer is certain, whatever else is in doubt."""
    doubts = tuple(_doubts(visit, networks))
    additions = _additions(visit)
    weight = heaviest(additions)
    if additions and (weight is not Weight.PLUMBING or not doubts):
        return Answer(_VERDICTS[weight], additions, doubts)
    return Answer(Verdict.INCONCLUSIVE if doubts else Verdict.NOTHING, additions, doubts)


def _additions(visit: Visit) -> tuple[Addition, ...]:
    if visit.clear is None:
        return ()
    in_address = tuple(_in_address(visit.clear))
    if visit.secure is None:
        names = added((), visit.clear.headers)
        return in_address + tuple(one for one in names if classify(one.name) is not None)
    names = added(visit.secure.headers, visit.clear.headers)
    return in_address + tuple(one for one in names if one.weight is not Weight.PLUMBING or not _BROWSERS.fullmatch(one.name))


def _in_address(request: Request) -> Iterator[Addition]:
    """Yield what stands in the address: our links have no query, so the network has put it there."""
    _, _, query = request.target.partition("?")
    return (Addition(name, value, "url") for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=100))


def _doubts(visit: Visit, networks: Sequence[Network]) -> Iterator[Doubt]:
    if visit.clear is None:
        yield Doubt.NO_CLEAR
        return
    if visit.secure is None:
        yield Doubt.NO_SECURE
    elif visit.secure.address != visit.clear.address:
        yield Doubt.TWO_ADDRESSES
    if networks and not _within(visit.clear.address, networks):
        yield Doubt.ELSEWHERE


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        place = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(place, "ipv4_mapped", None)
    return any((mapped or place) in network for network in networks)
