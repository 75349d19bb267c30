"""`whosaw edge icap` refuses what it cannot run with, in one message, before it listens."""

import pytest
from click.testing import CliRunner

from policies import written
from whosaw.cli.edging import edge
from whosaw.errors import ConfigError, InputError


def run(*arguments):
    return CliRunner().invoke(edge, ["icap", *map(str, arguments)], standalone_mode=False, catch_exceptions=False)


def test_an_address_that_is_none_names_its_option(tmp_path):
    with pytest.raises(ConfigError, match="--listen"):
        run(written(tmp_path), "--listen", "here", "--record", tmp_path / "r")


def test_a_policy_without_its_subscribers_is_refused(tmp_path):
    policy = written(tmp_path)
    (tmp_path / "subscribers.csv").unlink()
    with pytest.raises(InputError, match="subscribers"):
        run(policy, "--record", tmp_path / "r")
