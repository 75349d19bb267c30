"""Does the gateway tell strangers who a customer is, and since when? `probe header-echo` asks own origins from behind it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.recording import recorded
from whosaw.cli.serving import serve
from whosaw.cli.watching import now, stopped_politely
from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.edge.record import Decision
    from whosaw.identifiers import Addition, Pseudonymiser
    from whosaw.probes.header_echo.asking import Asked
    from whosaw.probes.header_echo.runs import Run, Spell

_CODES = {"clean": 0, "dirty": 1, "inconclusive": 3}


@click.command("header-echo", help="ask own origins from behind the gateway: is a stranger told who a customer is, and since when?")
@click.argument("target", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--once", is_flag=True, help="one run, for a timer; so it is without --every, too")
@click.option("--every", metavar="DURATION", help="a run every so often (`10m`), until it is told to stop")
@click.option(
    "--record", "folder", type=click.Path(path_type=Path), default=Path("whosaw-echo"), show_default=True, help="folder of the record"
)
@click.option(
    "--key", type=click.Path(path_type=Path), help="key file of the ledger, for the disclosures  [default: secret.key in --record]"
)
@click.option("--summary", is_flag=True, help="say since when strangers were told, from the record; asks nothing")
@click.option("--origin", metavar="HOST:PORT", help="be an own origin: answer what arrived to whoever holds the key")
def header_echo(  # noqa: PLR0913 - one argument per option
    *, target: Path | None, once: bool, every: str | None, folder: Path, key: Path | None, summary: bool, origin: str | None
) -> int:
    """Ask own origins from behind the gateway: is a stranger told who a customer is, and since when?"""
    if summary:
        return _summary(folder)
    if target is None:
        raise click.UsageError("name the target file")
    if once and every:
        raise click.UsageError("--once and --every exclude each other")
    if origin:
        return _origin(target, origin)
    return _probe(target, folder, key or folder / "secret.key", every)


def _probe(path: Path, folder: Path, key: Path, every: str | None) -> int:
    from whosaw.config import echoing
    from whosaw.config.tables import seconds
    from whosaw.identifiers import Pseudonymiser
    from whosaw.identifiers.vault import secret
    from whosaw.probes.header_echo import asking, runs

    target = echoing.load(path)
    pause = seconds(every, "--every") if every else 0
    if every and not pause:
        raise ConfigError("`--every` is 0", hint='write for example "10m"')
    shared = secret(path.parent / target.key_file, make=False)
    pseudonyms = Pseudonymiser(secret(key))
    worst = lost = 0
    with stopped_politely() as stop:
        while True:
            run, asked = runs.once(target, shared, lambda host: asking.ask(target, shared, host, now()), now)
            lost += _record(folder, run, asked, pseudonyms)
            runs.append(folder, run)
            click.echo(f"{run.seen_at:%Y-%m-%d %H:%M:%S} {run.state}: {run.why}")
            worst = _CODES[run.state] if not every else max(worst, _CODES[run.state] == 1)
            if not every or stop.wait(pause):
                return recorded(lost, folder, worst)


def _origin(path: Path, place: str) -> int:
    from whosaw.config import echoing
    from whosaw.identifiers.vault import secret
    from whosaw.probes.header_echo.origin import Origin
    from whosaw.probes.header_echo.ticket import Gate
    from whosaw.wire.http import Server, listener

    target = echoing.load(path)
    serve(Server(Origin(Gate(secret(path.parent / target.key_file)), now)), (listener(place),))
    return 0


def _record(folder: Path, run: Run, asked: Sequence[Asked], pseudonyms: Pseudonymiser) -> int:
    """Write what strangers were told as disclosures, under the ledger's pseudonyms, where a source with `format = "edge"` reads them.

    Returns how many could not be written.
    """
    from whosaw.edge.record import append

    dirty = {name.host for name in run.names if name.state == "dirty"}
    told = [(one.host, addition) for one in asked if one.host in dirty for addition in one.additions if addition.weight]
    return append(folder, [_decision(run, host, addition, pseudonyms) for host, addition in told])


def _decision(run: Run, host: str, addition: Addition, pseudonyms: Pseudonymiser) -> Decision:
    from whosaw.edge.record import Decision, under

    number = _number(addition.value)
    return Decision(
        seen_at=run.seen_at,
        service="header-echo",
        outcome="shown",
        site=host,
        object=under(pseudonyms, "object", number and f"number:{number}"),
        method="GET",
        status=200,
        place=f"{addition.place}:{addition.shown}",
        why=addition.cls or addition.weight.name.lower(),
    )


def _number(value: str) -> str:
    """Return the digits of a number in any wrapping, or nothing."""
    from whosaw.identifiers import unwrap_all

    found = (re.fullmatch(r"\+?([0-9]{10,15})", text) for _, text in unwrap_all(value))
    return next((match[1] for match in found if match), "")


def _summary(folder: Path) -> int:
    from whosaw.probes.header_echo import runs

    all_of_them = runs.read(folder)
    found = runs.spells(all_of_them)
    counts = {state: sum(run.state == state for run in all_of_them) for state in _CODES}
    click.echo(", ".join(f"{n} {state}" for state, n in counts.items()) + f" of {len(all_of_them)} runs")
    for spell in found:
        click.echo(_told(spell))
    if not all_of_them or (not found and not counts["clean"]):
        return 3
    return 1 if found and found[-1].clean_again is None else 0


def _told(spell: Spell) -> str:
    form = "%Y-%m-%d %H:%M:%S UTC"
    began = f"after {spell.clean:{form}}, " if spell.clean else "no clean run before, "
    ended = f"clean again by {spell.clean_again:{form}}" if spell.clean_again else "not clean since"
    return (
        f"strangers were told {', '.join(spell.names)}: began {began}by {spell.first:{form}}; "
        f"last seen {spell.last:{form}}, {ended} ({spell.runs} dirty runs)"
    )
