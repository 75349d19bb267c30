"""Is every partner told what its agreement says, and nobody else anything?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.edge.verify.asking import SPOOF, STRANGER, Probe, Request, at, both, one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whosaw.edge.verify.asking import Trip
    from whosaw.edge.verify.scene import Kind, Scene, Spot


def _spots(*kinds: Kind) -> Callable[[Scene], Iterator[Trip]]:
    def trips(scene: Scene) -> Iterator[Trip]:
        for spot in scene.spots:
            if spot.kind in kinds:
                for customer in scene.customers:
                    yield one(f"{spot.host}{spot.path} of {spot.agreement}", customer, at(spot))

    return trips


def _apexes(scene: Scene) -> Iterator[Trip]:
    yield from _spots("apex")(scene)
    for domain in scene.domains[:50]:
        yield one(f"the domain {domain} itself", scene.customers[0], Request(domain))


def _deep(scene: Scene) -> Iterator[Trip]:
    for spot in scene.spots:
        if spot.kind == "below":
            yield one(f"far below, {spot.host}", scene.customers[0], at(spot)._replace(host=f"d.e.f.{spot.host}"))


def _lookalikes(scene: Scene) -> Iterator[Trip]:
    for spot in scene.spots[:20]:
        for host in dict.fromkeys(_like(spot)):
            yield one(host, scene.customers[0], at(spot)._replace(host=host))


def _like(spot: Spot) -> Iterator[str]:
    """Yield hosts that a careless comparison takes for the spot's."""
    domain = spot.host.split(".", 1)[1] if spot.kind == "below" else spot.host
    first, _, rest = domain.partition(".")
    yield from (f"evil-{domain}", f"evil{domain}", f"{domain}.evil.example", f"evil.{domain}", f"{domain}evil", f"{domain}-evil.example")
    yield from (f"{first}evil.{rest}", f"{first}x{rest}.example", f"{first}.evil.{rest}", f"{domain}.{domain}.evil.example")
    if "." in rest:
        yield rest


def _one_of_each(scene: Scene) -> list[Spot]:
    """Return one spot of each agreement."""
    return list({spot.agreement: spot for spot in reversed(scene.spots)}.values())


def _fields(scene: Scene) -> Iterator[Trip]:
    lines = tuple(f"{field.header}: {SPOOF}" for field in scene.policy.fields)
    for spot in _one_of_each(scene):
        for customer in scene.customers:
            yield one(f"{spot.host} of {spot.agreement}", customer, at(spot)._replace(lines=lines))


def _unknown(scene: Scene) -> Iterator[Trip]:
    spoofs = tuple(f"{field.header}: {SPOOF}" for field in scene.policy.fields)
    for request in both(scene):
        for lines in ((), spoofs):
            yield one(f"nobody's address asks {request.host}", scene.unknown, request._replace(lines=lines), "nothing")


def _ended(scene: Scene) -> Iterator[Trip]:
    for partner in scene.not_in_force:
        for host in partner.hosts:
            request = Request(host.replace("*.", "shop.").lstrip("."), partner.ports[0], partner.path)
            yield one(f"{request.host} of {partner.agreement}", scene.customers[0], request)


def _paths(scene: Scene) -> Iterator[Trip]:
    for spot in scene.spots:
        if spot.path != "/":
            for path in ("/", f"/x{spot.path}", spot.path.upper(), f"/?p={spot.path}", f"{spot.path}deeper/"):
                yield one(f"{spot.host}{path}", scene.customers[0], at(spot)._replace(path=path))


def _ports(scene: Scene) -> Iterator[Trip]:
    for spot in _one_of_each(scene):
        for port in sorted({80, 8080, spot.port}):
            yield one(f"{spot.host} at port {port}", scene.customers[0], at(spot)._replace(port=port))
    yield one("a stranger at port 8080", scene.customers[0], Request(STRANGER, 8080))


def _places(scene: Scene) -> Iterator[Trip]:
    for spot in scene.spots:
        for address in scene.places:
            customer = scene.sixth if ":" in address else scene.customers[0]
            if customer is not None:
                yield one(f"{spot.host} at {address}", customer, at(spot)._replace(to=address))


PARTNERS = (
    Probe("partner-exact", "a partner's host is told exactly what its agreement says", _spots("exact"), "exact"),
    Probe("partner-below", "hosts below a partner's domain are told exactly what its agreement says", _spots("below"), "below"),
    Probe("partner-apex", "a domain itself is told only where the agreement means it too", _apexes, "domain"),
    Probe("partner-deep", "a host far below a partner's domain is told as one just below", _deep, "below"),
    Probe("look-alikes", "hosts whose names only resemble a partner's are told nothing", _lookalikes, "partner"),
    Probe("fields", "a partner is told its own fields and no other", _fields, "partner"),
    Probe("unknown-customer", "nobody is told anything of an address that belongs to no customer", _unknown),
    Probe("not-in-force", "an agreement that has ended or is still to begin tells nothing", _ended, "not in force"),
    Probe("path", "an agreement that is limited to a path tells nothing elsewhere", _paths, "path"),
    Probe("pinned-address", "a partner's name is told only at the addresses that it is pinned to", _places, "pins"),
    Probe("port", "a partner is told only at the ports of its agreement", _ports, "partner"),
)
"""The probes of who is told."""
