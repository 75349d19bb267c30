"""Which faults do existing configurations have? `edge lint` names the line, the rule and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.judging import now, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.edge.lint import Finding


@click.command(help="find the faults of configurations of Squid, HAProxy and nginx, of lists of partners and of policies")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--target",
    type=click.Choice(["squid", "haproxy", "nginx", "policy", "list"]),
    help="what the files are written for, where their names and words do not say it",
)
@click.option("--json", "as_json", is_flag=True, help="one JSON document on standard output")
@click.option("--sarif", type=click.Path(path_type=Path, dir_okay=False), help="also write SARIF 2.1.0, for code-scanning tools")
def lint(*, paths: Sequence[Path], target: str | None, as_json: bool, sarif: Path | None) -> int:
    """Find the faults of configurations of proxies, of lists of partners and of policies."""
    import msgspec

    from whosaw.edge.lint import LINTS, Level, Target
    from whosaw.edge.lint import lint as looked_at

    moment = now()
    findings = [finding for path in paths for finding in looked_at(path, moment, Target(target) if target else None)]
    errors = sum(finding.level is Level.ERROR for finding in findings)
    if sarif is not None:
        from whosaw.report import lint_sarif

        write_whole(sarif, lint_sarif.render(findings, LINTS))
    if as_json:
        document = {"schema": "whosaw.lint/1", "files": [str(path) for path in paths], "findings": findings}
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
    else:
        _show(findings, errors, len(paths))
    return 1 if errors else 0


def _show(findings: list[Finding], errors: int, files: int) -> None:
    from whosaw.report.figures import counted, visible

    warnings = len(findings) - errors
    click.echo(f"{counted(errors, 'error')}, {counted(warnings, 'warning')} in {counted(files, 'file')}")
    for finding in findings:
        click.echo(f"\n{visible(finding.file)}:{finding.line}: {finding.level} {finding.rule}: {finding.claim}")
        click.echo(f"    {visible(finding.what)}")
        click.echo(f"    hint: {finding.hint}")
