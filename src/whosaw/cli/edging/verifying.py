"""Does the running proxy obey? `verify` tries it, says what held, and writes a report that somebody vouches for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.edging.compiling import AS_OF, TARGETS
from whosaw.cli.judging import QUIET, now, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.edge.policy import Policy
    from whosaw.edge.verify.proving import Found
    from whosaw.edge.verify.raw import Address
    from whosaw.edge.verify.report import Report

KEY = Path("whosaw-out/verify.key")
MARKS = {"held": " ", "broken": "!", "inconclusive": "?", "not expressible": "-"}


def _address(_: click.Context, parameter: click.Parameter, text: str | None) -> Address | None:
    if text is None:
        return None
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter(f"`{text}` is no HOST:PORT", param=parameter)
    return host, int(port)


@click.command("verify", help="try a policy on the real proxy with requests of every kind, and say what held; exit 1 if anything is broken")
@click.argument("policy", type=click.Path(path_type=Path), default=Path("edge.toml"))
@click.option("--target", type=click.Choice(TARGETS), help="which proxy; needed but with --check")
@click.option("--proxy", callback=_address, help="HOST:PORT of a staging proxy, instead of one that is started here")
@click.option("--partner-origin", callback=_address, help="with --proxy: HOST:PORT to listen at for what it sends to partners")
@click.option("--stranger-origin", callback=_address, help="with --proxy: HOST:PORT to listen at for what it sends to everybody else")
@click.option(
    "--customer", "customers", multiple=True, help="with --proxy: an address of this machine that is a customer's; two are needed"
)
@click.option("--unknown", default="127.0.0.99", show_default=True, help="with --proxy: an address of this machine that is no customer's")
@click.option("--mutants", is_flag=True, help="also leave out each rule in turn: some probe must notice")
@click.option("--out", "outs", type=click.Path(path_type=Path), multiple=True, help="write the signed report (JSON), or JUnit to *.xml")
@click.option("--key", type=click.Path(path_type=Path), help=f"key that signs, made on first use; default: {KEY}")
@click.option("--check", type=click.Path(path_type=Path), help="verify the signature of a report; --key names the public key")
@AS_OF
@QUIET
def verify(  # noqa: PLR0913 - one argument for each option
    *,
    policy: Path,
    target: str | None,
    proxy: Address | None,
    partner_origin: Address | None,
    stranger_origin: Address | None,
    customers: Sequence[str],
    unknown: str,
    mutants: bool,
    outs: Sequence[Path],
    key: Path | None,
    check: Path | None,
    as_of: datetime | None,
    quiet: bool,
) -> int:
    """Try a policy on the real proxy."""
    from whosaw.edge import policy as policies
    from whosaw.edge.verify import proving

    if check is not None:
        return _check(check, key or KEY.with_name(f"{KEY.name}.pub"))
    if target is None:
        raise click.UsageError("say which proxy with --target")
    begun, checked = now(), policies.load(policy)
    moment = as_of.replace(tzinfo=UTC) if as_of else begun
    tell = (lambda _: None) if quiet else (lambda text: click.echo(text, err=True))
    if proxy is None:
        found = proving.started(checked, target, moment, leave_out=mutants, tell=tell)
    elif partner_origin is None or stranger_origin is None or mutants:
        raise click.UsageError("--proxy needs --partner-origin and --stranger-origin, and goes without --mutants")
    else:
        origins = {"partner": partner_origin, "stranger": stranger_origin}
        found = proving.staging(checked, target, moment, proving.Staging(proxy, origins, tuple(customers), unknown), tell=tell)
    made = _report(checked, target, found, (begun, now()), started=proxy is None)
    # first the files: whoever reads only the beginning of the answer closes the pipe
    for path in outs:
        _write(made, path, key or KEY)
    _say(made)
    return made.exit_code


def _report(policy: Policy, target: str, found: Found, times: tuple[datetime, datetime], *, started: bool) -> Report:
    from whosaw.edge.verify.report import Report
    from whosaw.identifiers import catalogue

    begun, ended = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in times)
    return Report(
        policy=policy.hash,
        catalogue=catalogue().version,
        target=target,
        version=found.version,
        proxy="started" if started else "staging",
        begun=begun,
        ended=ended,
        cpu_milliseconds=found.cpu_milliseconds,
        accepted=policy.accept,
        results=found.results,
        mutants=found.mutants,
    )


def _say(report: Report) -> None:
    """Show the verdict, then the doubts, then each probe."""
    click.echo(verdict(report))
    for doubt in doubts(report):
        click.echo(f"  {doubt}")
    click.echo("")
    for result in report.results:
        click.echo(f"{MARKS[result.state]} {result.state:<15} {result.probe:<20} {result.claim}")
        if result.state == "broken":
            for why in result.why:
                click.echo(f"{'':19}{why}")


def verdict(report: Report) -> str:
    """Return the answer in one sentence."""
    broken, held, doubtful = (report.count(state) for state in ("broken", "held", "inconclusive"))
    about = f"{report.target} {report.version} with policy {report.policy}"
    if broken or report.survivors:
        return (
            f"NOT OBEYED  {about}: {broken} of {len(report.results)} claims are broken, {len(report.survivors)} rules are missed by nobody"
        )
    word = "NOT KNOWN" if doubtful else "OBEYED"
    left = f", each of {len(report.mutants)} rules is missed when it is left out" if report.mutants else ""
    return f"{word}  {about}: {held} of {len(report.results)} claims held, none is broken{left}"


def doubts(report: Report) -> list[str]:
    """Return what limits the answer."""
    found = [f"inconclusive: {result.probe} ({'; '.join(result.why)})" for result in report.results if result.state == "inconclusive"]
    found += [f"not expressible: {r.probe} ({r.why[0]})" for r in report.results if r.state == "not expressible"]
    found += [f"missed by nobody: rule {mutant.rule}" for mutant in report.survivors]
    if report.proxy == "staging":
        found.append("a staging proxy was asked: its configuration was not seen, and it was not changed")
    return found


def _write(report: Report, path: Path, key: Path) -> None:
    from whosaw.edge.verify.report import junit
    from whosaw.edge.verify.signing import signed, signing_key

    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, junit(report) if path.suffix == ".xml" else signed(report, signing_key(key)))


def _check(path: Path, key: Path) -> int:
    """Say whether a report is as it was signed; its own verdict is the exit code."""
    from whosaw.edge.verify.signing import checked, fingerprint, public_key

    public = public_key(key)
    report = checked(path, public)
    click.echo(f"signed with {fingerprint(public)} and unchanged since; {report.begun} to {report.ended}")
    click.echo(verdict(report))
    for doubt in doubts(report):
        click.echo(f"  {doubt}")
    return report.exit_code
