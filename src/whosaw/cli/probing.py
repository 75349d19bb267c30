"""Ask the live systems, before a customer does: `probe TARGET`, and the probes that need no target file."""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, str] = {"run": "whosaw.cli.asking:run", "header-echo": "whosaw.cli.header_echo:header_echo"}


class _Commands(click.Group):
    """Loads a command's module only when it is asked for; what is no command is the target of `run`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` before arguments that name no command: `whosaw probe probe.toml`."""
        if args and args[0] not in COMMANDS and not {"-h", "--help"} & set(args[:1]):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(help="ask a live system with test accounts of your own: can one see what is another's?", cls=_Commands)
def probe() -> None:
    """Ask a live system with test accounts of your own: can one see what is another's?"""
