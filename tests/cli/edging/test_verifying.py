"""`whosaw edge verify`: verdict, doubts, detail; and a report that somebody vouches for."""

import json
import shutil
import stat
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from policies import written
from whosaw.cli import whosaw
from whosaw.cli.edging.verifying import verdict
from whosaw.edge import policy as policies
from whosaw.edge.verify.raw import Piece, talk
from whosaw.edge.verify.report import Mutant, Report
from whosaw.edge.verify.running import Running, command, free_port
from whosaw.edge.verify.sending import Result
from whosaw.edge.verify.surroundings import SURROUNDINGS, Around
from whosaw.errors import ConfigError, InputError


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def ran(*words):
        result = CliRunner().invoke(whosaw, ["edge", "verify", *map(str, words)], standalone_mode=False, catch_exceptions=False)
        return result.return_value, result.stdout, result.stderr

    return ran


@pytest.fixture
def verified(run, tmp_path):
    code, said, _ = run(written(tmp_path), "--target", "nginx", "--out", "reports/report.json", "--out", "reports/report.xml")
    return code, said, tmp_path / "reports" / "report.json"


def test_the_answer_is_verdict_then_doubts_then_detail_and_the_report_says_the_same(verified, run, tmp_path):
    code, said, path = verified
    first, *rest = said.splitlines()
    assert (code, first.split()[0]) == (0, "OBEYED")
    blank = rest.index("")
    assert all(line.startswith("  not expressible: ") for line in rest[:blank])
    assert any(line.split()[:2] == ["held", "names-lower"] for line in rest[blank:])
    report = json.loads(path.read_text())
    assert report["schema"] == "whosaw.edge-verify/1"
    assert report["policy"] == policies.load(tmp_path / "edge.toml").hash
    assert (report["target"], report["proxy"]) == ("nginx", "started")
    assert "4477009" not in path.read_text() + said
    assert len(ET.parse(path.with_suffix(".xml")).getroot()) == len(report["results"])  # noqa: S314 - it was written here
    key = tmp_path / "whosaw-out" / "verify.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert run("--check", path)[1].splitlines()[1] == first
    path.write_text(path.read_text().replace("held", "Held", 1))
    with pytest.raises(InputError, match="is no signed report"):
        run("--check", path)
    path.write_text(path.read_text().replace("Held", "held").replace('"requests": ', '"requests": 1', 1))
    with pytest.raises(InputError, match="was changed after it was signed"):
        run("--check", path)


def test_what_is_missing_on_the_command_line_is_said(run, tmp_path):
    from click import UsageError

    path = written(tmp_path)
    with pytest.raises(UsageError, match="say which proxy"):
        run(path)
    with pytest.raises(UsageError, match="--proxy needs"):
        run(path, "--target", "nginx", "--proxy", "127.0.0.1:1")
    with pytest.raises(UsageError, match="no HOST:PORT"):
        run(path, "--target", "nginx", "--proxy", "here")


def test_a_proxy_that_is_not_installed_is_said(run, tmp_path, monkeypatch):
    path = written(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ConfigError, match="`squid` is not installed"):
        run(path, "--target", "squid")


@pytest.fixture
def proxy(tmp_path, run):
    """The operator's own nginx with the compiled rules, and the ports at which it looks for the origins."""
    path = written(tmp_path)
    (tmp_path / "subscribers.csv").write_text("address,msisdn,acr\n127.0.0.21,447700900021,a21\n127.0.0.22,447700900022,a22\n")
    CliRunner().invoke(whosaw, ["edge", "compile", str(path), "--target", "nginx", "--out", "rules"], standalone_mode=False)
    ports = [free_port() for _ in range(3)]
    hosts = ("music.example", "tickets.example", "bank.example", ".tickets.example", "*.games.example", "games.example")
    around = Around(tmp_path, Path("rules").resolve(), "maps.conf", ("127.0.0.1",), ports[0], *(("127.0.0.1", p) for p in ports[1:]), hosts)
    text = SURROUNDINGS["nginx"](around).replace("map $host $verify_origin {", "map $host $verify_origin {\n    hostnames;")
    (tmp_path / "own.conf").write_text(text.replace("    tickets.example ", "    #").replace("    games.example ", "    #"))
    with Running(command("nginx", tmp_path, tmp_path / "own.conf"), ports[0]):
        yield path, [f"127.0.0.1:{port}" for port in ports]


def test_a_staging_proxy_is_asked_and_not_changed(run, proxy):
    path, (at, partner, stranger) = proxy
    asked = ("--target", "nginx", "--proxy", at, "--partner-origin", partner, "--stranger-origin", stranger)
    code, said, talked = run(path, *asked)
    assert "partner-exact: held" in talked
    assert "not expressible: reload-under-load (a staging proxy is asked, and not changed)" in said
    assert "a staging proxy was asked: its configuration was not seen" in said
    broken = [line for line in said.splitlines() if line.startswith(("!", "?"))]
    assert (code, broken) == (0, [])
    assert "447700900021" not in said + talked


def test_rules_that_a_staging_proxy_has_lost_are_found(run, proxy, tmp_path):
    path, (at, partner, stranger) = proxy
    asked = ("--target", "nginx", "--proxy", at, "--partner-origin", partner, "--stranger-origin", stranger, "--quiet")
    spoofed = [Piece(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")]
    assert talk(("127.0.0.1", int(at.partition(":")[2])), "127.0.0.21", spoofed, patience=5).statuses == (502,)
    (tmp_path / "subscribers.csv").write_text("address,msisdn,acr\n127.0.0.21,447700900031,a31\n127.0.0.22,447700900032,a32\n")
    code, said, _ = run(path, *asked)
    assert (code, said.split()[:2]) == (1, ["NOT", "OBEYED"])
    assert any(line.startswith("! broken") and "partner-exact" in line for line in said.splitlines())


def test_the_port_of_an_origin_that_is_taken_is_said(run, proxy):
    path, (at, partner, _) = proxy
    with pytest.raises(ConfigError, match=r"cannot listen at .*: address already in use"):
        run(path, "--target", "nginx", "--proxy", at, "--partner-origin", partner, "--stranger-origin", at)


@pytest.mark.parametrize(
    ("states", "mutants", "words"),
    [
        (["held"], (), "OBEYED"),
        (["held", "inconclusive"], (), "NOT KNOWN"),
        (["broken"], (), "NOT OBEYED"),
        (["held"], (Mutant(rule="a"),), "NOT OBEYED"),
        (["held"], (Mutant(rule="a", noticed_by="p"),), "each of 1 rules is missed"),
    ],
)
def test_the_verdict_is_never_better_than_what_was_found(states, mutants, words):
    results = tuple(Result(probe="p", claim="c", state=state) for state in states)
    report = Report(
        policy="0",
        catalogue="1",
        target="nginx",
        version="1",
        proxy="started",
        begun="",
        ended="",
        cpu_milliseconds=1,
        accepted=(),
        results=results,
        mutants=mutants,
    )
    assert words in verdict(report)
    assert verdict(report).startswith("OBEYED") == (report.exit_code == 0)
