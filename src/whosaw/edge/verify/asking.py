"""How is a probe's request written, byte by byte, and what must be true of it where it arrives?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whosaw.edge.verify.scene import Customer, Scene, Spot

Form = Literal["absolute", "origin"]
"""How a client writes its target: whole (`GET http://host/`) to a forward proxy, or as a path where it does not know of a proxy."""

Want = Literal["told", "nothing", "at most"]

SPOOF = "447700909909"
"""A number that a client makes up; it is no customer's."""

STRANGER = "stranger.example"


class Request(NamedTuple):
    """A request before it is written. `host`, `port` and `path` are what a server would take it for.

    `authority` is the host as the client writes it, `hosts` the lines that say it, `to` the address that the client connected to,
    where traffic is intercepted.
    """

    host: str
    port: int = 80
    path: str = "/"
    method: str = "GET"
    version: str = "1.1"
    lines: tuple[str, ...] = ()
    body: bytes = b""
    form: Form | None = None
    authority: str = ""
    hosts: tuple[str, ...] | None = None
    to: str = ""

    def written(self, natural: Form, mark: str) -> bytes:
        """Return the bytes, in the form that is natural to the proxy or the one asked for."""
        authority = self.authority or with_port(self.host, self.port)
        target, lines = f"{self.path}whosaw-probe-{mark}", self.lines
        if self.method == "CONNECT":
            target, lines = f"{self.host}:{self.port}", (f"X-Probe: whosaw-probe-{mark}", *lines)
        elif (self.form or natural) == "absolute":
            target = f"http://{authority}{target}"
        hosts = (f"Host: {authority}",) if self.hosts is None else self.hosts
        return "\r\n".join((f"{self.method} {target} HTTP/{self.version}", *hosts, *lines, "", "")).encode() + self.body


class Ask(NamedTuple):
    """A request with what must be true of it.

    `told`: the recipient is shown exactly what its agreement says, and a stranger nothing; `nothing`: nobody is shown anything;
    `at most`: what is shown is right, but may be missing. A `refusable` request may be refused or answered by the proxy itself.
    `gap` is the gap of `policy.GAPS` through which it may pass, where the policy accepts that.
    """

    request: Request
    want: Want = "told"
    refusable: bool = False
    gap: str = ""


class Trip(NamedTuple):
    """One connection: who asks, and what, one after the other or (pipelined) all at once."""

    what: str
    customer: Customer
    asks: tuple[Ask, ...]
    pipelined: bool = False


class Probe(NamedTuple):
    """A claim about the proxy, and the trips that prove it. `needs` says what it needs of the policy or the run, see `NEEDS`."""

    name: str
    claim: str
    trips: Callable[[Scene], Iterator[Trip]]
    needs: str = ""


def one(what: str, customer: Customer, request: Request, want: Want = "told", *, refusable: bool = False, gap: str = "") -> Trip:
    """Return a trip of a single request."""
    return Trip(what, customer, (Ask(request, want, refusable, gap),))


def at(spot: Spot) -> Request:
    """Return a plain request to a spot."""
    return Request(spot.host, spot.port, spot.path, to=spot.address)


def main(scene: Scene) -> Request:
    """Return a plain request to the partner's host that special requests are tried at; the probe needs `partner`."""
    spot = scene.spot("exact", "apex", "below")
    assert spot is not None  # noqa: S101 - the probe needs `partner`
    return at(spot)


def both(scene: Scene) -> Iterator[Request]:
    """Yield a plain request to a stranger, and one to a partner if there is one."""
    yield Request(STRANGER)
    if scene.spots:
        yield main(scene)


def with_port(host: str, port: int) -> str:
    """Return a host as it is written with its port."""
    return host if port == 80 else f"{host}:{port}"
