"""`whosaw drill --live`: what is said, what is refused, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from whosaw.drill.live import processes
from whosaw.drill.live.faults import FAULTS

PATIENCE = 30


@pytest.fixture
def folder():
    """A folder which Squid may enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="whosaw-live-") as made:
        Path(made).chmod(0o755)
        yield Path(made) / "run"


@pytest.fixture
def started(folder):
    """Start it in a process of its own and wait until it says where everything is."""
    running = []

    def begun(*arguments):
        command = [sys.executable, "-m", "whosaw", "drill", "--live", "--dir", str(folder), *arguments]
        path = os.pathsep.join(part for part in sys.path if part)
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        running.append(process)
        heard = []
        for line in process.stdout:
            heard.append(line)
            if line.startswith("logs"):
                break
        return process, "".join(heard)

    yield begun
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def pids(folder):
    return list(json.loads((folder / "operator.json").read_text())["processes"].values())


def test_the_faults_are_listed_each_with_what_it_is_found_as(run):
    said = run("drill", "--live", "--list")
    assert said.code == 0
    for name, fault in FAULTS.items():
        assert any(line.startswith(name) and fault.detectors[0] in line for line in said.out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--live", "--fault", "nonsense"), "no fault `nonsense`"),
        (("--live", "--address", "192.0.2.1"), "no IPv4 loopback address"),
        (("--live", "--days", "9"), "--days and --live do not go together"),
        (("--live", "maxis-2010"), "a scenario and --live do not go together"),
        (("--fault", "cached-page"), "--fault needs --live"),
        (("--live", "--for", "0"), "--for"),
        (("--live", "--traffic", "-1"), "--traffic"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_started(run, tmp_path, arguments, told):
    said = run("drill", *arguments)
    assert said.code == 2
    assert told in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_server_is_named_with_its_package(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(processes, "_SBIN", ())
    said = run("drill", "--live")
    assert (said.code, said.message) == (4, ("`nginx` is not installed", "apt-get install nginx"))
    assert list(tmp_path.iterdir()) == []


def test_it_ends_by_itself_and_its_logs_can_be_judged(run, folder):
    said = run("drill", "--live", "--dir", folder, "--for", "1.5", "--traffic", "60", "--fault", "header-to-everyone")
    assert said.code == 0
    assert "faults    header-to-everyone" in said.out
    assert "truth.json" in said.out
    assert not any(alive(pid) for pid in pids(folder))
    assert run("judge", folder, "--quiet").code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_it(started, folder, number):
    process, _ = started("--traffic", "0")
    left = pids(folder)
    assert all(alive(pid) for pid in left)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert "after 0 requests of background traffic" in out
    assert not any(alive(pid) for pid in left)
    assert (folder / "truth.json").exists()


def test_a_second_start_says_that_it_runs_already_and_a_killed_one_is_cleared_away(started, run, folder):
    process, _ = started()
    left = pids(folder)
    said = run("drill", "--live", "--dir", folder)
    assert said.code == 4
    assert "running already" in said.err
    process.kill()
    process.communicate()
    assert all(alive(pid) for pid in left), "who is killed cannot clear away"
    assert run("drill", "--live", "--dir", folder, "--for", "0.1").code == 0
    end = time.monotonic() + PATIENCE
    while any(alive(pid) for pid in left) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in left)


def test_a_proxy_that_falls_ends_the_rest_with_an_error(started, folder):
    process, _ = started()
    squid, nginx = (json.loads((folder / "operator.json").read_text())["processes"][name] for name in ("squid", "nginx"))
    os.kill(squid, signal.SIGKILL)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4
    assert "`squid` has ended by itself" in err
    assert not alive(nginx)
