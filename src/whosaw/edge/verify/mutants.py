"""Is every rule of the configuration missed by some probe? Each is left out in turn; a rule that nobody misses proves nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from whosaw.edge.verify.changing import LOGS, prove
from whosaw.edge.verify.probes import PROBES
from whosaw.edge.verify.report import Mutant
from whosaw.edge.verify.scene import fold
from whosaw.edge.verify.sending import send
from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whosaw.edge.verify.asking import Probe
    from whosaw.edge.verify.changing import Live
    from whosaw.edge.verify.scene import Scene
    from whosaw.edge.verify.sending import Result
    from whosaw.edge.verify.starting import Stage

_BY_NAME = ("names-mixed", "names-lower")
_BY_HOST = ("partner-exact", "partner-below", "partner-apex", "pinned-address")


def rules(stage: Stage) -> tuple[str, ...]:
    """Return the names of the rules that can be left out."""
    return tuple(dict.fromkeys(rule.name for rule in stage.compiled.rules if not rule.frame))


def mutants(stages: Sequence[Stage], names: Sequence[str]) -> list[Mutant]:
    """Leave out one rule after the other, run the proxy without it, and return who noticed; each stage takes its share."""
    with ThreadPoolExecutor(len(stages)) as pool:
        shares = pool.map(_share, stages, (names[turn :: len(stages)] for turn in range(len(stages))))
    found = {mutant.rule: mutant for share in shares for mutant in share}
    return [found[name] for name in names]


def _share(stage: Stage, names: Sequence[str]) -> list[Mutant]:
    return [_tried(stage, name) for name in names]


def _tried(stage: Stage, name: str) -> Mutant:
    try:
        with stage.without(name), stage.running() as live:
            broken = next((found for found in _found(live, name) if found.state == "broken"), None)
    except ConfigError as problem:
        return Mutant(rule=name, noticed_by="start", why=problem.message)
    return Mutant(rule=name, noticed_by=broken.probe, why=broken.why[0]) if broken else Mutant(rule=name)


def _found(live: Live, name: str) -> Iterator[Result]:
    """Send first the probes that the rule concerns, then, if none of them notices, all others."""
    scene, those = _concerned(live.scene, name)
    for probe in those:
        yield send(scene, live.door, live.origins, probe)
    for probe in PROBES:
        yield send(live.scene, live.door, live.origins, probe)
    yield prove(live, LOGS)


def _concerned(scene: Scene, name: str) -> tuple[Scene, tuple[Probe, ...]]:
    """Return the probes that a rule concerns, and the scene cut down to the names or hosts that it is about."""
    kind, _, about = name.partition(":")
    if kind == "strip":
        stripped = tuple(each for each in scene.stripped if fold(each.name) == fold(about))
        return scene._replace(stripped=stripped, spots=()), _named(_BY_NAME)
    if kind == "host":
        domain = about.partition(":")[2].partition("|")[0].lstrip("*.")
        spots = tuple(spot for spot in scene.spots if f".{spot.host}".endswith(f".{domain}"))
        return scene._replace(spots=spots), _named(_BY_HOST)
    return scene, ()


def _named(names: tuple[str, ...]) -> tuple[Probe, ...]:
    return tuple(probe for probe in PROBES if probe.name in names)
