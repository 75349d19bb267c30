"""`whosaw edge compile` writes what a proxy needs, says what it cannot do, and refuses what would be weaker."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from policies import KEY, written
from whosaw.cli.edging import edge
from whosaw.edge.dialects import haproxy, nginx, squid
from whosaw.errors import ConfigError

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "compile-a-header-policy.md"


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


def test_a_policy_that_is_half_written_leaves_the_old_rules_as_they_were(tmp_path):
    policy, out = written(tmp_path), tmp_path / "out"
    run(policy, "--target", "nginx", "--out", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    policy.write_text(policy.read_text()[:-40])
    with pytest.raises(ConfigError):
        run(policy, "--target", "nginx", "--out", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("name", ["with space", "quo'te", "a;b", "{a}", "a$b", "line\nfeed"])
def test_a_folder_that_no_configuration_can_name_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="cannot stand in a proxy's configuration"):
        run(written(tmp_path), "--target", "squid", "--out", tmp_path / name)


def test_what_a_proxy_can_do_is_told_to_machines(tmp_path):
    report = json.loads(run(written(tmp_path), "--target", "squid", "--json").stdout)
    assert report["schema"] == "whosaw.edge/1"
    assert report["gaps"]["cookies"] == {"closed": "icap", "why": "Squid drops a Cookie header whole or not at all", "accepted": True}
    assert report["names"]["native"] > 100
    assert {"X-VF-Trace-*", "cookie imsi"} <= set(report["names"]["icap"])
    assert report["names"]["none"] == []


def test_what_the_operator_has_to_see_to_is_said(tmp_path):
    assert "`tune.http.maxhdr`" in run(written(tmp_path), "--target", "haproxy", "--out", tmp_path / "out").stderr


def test_agreements_count_as_of_a_time(tmp_path):
    ended = '[[partner]]\nagreement = "A"\nhosts = ["music.example"]\nfields = ["msisdn"]\nuntil = 2026-02-01T00:00:00Z\n'
    policy = written(tmp_path, ended)
    assert "music.example" in run(policy, "--target", "squid", "--as-of", "2026-01-31").stdout
    assert "music.example" not in run(policy, "--target", "squid", "--as-of", "2026-02-01").stdout


def test_the_guide_shows_what_is_said_and_what_is_compiled(tmp_path):
    page = GUIDE.read_text()
    (tmp_path / "edge.toml").write_text(page.partition("```toml\n")[2].partition("```")[0])
    (tmp_path / "subscribers.csv").write_text(page.partition("```text\n")[2].partition("```")[0])
    (tmp_path / "log.key").write_text(KEY)
    with pytest.raises(ConfigError) as refusal:
        run(tmp_path / "edge.toml", "--target", "squid")
    assert f"{refusal.value.message}\n\nhint: {refusal.value.hint}\n" in page
    assert f'layout = "{squid.LOG}"' in page
    assert f"log_format whosaw '{nginx.LOG}';" in page


def test_the_reference_has_every_log_format():
    page = GUIDE.parents[1].joinpath("reference", "edge-policy.md").read_text()
    assert f'layout = "{squid.LOG}"' in page
    assert f'layout = "{haproxy.CAPTURES}"' in page
    assert f"layout = '''{nginx.LOG}'''" in page
