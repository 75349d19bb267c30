"""A real Squid that tells partners a customer's number is changed to tell everybody, and back; the probe behind it says between which runs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from whosaw import cli

NUMBER = "447700900123"
NOBODY = "proxy"
SQUID = """\
http_port 127.0.0.1:{port}
visible_hostname gateway.example
cache_effective_user {user}
pid_filename {home}/squid.pid
cache_log {home}/cache.log
access_log none
coredump_dir {home}
shutdown_lifetime 0 seconds
pinger_enable off
cache deny all
via off
forwarded_for delete
acl partners dstdomain music.example
cache_peer 127.0.0.1 parent {origin} 0 no-query no-digest originserver
never_direct allow all
http_access allow all
request_header_access X-MSISDN deny all
request_header_add X-MSISDN "{number}" {told}
"""
TARGET = """\
key_file = "echo.key"
domains = ["echo-one.example", "echo-two.example"]
partner = "music.example"
proxy = "127.0.0.1:{port}"
"""


@pytest.fixture
def squid(start, tools):
    """A Squid before the origin; `told` says whom it tells from now on."""
    home = Path(tempfile.mkdtemp(prefix="whosaw-squid-"))
    user = NOBODY if tools.user == "root" else tools.user
    port = tools.free_port()

    def write(told, origin):
        (home / "squid.conf").write_text(SQUID.format(port=port, home=home, user=user, origin=origin, told=told, number=NUMBER))

    def begin(origin):
        write("partners", origin)
        if tools.user == "root":
            shutil.chown(home, user)
        process = start("squid", "-N", "-f", str(home / "squid.conf"), port=port, trouble=home / "cache.log")
        return port, lambda told: (write(told, origin), process.send_signal(signal.SIGHUP))

    yield begin
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def origin(tmp_path, tools):
    """An own origin, as the command runs it."""
    port = tools.free_port()
    code = "from whosaw.cli import main; main()"
    talk = tmp_path / "origin.talk"
    with talk.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", code, "probe", "header-echo", "echo.toml", "--origin", f"127.0.0.1:{port}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": ":".join(p for p in sys.path if p)},
            stdout=out,
            stderr=out,
        )
    yield lambda: tools.until(lambda: b"listening" in talk.read_bytes() or process.poll() is not None, "the origin does not listen") or port
    process.terminate()
    assert process.wait(20) == 0, talk.read_text()


@pytest.fixture
def probe(tmp_path, monkeypatch, capsys):
    """Run the command in the test's folder; returns its exit code and what it said."""
    monkeypatch.chdir(tmp_path)

    def probe(*arguments):
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["whosaw", "probe", "header-echo", *arguments])
            with pytest.raises(SystemExit) as stop:
                cli.main()
        return stop.value.code or 0, capsys.readouterr().out

    return probe


def test_the_runs_bound_when_a_real_gateway_began_to_tell_strangers(tmp_path, squid, probe, tools, request):
    (tmp_path / "echo.toml").write_text(TARGET.format(port=1))
    listening = request.getfixturevalue("origin")
    port, tell = squid(listening())
    (tmp_path / "echo.toml").write_text(TARGET.format(port=port))
    assert probe("echo.toml", "--once")[0] == 0
    tell("all")
    tools.until(lambda: probe("echo.toml")[0] == 1, "the probe does not see that everybody is told")
    tell("partners")
    tools.until(lambda: probe("echo.toml")[0] == 0, "the probe does not see that only partners are told")
    code, said = probe("--summary")
    assert code == 0
    assert "strangers were told X-MSISDN: began after " in said
    assert "clean again by " in said
    rows = [json.loads(line) for line in (tmp_path / "whosaw-echo" / "runs.jsonl").read_text().splitlines()]
    assert {len(row["names"]) for row in rows} == {4}
    shown = [json.loads(line) for line in (tmp_path / "whosaw-echo" / "shown.jsonl").read_text().splitlines()]
    assert {(line["service"], line["place"], line["why"]) for line in shown} == {("header-echo", "header:X-MSISDN", "msisdn")}
    assert len({line["object"] for line in shown}) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and NUMBER.encode() in path.read_bytes()] == []


def test_a_gateway_that_is_gone_makes_a_run_inconclusive(tmp_path, probe, tools):
    (tmp_path / "echo.toml").write_text(TARGET.format(port=tools.free_port()))
    (tmp_path / "echo.key").write_text("5a" * 32 + "\n")
    code, said = probe("echo.toml")
    assert (code, "inconclusive: no answer: ConnectionRefusedError" in said) == (3, True)
    assert probe("--summary") == (3, "0 clean, 0 dirty, 1 inconclusive of 1 runs\n")
