"""A decision that could not be recorded outweighs what a command would end with otherwise."""

from pathlib import Path

import pytest

from whosaw.cli.recording import recorded


@pytest.mark.parametrize(("lost", "ends", "says"), [(0, 3, ""), (1200, 5, "decisions that could not be recorded in edge-record: 1,200\n")])
def test_what_was_lost_is_told(capsys, lost, ends, says):
    assert recorded(lost, Path("edge-record"), 3) == ends
    assert capsys.readouterr().err == says
