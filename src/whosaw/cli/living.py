"""The live drill: start the make-believe operator for real, say where everything is, and end it at a signal or after a time."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import click

from whosaw.cli.watching import now, stopped_politely
from whosaw.errors import ConfigError

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from whosaw.drill.live.run import Operator

_LOOK = 0.5
"""Seconds after which is looked whether the proxies still run."""


def list_faults() -> int:
    """Show every fault there is."""
    from whosaw.drill.live.faults import FAULTS

    for name, fault in FAULTS.items():
        dial = f"={fault.dial:g}" if fault.span[0] < fault.span[1] else ""
        click.echo(f"{name + dial:<23}{fault.story} ({', '.join(fault.detectors)})")
    return 0


def live(folder: Path, *, faults: Sequence[str], address: str, traffic: float, seconds: float | None, seed: int) -> int:
    """Run the live operator until somebody ends it or its time is over."""
    from whosaw.drill.live.faults import switches
    from whosaw.drill.live.processes import CannotStartError
    from whosaw.drill.live.run import Operator
    from whosaw.drill.live.traffic import Traffic
    from whosaw.drill.live.web import loopback

    try:
        chosen, here = switches(faults), loopback(address)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    try:
        with stopped_politely() as stop, Operator(folder, faults=chosen, clock=_clock, seed=seed, address=here) as operator:
            click.echo(_introduced(operator, folder))
            with closing(Traffic(operator, traffic)) as visitors:
                _wait(operator, stop, seconds)
    except CannotStartError as problem:
        raise ConfigError(str(problem), hint=problem.hint) from problem
    click.echo(f"\nended     after {visitors.requests:,} requests of background traffic; what was shown wrongly: {folder / 'truth.json'}")
    click.echo(f"judge     whosaw judge {folder / 'whosaw.toml'}")
    return 0


def _clock() -> float:
    return now().timestamp()


def _wait(operator: Operator, stop: threading.Event, seconds: float | None) -> None:
    """Return when it is to end; a proxy that ended by itself is an error."""
    from whosaw.drill.live.processes import CannotStartError

    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        if stop.wait(_LOOK if end is None else max(0.0, min(_LOOK, end - time.monotonic()))):
            return
        fallen = operator.fallen()
        if fallen:
            raise CannotStartError(f"`{fallen}` has ended by itself", hint=f"see `{operator.out / fallen}`")


def _introduced(operator: Operator, folder: Path) -> str:
    from whosaw.drill.live.run import FACTS

    rows = [(name, url) for name, url in operator.urls.items() if name != "gateway"]
    rows.append(("gateway", f"{operator.urls['gateway']} is a proxy; ask it for http://news.example:{operator.sites_port}/"))
    rows.append(("faults", ", ".join(operator.faults) or "none"))
    rows.append(("logins", f"{', '.join(identity.name for identity in operator.cast.identities)}: see {folder / FACTS}"))
    rows.append(("logs", f"whosaw judge {folder / 'whosaw.toml'}"))
    return "\n".join(f"{name:<10}{what}" for name, what in rows)
