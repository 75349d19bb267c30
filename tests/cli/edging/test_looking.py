"""`whosaw edge lookup` speaks the protocol of Squid's helpers, and is light to start."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from policies import KEY, SUBSCRIBERS
from whosaw.cli.edging import edge
from whosaw.errors import ConfigError


def run(*arguments, asked=""):
    return CliRunner().invoke(edge, ["lookup", *map(str, arguments)], input=asked, standalone_mode=False, catch_exceptions=False)


def test_addresses_are_answered_under_the_numbers_of_their_questions(tmp_path):
    (tmp_path / "s.csv").write_text(SUBSCRIBERS)
    (tmp_path / "log.key").write_text(KEY)
    said = run(tmp_path / "s.csv", "--key-file", tmp_path / "log.key", "--value", "acr:e164", asked="4 127.0.0.9\n5 127.0.0.2\n")
    first, second = said.stdout.splitlines()
    assert first == "4 ERR"
    assert second.startswith("5 OK acr_e164=acr2 sent=")
    assert said.return_value == 0


def test_a_number_is_what_is_answered_if_nothing_else_is_asked_for(tmp_path):
    (tmp_path / "s.csv").write_text(SUBSCRIBERS)
    assert run(tmp_path / "s.csv", asked="0 127.0.0.3 -\n").stdout == "0 OK msisdn_e164=447700900003\n"


@pytest.mark.parametrize("value", ["msisdn", "msisdn:rot13", ""])
def test_an_encoding_that_is_not_known_is_refused(tmp_path, value):
    with pytest.raises(ConfigError, match="is no COLUMN:ENCODING"):
        run(tmp_path / "s.csv", "--value", value)


def test_nothing_heavy_is_loaded():
    check = "import sys, whosaw.cli.edging.looking; print(sorted({'duckdb', 'yaml', 'rich'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True).stdout == "[]\n"
