"""`whosaw edge icap` refuses what it cannot run with, in one message, before it listens."""

import pytest
from click.testing import CliRunner

from policies import GROUND, written
from whosaw.cli.edging import edge
from whosaw.cli.edging.icap import _told
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


def test_the_configuration_says_what_numbers_look_like_and_where_the_key_is(tmp_path):
    (tmp_path / "whosaw.toml").write_text('[operator]\ncountry = "GB"\nnumbers = ["4477009"]\n[keys]\nfile = "ledger.key"\n')
    profile, key = _told(tmp_path / "whosaw.toml")
    assert profile.owns("447700900123")
    assert key == tmp_path / "ledger.key"
    (tmp_path / "bare.toml").write_text("")
    assert _told(tmp_path / "bare.toml")[1] is None


def test_pages_with_numbers_need_to_be_told_what_they_look_like(tmp_path):
    page = '[[page]]\nroute = "/"\nshown = "numbers"\nown = "cookie:who"\n'
    with pytest.raises(ConfigError, match="numbers"):
        run(written(tmp_path, ground=page + GROUND), "--record", tmp_path / "r")
