"""Does anything leave in a request that is cut, nested or bent in a way that HTTP allows, or nearly?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.edge.verify.asking import SPOOF, STRANGER, Ask, Probe, Request, Trip, both, main, one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whosaw.edge.verify.scene import Scene


def _lines(*shapes: tuple[str, ...], refusable: bool = False) -> Callable[[Scene], Iterator[Trip]]:
    """Return trips to a stranger and a partner with lines in which `{name}` is a header of the policy and `{spoof}` a number made up."""

    def trips(scene: Scene) -> Iterator[Trip]:
        name = next((field.header for field in scene.policy.fields), "X-MSISDN")
        for shape in shapes:
            lines = tuple(line.format(name=name, spoof=SPOOF) for line in shape)
            for request in both(scene):
                asked = request._replace(lines=lines)
                yield one(f"{shape[0][:40]!r} to {request.host}", scene.customers[0], asked, refusable=refusable)

    return trips


_CONNECTION = (
    ("Connection: {name}",),
    ("Connection: {name}", "{name}: {spoof}"),
    ("Connection: close, {name}", "{name}: {spoof}"),
    ("Connection: keep-alive, X-Up-Calling-Line-ID", "X-Up-Calling-Line-ID: {spoof}"),
    ("Proxy-Connection: {name}", "{name}: {spoof}"),
)
_SPACED = (("{name} : {spoof}",), ("{name}\t: {spoof}",), ("X-Filler: a", " {name}: 7"))
_FOLDED = (
    ("{name}:", " {spoof}"),
    ("{name}: {spoof}", "\t{spoof}"),
    ("X-Filler: a", " b", "{name}: {spoof}"),
)
_BENT = (
    ("X-Filler: a\n{name}: {spoof}",),
    ("X-Filler: a\r{name}: 7",),
    ("X-Filler: a\0b", "{name}: {spoof}"),
    ("{name}\0: {spoof}",),
    (": {spoof}", "{name}: {spoof}"),
    ("{name}:{spoof}",),
    ("{name}:",),
)
_UPGRADES = (
    ("Connection: Upgrade, {name}", "Upgrade: websocket", "{name}: {spoof}"),
    ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "{name}: {spoof}"),
)


def _many(scene: Scene) -> Iterator[Trip]:
    fillers = tuple(f"X-Filler-{turn}: a" for turn in range(130))
    yield from _lines((*fillers, "{name}: {spoof}"), refusable=True)(scene)


def _long(scene: Scene) -> Iterator[Trip]:
    for size in (8_000, 70_000):
        yield from _lines((f"X-Filler: {'a' * size}", "{name}: {spoof}"), refusable=True)(scene)


def _pipelined(scene: Scene) -> Iterator[Trip]:
    spoof = tuple(f"{field.header}: {SPOOF}" for field in scene.policy.fields)
    asks = (Ask(main(scene)), Ask(Request(STRANGER, lines=spoof)), Ask(main(scene)), Ask(Request(STRANGER)))
    for customer in (*scene.customers, scene.unknown):
        yield Trip("partner, stranger, partner, stranger", customer, asks, pipelined=True)


def _old(scene: Scene) -> Iterator[Trip]:
    for request in both(scene):
        spoofed = request._replace(version="1.0", lines=(f"X-MSISDN: {SPOOF}",))
        yield one(f"HTTP/1.0 to {request.host}", scene.customers[0], spoofed)
    nameless = Request(STRANGER, version="1.0", form="origin", hosts=(), lines=(f"X-MSISDN: {SPOOF}",))
    yield one("HTTP/1.0 without a host", scene.customers[0], nameless, "nothing", refusable=True)


def _bodies(scene: Scene) -> Iterator[Trip]:
    for request in both(scene):
        body = f"X-MSISDN={SPOOF}".encode()
        posted = request._replace(method="POST", body=body, lines=(f"Content-Length: {len(body)}", f"X-MSISDN: {SPOOF}"))
        yield one(f"POST to {request.host}", scene.customers[0], posted)
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            asked = request._replace(method=method, lines=("Content-Length: 0", f"X-MSISDN: {SPOOF}"))
            yield one(f"{method} to {request.host}", scene.customers[0], asked, "at most", refusable=True)


def _trailers(scene: Scene) -> Iterator[Trip]:
    name = next((field.header for field in scene.policy.fields), "X-MSISDN")
    body = f"3\r\nabc\r\n0\r\n{name}: {SPOOF}\r\nX-Up-Subno: {SPOOF}\r\n\r\n".encode()
    for request in both(scene):
        lines = ("Transfer-Encoding: chunked", f"Trailer: {name}, X-Up-Subno")
        asked = request._replace(method="POST", body=body, lines=lines)
        yield one(f"a trailer to {request.host}", scene.customers[0], asked, refusable=True, gap="trailers")


def _tunnels(scene: Scene) -> Iterator[Trip]:
    origins = dict(scene.ports)
    for request in both(scene):
        own = origins.get("stranger" if request.host == STRANGER else "partner", 443)
        for port in sorted({request.port, 443, own}):
            tunnel = request._replace(method="CONNECT", port=port, lines=(f"X-MSISDN: {SPOOF}",))
            inner = Request(request.host, port, request.path, form="origin")
            asks = (Ask(tunnel, "nothing", refusable=True), Ask(inner, "nothing", refusable=True))
            yield Trip(f"a tunnel to {request.host}:{port}", scene.customers[0], asks)


WIRE = (
    Probe("connection-tricks", "`Connection: NAME` neither removes what a partner is told nor lets a name through", _lines(*_CONNECTION)),
    Probe("space-before-colon", "a space or tab about a name lets nothing through", _lines(*_SPACED, refusable=True)),
    Probe("folded-lines", "a folded line lets nothing through", _lines(*_FOLDED, refusable=True)),
    Probe("bent-lines", "bare line ends, zero bytes and empty names let nothing through", _lines(*_BENT, refusable=True)),
    Probe("many-headers", "a name behind 130 others does not leave", _many),
    Probe("long-header", "a name behind a header of 8 or 70 kB does not leave", _long),
    Probe("pipelining", "requests that are sent all at once are told apart", _pipelined, "partner"),
    Probe("http-1.0", "HTTP/1.0 is treated as HTTP/1.1", _old),
    Probe("methods", "every method is treated as GET", _bodies),
    Probe("trailers", "no name leaves behind a chunked body", _trailers),
    Probe("upgrade", "a request to change the protocol lets nothing through", _lines(*_UPGRADES, refusable=True)),
    Probe("connect", "a tunnel is told nothing, neither when it is opened nor inside", _tunnels),
)
"""The probes of how a request lies on the wire."""
