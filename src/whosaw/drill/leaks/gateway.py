"""How does the gateway send subscribers' numbers to sites that have no right to them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.drill.clockwork import DAY, HOUR, MINUTE, START
from whosaw.drill.gateway import GATEWAYS, PartnersDropped

if TYPE_CHECKING:
    from whosaw.drill.leaks.plan import Plan, Scene

_SINCE = START + 4 * DAY + 2 * HOUR + 14 * MINUTE
_UNTIL = START + 19 * DAY + 14 * HOUR
_SILENT = (START + 4 * DAY + 8 * MINUTE, START + 4 * DAY + 3 * HOUR + 11 * MINUTE)


def partners_dropped(plan: Plan, scene: Scene) -> None:
    """Drop the partner list of one gateway from 10 January 02:14 to 25 January 14:00; odd seeds lose the log around the start."""
    case = plan.open("o2-headers-2012", ("enriched-request",), "gateway", "header")
    silent = _SILENT if scene.seed % 2 else (0, 0)
    plan.dropped.append(PartnersDropped(case, GATEWAYS[1], _SINCE, min(_UNTIL, scene.carrier.window.end), silent))
