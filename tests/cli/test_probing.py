"""`probe TARGET` is `probe run TARGET`; other probes are named, and nothing is loaded before it is asked for."""

import subprocess
import sys

import click
import pytest

from whosaw.cli.probing import COMMANDS, probe


@pytest.mark.parametrize("words", [["probe.toml", "--plan"], ["--plan", "probe.toml"], ["run", "probe.toml", "--plan"]])
def test_what_is_no_command_is_the_target_of_run(words, monkeypatch):
    asked = []
    command = click.Command(
        "run", callback=lambda **options: asked.append(options), params=[click.Argument(["target"]), click.Option(["--plan"], is_flag=True)]
    )
    monkeypatch.setattr(type(probe), "get_command", lambda _self, _context, name: command if name == "run" else None)
    probe.main(words, standalone_mode=False)
    assert asked == [{"target": "probe.toml", "plan": True}]


def test_the_probes_are_listed():
    assert probe.list_commands(click.Context(probe)) == list(COMMANDS)


def test_help_loads_no_probe():
    code = """
import sys
from whosaw.cli import main
sys.argv = ["whosaw", "--help"]
try:
    main()
except SystemExit:
    print([name for name in sys.modules if name.startswith("whosaw.probes")])
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.endswith("[]\n")
