"""From an address to what partners may be told of whoever has it: `lookup` answers Squid, line by line."""

from __future__ import annotations

from pathlib import Path

import click

from whosaw.edge import lookup as helper
from whosaw.errors import ConfigError


@click.command("lookup", help="answer Squid line by line: who has this address now, and what may partners be told of him?")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--value", "values", multiple=True, default=("msisdn:e164",), show_default=True, help="COLUMN:ENCODING to answer with; repeatable"
)
@click.option("--key-file", type=click.Path(path_type=Path), help="file with the key of the tokens that logs hold instead of a number")
def lookup(*, file: Path, values: tuple[str, ...], key_file: Path | None) -> int:
    """Answer until standard input ends."""
    for value in values:
        if value.partition(":")[2] not in helper.ENCODINGS:
            known = ", ".join(helper.ENCODINGS)
            raise ConfigError(f"`--value {value}` is no COLUMN:ENCODING", hint=f"write for example msisdn:e164; known encodings: {known}")
    helper.main(["subscribers", str(file), str(key_file or "-"), *values])
    return 0
