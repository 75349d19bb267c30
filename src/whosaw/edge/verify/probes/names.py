"""Does any name that must not leave reach a server, however it is spelled?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.edge.policy import spellings
from whosaw.edge.verify.asking import SPOOF, STRANGER, Ask, Probe, Request, Trip, both, main, one
from whosaw.identifiers import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whosaw.edge.verify.scene import Scene

_BATCH = 80
"""So many headers go in one request: many servers refuse more than 100."""


def _mixed(name: str) -> str:
    return "".join(letter.upper() if turn % 2 else letter.lower() for turn, letter in enumerate(name))


def _listed(cased: Callable[[str], str]) -> Callable[[Scene], Iterator[Trip]]:
    def trips(scene: Scene) -> Iterator[Trip]:
        names = (s for name in scene.stripped if name.place == "header" and not name.prefix for s in spellings(name.name))
        lines = [f"{cased(name)}: {SPOOF}" for name in dict.fromkeys(names)]
        for start in range(0, len(lines), _BATCH):
            batch = tuple(lines[start : start + _BATCH])
            for request in both(scene):
                what = f"{batch[0].partition(':')[0]} and {len(batch) - 1} more names to {request.host}"
                yield one(what, scene.customers[0], request._replace(lines=batch))

    return trips


def _beginnings(scene: Scene) -> Iterator[Trip]:
    for name in scene.stripped:
        if name.prefix and name.place == "header":
            lines = tuple(f"{_mixed(start)}Probed: {SPOOF}" for start in spellings(name.name))
            for request in both(scene):
                asked = request._replace(lines=lines)
                yield one(f"names that begin with {name.name} to {request.host}", scene.customers[0], asked, gap="pattern-names")


def _unlisted(scene: Scene) -> Iterator[Trip]:
    """Make up a name for each ending of the catalogue, in one piece and with a separator within."""
    for ending in catalogue().suffixes:
        names = (f"X-Brandnew-{ending.suffix}", f"x_brandnew_{ending.suffix[:3]}-{ending.suffix[3:]}", f"Brandnew{ending.suffix}7")
        lines = tuple(f"{name}: {SPOOF}" for name in names if not scene.names.hold(name))
        yield one(f"{names[0]} to a stranger", scene.customers[0], Request(STRANGER, lines=lines), gap="unlisted-names")


def _cookies(scene: Scene) -> Iterator[Trip]:
    for name in scene.stripped:
        if name.place == "cookie":
            line = f"Cookie: theme=dark; {name.name}={SPOOF}; lang=en"
            for request in both(scene):
                yield one(f"the cookie {name.name} to {request.host}", scene.customers[0], request._replace(lines=(line,)), gap="cookies")


def _own_number(*, place: str) -> Callable[[Scene], Iterator[Trip]]:
    def trips(scene: Scene) -> Iterator[Trip]:
        number = scene.customers[0].values["msisdn"]
        for written in (number, f"+{number}"):
            request = {
                "header": Request(STRANGER, lines=(f"X-Foo: {written}",)),
                "cookie": Request(STRANGER, lines=(f"Cookie: theme=dark; token={written}",)),
                "address": Request(STRANGER, path=f"/shop?id={written}&"),
            }[place]
            yield one(f"the number as {'digits' if written == number else '+ and digits'}", scene.customers[0], request, gap="own-number")

    return trips


def _spoofed(scene: Scene) -> Iterator[Trip]:
    asked = main(scene)
    for header in sorted(scene.told(scene.customers[0], asked.host, port=asked.port, path=asked.path, to=asked.to)):
        for times in (1, 2, 3):
            lines = tuple(f"{_mixed(header) if turn else header.upper()}: {SPOOF}" for turn in range(times))
            yield one(f"{header} {times} times", scene.customers[0], asked._replace(lines=lines))
            yield one(f"{header} {times} times by an unknown customer", scene.unknown, asked._replace(lines=lines), "nothing")
            yield one(f"{header} {times} times to a stranger", scene.customers[0], Request(STRANGER, lines=lines))


def _kept_alive(scene: Scene) -> Iterator[Trip]:
    """Ask partner, stranger, partner over one connection, for each customer in turn: neither request nor customer may bleed."""
    spoof = tuple(f"{field.header}: {SPOOF}" for field in scene.policy.fields)
    asks = (Ask(main(scene)), Ask(Request(STRANGER)), Ask(main(scene)), Ask(Request(STRANGER, lines=spoof)), Ask(main(scene)))
    for customer in (*scene.customers, scene.unknown, *scene.customers):
        yield Trip("partner, stranger, partner", customer, asks)


NAMES = (
    Probe("names-lower", "no listed name leaves in lower case, in any spelling with - or _", _listed(str.lower)),
    Probe("names-upper", "no listed name leaves in capitals, in any spelling", _listed(str.upper)),
    Probe("names-mixed", "no listed name leaves in mixed case, in any spelling", _listed(_mixed)),
    Probe("name-patterns", "no name leaves that begins like one of the catalogue's patterns", _beginnings, "prefixes"),
    Probe("unlisted-names", "no name leaves that nobody listed and that ends like a listed one", _unlisted),
    Probe("cookies", "no listed cookie leaves", _cookies, "cookies"),
    Probe("own-number-header", "the customer's own number leaves under no name", _own_number(place="header")),
    Probe("own-number-cookie", "the customer's own number leaves in no cookie", _own_number(place="cookie")),
    Probe("own-number-address", "the customer's own number leaves in no address", _own_number(place="address")),
    Probe("spoofed", "values that the client made up, once or more, are replaced by exactly the right one", _spoofed, "partner"),
    Probe("kept-alive", "what one request is told does not bleed into the next of its connection", _kept_alive, "partner"),
)
"""The probes of names and values."""
