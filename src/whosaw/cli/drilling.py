"""The drill: a make-believe operator leaks, whosaw judges its logs as it would any other's, and the answer is held beside the truth."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whosaw.cli.judging import OUT, QUIET, checked_outs, command_line, keep, now, progress, show
from whosaw.model import Incident

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.model import Result


@click.command(help="replay real incidents on a make-believe operator, judge its logs, and compare with the truth; or let it run live")
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO...]")
@click.option("--list", "listing", is_flag=True, help="list the scenarios; with --live, the faults")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    help="folder of the logs, the ledger and the answer  [default: drill-out, with --live live-out]",
)
@click.option("--seed", type=int, default=7, show_default=True, help="which make-believe operator")
@click.option("--customers", type=int, default=2000, show_default=True, help="how many customers it has")
@click.option("--days", type=int, default=30, show_default=True, help="how many days of logs it writes")
@click.option("--live", "alive", is_flag=True, help="start the operator for real, on this machine: applications behind nginx and Squid")
@click.option("--fault", "faults", multiple=True, metavar="NAME[=VALUE]", help="with --live: switch a fault on; repeatable")
@click.option("--for", "seconds", type=click.FloatRange(min=0, min_open=True), help="with --live: end after so many seconds")
@click.option(
    "--traffic", type=click.FloatRange(0, 1000), default=5, show_default=True, help="with --live: requests a second of background traffic"
)
@click.option("--address", default="127.0.0.1", show_default=True, help="with --live: the loopback address to listen at")
@OUT
@QUIET
@click.pass_context
def drill(  # noqa: PLR0913 - one argument per option
    ctx: click.Context,
    *,
    scenarios: Sequence[str],
    listing: bool,
    folder: Path | None,
    seed: int,
    customers: int,
    days: int,
    alive: bool,
    faults: Sequence[str],
    seconds: float | None,
    traffic: float,
    address: str,
    outs: Sequence[str],
    quiet: bool,
) -> int:
    """Replay real incidents on a make-believe operator, judge its logs, and compare with the truth; or let it run live."""
    from whosaw.cli import living

    _check_together(ctx, alive=alive)
    if alive and listing:
        return living.list_faults()
    if alive:
        place = folder or Path("live-out")
        return living.live(place, faults=faults, address=address, traffic=traffic, seconds=seconds, seed=seed)
    if listing:
        return _list()
    return _replay(scenarios, folder or Path("drill-out"), seed=seed, customers=customers, days=days, outs=outs, quiet=quiet)


_LIVE_ONLY, _NOT_LIVE = ("faults", "seconds", "traffic", "address"), ("scenarios", "customers", "days", "outs", "quiet")


def _check_together(ctx: click.Context, *, alive: bool) -> None:
    """Refuse an option that would do nothing."""
    from click.core import ParameterSource

    given = {
        name for name in (*_LIVE_ONLY, *_NOT_LIVE) if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT and ctx.params[name]
    }
    odd = next((param for param in ctx.command.params if param.name in given.intersection(_NOT_LIVE if alive else _LIVE_ONLY)), None)
    if odd is not None:
        name = max(odd.opts, key=len) if isinstance(odd, click.Option) else "a scenario"
        raise click.UsageError(f"{name} {'and --live do not go together' if alive else 'needs --live'}")


def _list() -> int:
    from whosaw import drill as operator

    for name, story in operator.SCENARIOS.items():
        click.echo(f"{name:<18}{story}")
    return 0


def _replay(  # noqa: PLR0913 - what the options say
    scenarios: Sequence[str], folder: Path, *, seed: int, customers: int, days: int, outs: Sequence[str], quiet: bool
) -> int:
    from whosaw import drill as operator

    unknown = [name for name in scenarios if name not in operator.SCENARIOS]
    if unknown:
        raise click.UsageError(f"no scenario `{unknown[0]}`; there are {', '.join(operator.SCENARIOS)}")
    names = list(scenarios) or ["maxis-2010", "o2-headers-2012", "o2-bill-manager", "ooredoo-insider"]
    targets = checked_outs(outs)
    _make_room(folder)
    operator.write(folder, scenarios=names, seed=seed, customers=customers, days=days)
    result = _judged(folder, quiet=quiet)
    show(result, targets)
    truth = json.loads((folder / "truth.json").read_text())
    compared = compare(result, truth)
    click.echo("\n".join(_beside(compared, result)))
    return 0 if compared.ok else 1


@dataclass(frozen=True)
class Compared:
    """Each true incident with what was found for it, what was found without being true, and which rows were missed or over-claimed."""

    pairs: list[tuple[dict[str, Any], Incident | None, list[str]]]
    extra: list[Incident]

    @property
    def ok(self) -> bool:
        """Whether every true incident was found with the right numbers, and nothing else above the noise."""
        return all(found is not None and not problems for _, found, problems in self.pairs) and not self.extra


def compare(result: Result, truth: dict[str, Any]) -> Compared:
    """Hold an answer beside the truth: right detector, first row to the second, customers inside the bound."""
    left = list(result.incidents)
    pairs = []
    for true in truth["incidents"]:
        alike = [i for i in left if _same(i, true)]
        match = min(alike, key=lambda i: _apart(i, true), default=None)
        if match is not None:
            left.remove(match)
        pairs.append((true, match, _problems(true, match) if match else ["missed"]))
    return Compared(pairs, [i for i in left if i.evidence_kind != "weak"])


def _same(found: Incident, true: dict[str, Any]) -> bool:
    """Return whether a found incident is about this true one: its detector, its channel, and the very first row."""
    first = _moment(true["first"])
    return found.detector in true["detectors"] and found.channel == true["channel"] and found.since <= first <= found.until


def _apart(found: Incident, true: dict[str, Any]) -> tuple[int, bool, timedelta]:
    """Return how far a found incident is from this true one: of those that began in the same second, the one of the same cause is nearest."""
    apart = abs(found.since - _moment(true["first"]))
    return apart // timedelta(seconds=1), found.cause.value != true["cause"]["value"], apart


def _problems(true: dict[str, Any], found: Incident) -> list[str]:
    problems = []
    if found.since.replace(microsecond=0) != _moment(true["first"]).replace(microsecond=0):
        problems.append(f"first seen {found.since:%Y-%m-%d %H:%M:%S}, truth {true['first']}")
    if found.since_earliest is not None and found.since_earliest > _moment(true["first_true"]):
        problems.append(f"first possible {found.since_earliest:%Y-%m-%d %H:%M:%S} is later than the truth {true['first_true']}")
    proved, in_truth = len(true["customers"]), len(true["customers_true"])
    if found.customers.at_least != proved:
        problems.append(f"customers at least {found.customers.at_least:,}, truth in the logs {proved:,}")
    if not found.customers.at_least <= in_truth <= found.customers.at_most:
        problems.append(f"customers {found.customers.at_least:,} to {found.customers.at_most:,} do not hold the truth {in_truth:,}")
    if found.disclosures != true["rows"]:
        problems.append(f"{found.disclosures:,} disclosures, truth {true['rows']:,}")
    return problems


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _judged(folder: Path, *, quiet: bool) -> Result:
    from whosaw import config
    from whosaw.judge import Case, run

    path = folder / "whosaw.toml"
    settings, config_hash = config.load(path)
    case = Case(settings, config_hash, folder.resolve(), folder / "ledger")
    with progress(quiet=quiet) as tell:
        result = run(case, made=now(), command=command_line(), progress=tell)
    keep(case, result, [path])
    return result


def _make_room(folder: Path) -> None:
    """Empty a former drill's folder; a folder that holds anything else is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "truth.json").exists():
            raise click.UsageError(f"`{folder}` is not empty and no former drill; name another folder with --dir")
        shutil.rmtree(folder)


def _beside(compared: Compared, result: Result) -> list[str]:
    lines = ["", "TRUTH       what the make-believe operator did, beside what was found"]
    for true, found, problems in compared.pairs:
        name = f"{true['scenario']:<18}"
        if found is None:
            lines.append(f"  missed    {name}{true['detectors'][0]} since {true['first']}")
            continue
        bound = f"customers {found.customers.at_least:,} to {found.customers.at_most:,} (truth {len(true['customers_true']):,})"
        lines.append(
            f"  {'wrong' if problems else 'found':<9} {name}{found.id} {found.detector}, since {found.since:%Y-%m-%d %H:%M:%S}, {bound}"
        )
        lines += [f"            {'':<18}{problem}" for problem in problems]
    lines += [f"  extra     {'':<18}{i.id} {i.detector}: not in the truth" for i in compared.extra]
    if not compared.pairs and not compared.extra:
        lines.append("  nothing   happened, and nothing was found")
    weak = sum(1 for i in result.incidents if i.evidence_kind == "weak")
    lines.append(
        f"  verdict   {'all found, nothing invented' if compared.ok else 'NOT as it was'}"
        + (f" ({weak} weak findings below the noise)" if weak else "")
    )
    return lines
