"""Does it make a difference how a client writes the host it asks?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.edge.verify.asking import STRANGER, Probe, Request, at, both, main, one, with_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.edge.verify.asking import Form, Trip
    from whosaw.edge.verify.scene import Scene

_TWINS = {"a": "\u0430", "e": "\u0435", "o": "\u043e", "c": "\u0441", "i": "\u0456", "p": "\u0440", "s": "\u0455", "x": "\u0445"}
"""Letters of another script that look the same."""


_FORMS: tuple[Form, ...] = ("absolute", "origin")


def _cases(scene: Scene) -> Iterator[Trip]:
    for spot in scene.samples:
        for authority in (spot.host.upper(), spot.host.title()):
            yield one(authority, scene.customers[0], at(spot)._replace(authority=with_port(authority, spot.port)))
        yield one(f"{spot.host.upper()}.EVIL.EXAMPLE", scene.customers[0], Request(f"{spot.host.upper()}.EVIL.EXAMPLE"))


def _dots(scene: Scene) -> Iterator[Trip]:
    for spot in scene.samples:
        yield one(f"{spot.host}.", scene.customers[0], at(spot)._replace(authority=with_port(f"{spot.host}.", spot.port)))
        yield _odd(scene, f"{spot.host}..", Request(f"{spot.host}..", spot.port, spot.path))
    yield one(f"{STRANGER}.", scene.customers[0], Request(STRANGER, authority=f"{STRANGER}."))


def _odd(scene: Scene, what: str, request: Request) -> Trip:
    """Return a request that nobody should write: it may be refused, or arrive without anything."""
    return one(what, scene.customers[0], request, "at most", refusable=True)


def _forms(scene: Scene) -> Iterator[Trip]:
    for request in both(scene):
        yield one(f"http://{request.host}/", scene.customers[0], request._replace(form="absolute"))
        yield _odd(scene, f"/ of {request.host}", request._replace(form="origin"))


def _contradictions(scene: Scene) -> Iterator[Trip]:
    """Say two hosts: only the partner may be told, if the request is led there; nobody, if it says both in one line."""
    partner = main(scene).host
    for first, other in ((STRANGER, partner), (partner, STRANGER)):
        absolute = Request(partner, form="absolute", authority=first, hosts=(f"Host: {other}",))
        yield _odd(scene, f"the address says {first}, Host says {other}", absolute)
        yield _odd(scene, f"Host says {first}, then {other}", Request(partner, hosts=(f"Host: {first}", f"Host: {other}"), authority=first))
        joined = Request(partner, form="origin", hosts=(f"Host: {first}, {other}",))
        yield one(f"Host says {first}, {other}", scene.customers[0], joined, "nothing", refusable=True)


def _user_information(scene: Scene) -> Iterator[Trip]:
    partner = main(scene).host
    for authority in (f"{partner}@{STRANGER}", f"x:{partner}@{STRANGER}", f"{partner}:80@{STRANGER}", f"{STRANGER}@{partner}"):
        for form in _FORMS:
            yield _odd(scene, f"{authority}, {form}", Request(partner, authority=authority, form=form))


def _literals(scene: Scene) -> Iterator[Trip]:
    for host, port in (("[2001:db8::7]", 80), ("[2001:db8::7]", 8080), ("[::1]", 80), ("192.0.2.7", 80)):
        yield one(with_port(host, port), scene.customers[0], Request(host, port), "nothing", refusable=True)


def _twins(scene: Scene) -> Iterator[Trip]:
    for spot in scene.spots[:5]:
        below, name, top = ("." + spot.host).rsplit(".", 2)
        letter = next((c for c in name if c in _TWINS), "")
        twin = f"{below}.{name.replace(letter, _TWINS[letter], 1)}.{top}".lstrip(".") if letter else STRANGER
        coded = ".".join(label.encode("idna").decode() for label in twin.split("."))
        for host, how in ((coded, "in punycode"), (twin, "as it is")):
            yield one(f"a twin of {spot.host} {how}", scene.customers[0], Request(host, spot.port, spot.path), refusable=True)


HOSTS = (
    Probe("upper-case-host", "a host in capitals is the same host", _cases, "partner"),
    Probe("trailing-dot", "a host with a last dot is the same host", _dots, "partner"),
    Probe("absolute-form", "a whole address is treated as a path and a Host line", _forms),
    Probe("two-hosts", "a request that says two hosts never tells a stranger", _contradictions, "partner"),
    Probe("user-information", "a partner's name before an @ never tells a stranger", _user_information, "partner"),
    Probe("address-literal", "a server that is asked by its address is told nothing", _literals),
    Probe("punycode", "a name that looks like a partner's in another script is told nothing", _twins, "partner"),
)
"""The probes of how a host is written."""
