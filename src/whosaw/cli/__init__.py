"""One command per question. Only this room prints, exits and reads the clock."""

from __future__ import annotations

import importlib
import sys

import click

from whosaw import __version__
from whosaw.errors import WhosawError

COMMANDS = {
    "judge": "whosaw.cli.judging:judge",
    "watch": "whosaw.cli.watching:watch",
    "report": "whosaw.cli.judging:report",
    "explain": "whosaw.cli.inquiry:explain",
    "scope": "whosaw.cli.inquiry:scope",
    "saw": "whosaw.cli.inquiry:saw",
    "repair": "whosaw.cli.inquiry:repair",
    "ledger": "whosaw.cli.ledgering:ledger",
    "edge": "whosaw.cli.edging:edge",
    "probe": "whosaw.cli.probing:probe",
    "drill": "whosaw.cli.drilling:drill",
    "init": "whosaw.cli.setup:init",
    "doctor": "whosaw.cli.setup:doctor",
}

FIRST_SCREEN = f"""\
whosaw {__version__} - who saw whose customer data, and were they entitled?

  Try it now          whosaw drill maxis-2010      a real incident, replayed on made-up people
  Judge your logs     whosaw judge access.log.gz   nothing is written outside ./whosaw-out
  Stop leaks          whosaw edge                  one header policy, compiled to the proxies and proved on them
  Ask live systems    whosaw probe target.toml     with test accounts, before a customer does
  Set up              whosaw init | doctor

All commands: whosaw --help
"""


class _Commands(click.Group):
    """Loads a command's module only when it is asked for: the help must answer at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(
    help="who saw whose customer data, were they entitled, since when, and how many?",
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="whosaw")
@click.option("--debug", is_flag=True, help="show the whole error when something goes wrong")
@click.pass_context
def whosaw(ctx: click.Context, *, debug: bool) -> None:
    """Who saw whose customer data, were they entitled, since when, and how many?"""
    ctx.obj = {"debug": debug}
    if ctx.invoked_subcommand is None:
        click.echo(FIRST_SCREEN, nl=False)


def main() -> None:
    """Run the command line. Exit codes are a promise, see docs/reference/cli.md."""
    try:
        code = whosaw(standalone_mode=False)
    except WhosawError as problem:
        if "--debug" in sys.argv:
            raise
        click.echo(f"{problem.message}\n\nhint: {problem.hint}", err=True)
        sys.exit(problem.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)
