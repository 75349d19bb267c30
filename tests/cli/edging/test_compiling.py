"""`whosaw edge compile` writes what a proxy needs, says what it cannot do, and refuses what would be weaker."""

import json

import pytest
from click.testing import CliRunner

from policies import written
from whosaw.cli.edging import edge
from whosaw.errors import ConfigError


def run(*arguments):
    return CliRunner().invoke(edge, ["compile", *map(str, arguments)], standalone_mode=False, catch_exceptions=False)


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_the_files_of_a_proxy_are_written(tmp_path, target):
    said = run(written(tmp_path), "--target", target, "--out", tmp_path / "out")
    assert said.return_value == 0
    assert f"files to {tmp_path / 'out'}" in said.stdout
    assert "own-number" in said.stderr
    assert any((tmp_path / "out").iterdir())


def test_without_a_folder_the_files_are_shown_but_no_number(tmp_path):
    said = run(written(tmp_path), "--target", "haproxy")
    assert "http-request set-header X-MSISDN" in said.stdout
    assert "4477009" not in said.output


def test_a_weaker_output_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ConfigError, match="nginx alone cannot stop"):
        run(written(tmp_path, head=""), "--target", "nginx", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_a_proxy_can_do_is_told_to_machines(tmp_path):
    report = json.loads(run(written(tmp_path), "--target", "squid", "--json").stdout)
    assert report["schema"] == "whosaw.edge/1"
    assert report["gaps"]["cookies"] == {"closed": "icap", "why": "Squid drops a Cookie header whole or not at all", "accepted": True}


def test_agreements_count_as_of_a_time(tmp_path):
    ended = '[[partner]]\nagreement = "A"\nhosts = ["music.example"]\nfields = ["msisdn"]\nuntil = 2026-02-01T00:00:00Z\n'
    policy = written(tmp_path, ended)
    assert "music.example" in run(policy, "--target", "squid", "--as-of", "2026-01-31").stdout
    assert "music.example" not in run(policy, "--target", "squid", "--as-of", "2026-02-01").stdout
