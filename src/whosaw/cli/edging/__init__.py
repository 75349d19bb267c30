"""Prevention: `edge` keeps a customer's identity from leaving with a request, and proves it."""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, str] = {
    "compile": "whosaw.cli.edging.compiling:compile_policy",
    "icap": "whosaw.cli.edging.icap:icap",
    "decide": "whosaw.cli.edging.decide:decide",
    "lint": "whosaw.cli.edging.lint:lint",
    "lookup": "whosaw.cli.edging.looking:lookup",
    "verify": "whosaw.cli.edging.verifying:verify",
    "check-page": "whosaw.cli.edging.check_page:check_page",
}


class _Commands(click.Group):
    """Loads a command's module only when it is asked for."""

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
    help="keep a customer's identity from leaving with a request: one policy, compiled to the proxies and proved on them", cls=_Commands
)
def edge() -> None:
    """Keep a customer's identity from leaving with a request."""
