"""Could all decisions be recorded? Every command that records them ends by saying so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path


def recorded(lost: int, folder: Path, code: int = 0) -> int:
    """Say how many decisions a folder did not take. Returns the exit code: 5 for any that is lost, otherwise the one given."""
    if not lost:
        return code
    click.echo(f"decisions that could not be recorded in {folder}: {lost:,}", err=True)
    return 5
