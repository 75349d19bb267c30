"""From the policy to the proxies: `compile` writes their rules, or says why they would be weaker than the policy."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.judging import now

if TYPE_CHECKING:
    from whosaw.edge.compiled import Compiled
    from whosaw.edge.policy import Policy

TARGETS = ("squid", "haproxy", "nginx")
POLICY = click.argument("policy", type=click.Path(path_type=Path), default=Path("edge.toml"))
TARGET = click.option("--target", type=click.Choice(TARGETS), required=True, help="which proxy")
AS_OF = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]), help="the agreements in force at this time (UTC); default: now"
)


@click.command("compile", help="write the rules of a policy for a proxy, or say why they would be weaker than the policy")
@POLICY
@TARGET
@click.option("--out", type=click.Path(path_type=Path), help="folder for the files; without it they are shown")
@AS_OF
@click.option("--json", "as_json", is_flag=True, help="what this proxy can and cannot do, as JSON on standard output")
def compile_policy(*, policy: Path, target: str, out: Path | None, as_of: datetime | None, as_json: bool) -> int:
    """Write the rules of a policy for a proxy."""
    from whosaw.edge import compiled as pieces
    from whosaw.edge import policy as policies
    from whosaw.edge.dialects import DIALECTS

    checked = policies.load(policy)
    moment = as_of.replace(tzinfo=UTC) if as_of else now()
    place = pieces.plain((out or Path("/etc/whosaw/edge") / target).resolve())
    made = DIALECTS[target](checked, moment, place)
    if as_json:
        click.echo(json.dumps(_report(made, checked), indent=1))
    pieces.check(made, checked)
    if out is not None:
        pieces.write(made, out)
    _say(made, checked, out, quiet=as_json)
    return 0


def _report(made: Compiled, policy: Policy) -> dict[str, object]:
    """Return the capability report: what of the policy this proxy stops by its own rules, and what is left."""
    names = made.names(policy)
    return {
        "schema": "whosaw.edge/1",
        "target": made.target,
        "policy": policy.hash,
        "rules": sum(not rule.frame for rule in made.rules),
        "gaps": {gap: {"closed": how, "why": why, "accepted": gap in policy.accept} for gap, (how, why) in made.gaps.items()},
        "names": {"native": len(names["native"]), "icap": names["icap"], "none": names["none"]},
        "advice": list(made.advice),
    }


def _say(made: Compiled, policy: Policy, out: Path | None, *, quiet: bool) -> None:
    """Show what was written and what is left open; the files themselves if they were written nowhere, but none that holds numbers."""
    if quiet:
        return
    if out is None:
        for name, text in made.files().items():
            shown = (
                "(numbers: written with --out only)\n" if name in made.secret else text if name not in made.programs else "(a program)\n"
            )
            click.echo(f"# --- {name}\n{shown}")
    else:
        click.echo(f"wrote {len(made.files())} files to {out}, policy {policy.hash}; {made.main} says how it is used")
    for gap, (how, why) in made.gaps.items():
        said = {"native": "stopped here", "icap": "left to ICAP" if policy.icap.url else "accepted"}.get(how, "accepted")
        click.echo(f"  {gap:<15} {said}: {why}", err=True)
    names = made.names(policy)
    if left := names["icap"] + names["none"]:
        whose = "the ICAP service" if names["icap"] and policy.icap.url else "nothing here"
        click.echo(f"  {len(names['native'])} names are stopped here, {len(left)} by {whose}: {', '.join(left)}", err=True)
    for line in made.advice:
        click.echo(f"  note: {line}", err=True)
