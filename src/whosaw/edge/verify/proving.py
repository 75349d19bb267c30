"""Does the running proxy obey the policy? Everything that is to be tried on a proxy, in its order: started here, or staging."""

from __future__ import annotations

import resource
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from whosaw.config.tables import seconds
from whosaw.edge.compiled import check
from whosaw.edge.dialects import DIALECTS
from whosaw.edge.verify.changing import LOGS, REASSIGNED, UNASKED, UNDER_LOAD, prove
from whosaw.edge.verify.mutants import mutants, rules
from whosaw.edge.verify.origins import Origins
from whosaw.edge.verify.probes import PROBES
from whosaw.edge.verify.running import program, version
from whosaw.edge.verify.scene import UNKNOWN, listed, stage
from whosaw.edge.verify.sending import Door, Result, send
from whosaw.edge.verify.starting import Stage, left_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from whosaw.edge.policy import Policy
    from whosaw.edge.verify.changing import Change, Live
    from whosaw.edge.verify.raw import Address
    from whosaw.edge.verify.report import Mutant

CHANGES = (UNDER_LOAD, REASSIGNED, LOGS, UNASKED)
_LONGEST_TTL = 30
_AT_ONCE = 4
"""So many proxies run at the same time while rules are left out; each mostly waits."""


class Found(NamedTuple):
    """What was found out about a proxy, its version, and the CPU time of this process and of the proxies."""

    version: str
    results: tuple[Result, ...]
    mutants: tuple[Mutant, ...]
    cpu_milliseconds: int


class Staging(NamedTuple):
    """A proxy of the operator's own, where our origins are to listen so that it reaches them, and which addresses it takes for whom."""

    proxy: Address
    origins: Mapping[str, Address]
    customers: tuple[str, ...] = ()
    unknown: str = UNKNOWN


def started(policy: Policy, target: str, moment: datetime, *, leave_out: bool = False, tell: Callable[[str], None]) -> Found:
    """Start the proxy here with what the policy compiles to, and try everything; with `leave_out`, each rule is left out in turn too.

    Raises `ConfigError` if the proxy is not installed, or if its rules would be weaker than the policy.
    """
    program(target)
    before = _cpu()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="whosaw-verify-")))
        folder.chmod(0o755)  # a proxy gives up the rights of root
        origins = stack.enter_context(Origins())
        first = _staged(policy, target, moment, folder / "0", origins)
        check(first.compiled, policy)
        with first.running() as live:
            results = tuple(_told(_everything(live, policy, keeps=first.keeps), tell))
        left: list[Mutant] = []
        if leave_out:
            names = rules(first)
            tell(f"leaving out {len(names)} rules, one after the other")
            more = [_staged(policy, target, moment, folder / str(turn), origins) for turn in range(1, _AT_ONCE)]
            left = mutants([first, *more], names)
    return Found(version(target), results, tuple(left), _cpu() - before)


def staging(policy: Policy, target: str, moment: datetime, where: Staging, *, tell: Callable[[str], None]) -> Found:
    """Try a proxy that somebody else runs; what would change it is not tried."""
    before = _cpu()
    gaps = left_open(DIALECTS[target](policy, moment, Path("/etc/whosaw")), policy)
    door = Door(where.proxy, "absolute" if target == "squid" else "origin")
    with Origins(where.origins) as origins:
        scene = stage(policy, moment, listed(policy, where.customers), where.unknown)
        ports = tuple((name, address[1]) for name, address in origins.addresses.items())
        scene = scene._replace(open_gaps=gaps, ports=ports)
        results = [*_told((send(scene, door, origins, probe) for probe in PROBES), tell)]
    results += [_impossible(change, "a staging proxy is asked, and not changed") for change in CHANGES]
    return Found("unknown", tuple(results), (), _cpu() - before)


def _staged(policy: Policy, target: str, moment: datetime, folder: Path, origins: Origins) -> Stage:
    folder.mkdir()
    return Stage(policy, target, moment, folder, origins)


def _everything(live: Live, policy: Policy, *, keeps: bool) -> Iterator[Result]:
    for probe in PROBES:
        yield send(live.scene, live.door, live.origins, probe)
    for change in CHANGES:
        if change is REASSIGNED and not live.scene.spots:
            yield _impossible(change, "no agreement is in force")
        elif change is REASSIGNED and keeps:
            yield _impossible(change, "an ICAP service goes by the operator's own customers, who stay where they are")
        elif change is REASSIGNED and seconds(policy.subscribers.ttl, "subscribers.ttl") > _LONGEST_TTL:
            yield _impossible(change, f"`subscribers.ttl` is {policy.subscribers.ttl}, and this waits {_LONGEST_TTL} s at most")
        else:
            yield prove(live, change)


def _impossible(change: Change, why: str) -> Result:
    return Result(probe=change.name, claim=change.claim, state="not expressible", why=(why,))


def _told(results: Iterable[Result], tell: Callable[[str], None]) -> Iterator[Result]:
    for result in results:
        tell(f"{result.probe}: {result.state}")
        yield result


def _cpu() -> int:
    """Return the milliseconds of CPU that this process and those it has ended have used."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(1000 * sum(each.ru_utime + each.ru_stime for each in used))
