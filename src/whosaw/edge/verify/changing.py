"""Does the proxy obey while it changes? Its configuration is read again under load, an address gets another customer."""

from __future__ import annotations

import re
import threading
import time
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

from whosaw.config.tables import seconds
from whosaw.edge.verify.asking import SPOOF, STRANGER, Ask, Request, Trip, main
from whosaw.edge.verify.judging import Judgement, faults
from whosaw.edge.verify.origins import MARK
from whosaw.edge.verify.scene import reassigned
from whosaw.edge.verify.sending import Result, judged, result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whosaw.edge.verify.origins import Origins
    from whosaw.edge.verify.scene import Customer, Scene
    from whosaw.edge.verify.sending import Door

_RELOADS = 3
_THREADS = 3
_FEWEST = 50
"""So many requests at least must have arrived while the proxy was told to read its configuration again."""

_GRACE = 3.0
"""So much longer than `subscribers.ttl` an answer may be old, for the time that the reload itself takes on a busy machine."""

_ADDRESS = re.compile(rb"\S*whosaw-probe-[a-z]+")
"""What a client asked for; a number that it wrote there itself is in the log of every server."""

Found = list[tuple[str, Judgement]]


class Live(NamedTuple):
    """A proxy that was started here, with what can be changed about it while it runs."""

    scene: Scene
    door: Door
    origins: Origins
    reload: Callable[[], None]
    assign: Callable[[tuple[Customer, ...]], None]
    logs: Callable[[], bytes]
    tokens: tuple[bytes, ...]

    @property
    def headers(self) -> frozenset[str]:
        """The headers in which somebody is told something, in lower case."""
        return frozenset(field.header.lower() for field in self.scene.policy.fields)


class Change(NamedTuple):
    """A claim about a proxy that changes, and what is done to prove it."""

    name: str
    claim: str
    act: Callable[[Live], Found]


def prove(live: Live, change: Change) -> Result:
    """Make a change and return what became of the claim."""
    begun = time.monotonic()
    return result(change.name, change.claim, change.act(live), begun)


def _under_load(live: Live) -> Found:
    """Reload the proxy a few times while customers go on asking; being refused meanwhile is no leak, but proves nothing either."""
    found: Found = []
    done = threading.Event()
    threads = [threading.Thread(target=_keep_asking, args=(live, done, found)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(1, _RELOADS + 1):
            _until(lambda: _arrived(found) >= turn * _FEWEST // _RELOADS)  # noqa: B023 - it is asked at once
            live.reload()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    if (few := _arrived(found)) < _FEWEST:
        found.append(("while it was reloaded", Judgement("inconclusive", f"only {few} requests arrived")))
    return found


def _arrived(found: Found) -> int:
    """Return how many requests were not answered by the proxy itself."""
    return sum(not judgement.why.startswith(("answered", "refused", "it arrived nowhere")) for _, judgement in found)


def _keep_asking(live: Live, done: threading.Event, found: Found) -> None:
    spoofs = tuple(f"{field.header}: {SPOOF}" for field in live.scene.policy.fields)
    requests = [Request(STRANGER, lines=spoofs), Request(STRANGER)]
    requests += [main(live.scene)] if live.scene.spots else []
    for request, customer in zip(cycle(requests), cycle((*live.scene.customers, live.scene.unknown, *live.scene.customers)), strict=False):
        if done.is_set():
            return
        found += judged(
            live.scene, live.door, live.origins, Trip(f"{request.host} during a reload", customer, (Ask(request, refusable=True),))
        )


def _until(happened: Callable[[], bool], patience: float = 20.0) -> bool:
    end = time.monotonic() + patience
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _reassigned(live: Live) -> Found:
    """Give the first customer's address to somebody else: after `ttl` the partner is told the new number, and never the old one again."""
    before, others = live.scene.customers[0], live.scene.customers[1:]
    after = reassigned(before)
    now = live.scene._replace(customers=(after, *others))
    request = main(live.scene)
    found: Found = []
    found += judged(live.scene, live.door, live.origins, Trip("before", before, (Ask(request),)))
    live.assign(now.customers)
    time.sleep(seconds(live.scene.policy.subscribers.ttl, "subscribers.ttl"))
    new = Trip("after the address was given to somebody else", after, (Ask(request),) * 3)
    _until(lambda: all(judgement.state == "held" for _, judgement in judged(now, live.door, live.origins, new)), _GRACE)
    for _ in range(5):
        found += judged(now, live.door, live.origins, new)
    live.assign(live.scene.customers)
    time.sleep(seconds(live.scene.policy.subscribers.ttl, "subscribers.ttl"))
    back = Trip("after it was given back", before, (Ask(request),))
    _until(lambda: all(judgement.state == "held" for _, judgement in judged(live.scene, live.door, live.origins, back)), _GRACE)
    return found + judged(live.scene, live.door, live.origins, back)


def _logs(live: Live) -> Found:
    """Hold each line of the proxy's log against what arrived: no value of a customer, and the token where, and only where, one was told."""
    lines = [line for line in live.logs().split(b"\n") if MARK.search(line)]
    if not lines:
        return [("the log", Judgement("inconclusive", "the proxy logged nothing"))]
    found = [("the log", judgement) for line in lines if (judgement := _line(live, line)) is not None]
    if live.tokens and live.scene.spots and not any(token in line for line in lines for token in live.tokens):
        found.append(("the log", Judgement("broken", "no line holds a token, and partners were told")))
    return found or [("the log", Judgement("held"))]


def _line(live: Live, line: bytes) -> Judgement | None:
    said = _ADDRESS.sub(b"", line).decode("latin-1")
    if any(secret in said for secret in live.scene.secrets):
        return Judgement("broken", "a line holds a customer's value")
    mark = MARK.search(line)
    arrived = live.origins.arrived(mark[1].decode()) if mark else ()
    shown = any(name.lower() in live.headers for each in arrived for name, _ in each._replace(trailer=b"").headers)
    if live.tokens and arrived and shown != any(token in line for token in live.tokens):
        return Judgement(
            "broken", f"a request that {'told' if shown else 'did not tell'} is logged as one that did{' not' if shown else ''}"
        )
    return None


def _unasked(live: Live) -> Found:
    """Judge what arrived without any probe's mark: whatever a proxy sends on its own must hold nothing."""
    found = [("a request without mark", Judgement("broken", fault)) for fault in _unmarked(live)]
    return found or [("every request", Judgement("held"))]


def _unmarked(live: Live) -> Iterator[str]:
    for arrived in live.origins.everything():
        if not arrived.mark:
            yield from faults(live.scene, arrived, {}, exact=True)


UNDER_LOAD = Change("reload-under-load", "nothing leaves while the proxy reads its configuration again", _under_load)
REASSIGNED = Change(
    "address-reassigned", "an address that gets another customer is told of as that customer after the time to live", _reassigned
)
LOGS = Change("logs", "the log holds no customer's value, and a token for each request that told one", _logs)
UNASKED = Change("unasked", "nothing else arrived that holds anything", _unasked)
