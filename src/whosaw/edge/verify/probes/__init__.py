"""What is asked of a proxy, and what does each request prove? The table, in the order in which it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.edge.verify.probes.hosts import HOSTS
from whosaw.edge.verify.probes.names import NAMES
from whosaw.edge.verify.probes.partners import PARTNERS
from whosaw.edge.verify.probes.wire import WIRE

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.edge.verify.scene import Scene

PROBES = (*PARTNERS, *HOSTS, *NAMES, *WIRE)
"""Every probe whose requests say all; those that change the proxy while it runs are in `changing.py`."""

NEEDS: dict[str, tuple[Callable[[Scene], bool], str]] = {
    "": (lambda _: True, ""),
    "partner": (lambda scene: bool(scene.spots), "no agreement is in force"),
    "exact": (lambda scene: scene.spot("exact") is not None, "no agreement in force names a host"),
    "below": (lambda scene: scene.spot("below") is not None, "no agreement in force names the hosts below a domain"),
    "domain": (lambda scene: bool(scene.domains), "no agreement in force names a domain"),
    "path": (lambda scene: any(spot.path != "/" for spot in scene.spots), "no agreement in force is limited to a path"),
    "not in force": (lambda scene: bool(scene.not_in_force), "every agreement is in force"),
    "pins": (lambda scene: scene.policy.intercepted and bool(scene.spots), "the policy is not for intercepted traffic"),
    "prefixes": (lambda scene: any(name.prefix for name in scene.stripped), "the policy strips no names by their beginning"),
    "cookies": (lambda scene: any(name.place == "cookie" for name in scene.stripped), "the policy strips no cookies"),
}
"""What a probe may need, and what is said where it is not there."""
