"""What does a leaking operator's evidence look like? A make-believe operator that leaks on demand, in raw logs of real formats.

The drill shares no code with what it tests, and takes nothing but the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.drill.bills import write_bills
from whosaw.drill.carrier import make_carrier
from whosaw.drill.clockwork import Window
from whosaw.drill.crm import DeskFaults, write_crm
from whosaw.drill.gateway import write_gateways
from whosaw.drill.portal import PortalFaults, write_portal
from whosaw.drill.registries import write_registries
from whosaw.drill.scenarios import SCENARIOS, make_plan
from whosaw.drill.settings import settings
from whosaw.drill.truth import Case, TrueIncident, Truth, conclude

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whosaw.drill.leaks.plan import Plan

__all__ = ["SCENARIOS", "TrueIncident", "Truth", "write"]

CUSTOMERS = range(300, 60_001)
"""Fewer cannot play all the parts, more would need more numbers than there are."""

LEAST_DAYS = 6


def write(out: Path, *, scenarios: Sequence[str], seed: int, customers: int = 2000, days: int = 20) -> Truth:
    """Return the truth of a drill whose logs, registries, `whosaw.toml` and `truth.json` now lie in a folder.

    The same arguments always give the same bytes.
    Raises `ValueError` for an unknown scenario or an impossible size, and `FileExistsError` where logs lie already.
    """
    if customers not in CUSTOMERS or days < LEAST_DAYS:
        raise ValueError(f"a drill needs {CUSTOMERS[0]} to {CUSTOMERS[-1]} customers and at least {LEAST_DAYS} days")
    carrier = make_carrier(seed, customers=customers, window=Window(days))
    plan = make_plan(scenarios, carrier, seed)
    if (out / "logs").exists():
        raise FileExistsError(f"`{out}` holds logs already, expected a new or empty folder")
    write_registries(out / "registry", carrier)
    (out / "whosaw.toml").write_text(settings(), encoding="utf-8")
    mistyped = Case("mistyped", ("unexplained-lookup",), "crm", "recipient")
    write_portal(out, carrier, seed, PortalFaults(next(iter(plan.mixups), None), plan.cache_hours, plan.visits))
    write_bills(out, carrier, seed, plan.views)
    write_gateways(out, carrier, seed, next(iter(plan.dropped), None))
    write_crm(out, carrier, seed, DeskFaults(plan.look_ups, plan.apart, mistyped if plan.cases else None))
    truth = conclude(seed, scenarios, plan.cases, mistyped, _gaps(plan))
    truth.save(out / "truth.json")
    return truth


def _gaps(plan: Plan) -> list[tuple[str, int, int]]:
    return [(f"logs/gateway/{fault.gateway}.log", *fault.silent) for fault in plan.dropped if fault.silent[1]]
