"""Does the command serve until it is told to stop, and say nothing of those who came?"""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from watch.certificates import Authority
from wire.serving import raw

NUMBER = "447700900123"


@pytest.fixture
def command(tmp_path):
    """Run the command; its places are given when it listens, and what it said when it has ended."""
    running = []

    def started(*arguments):
        log = tmp_path / "talk"
        code = "from whosaw.cli import main; main()"
        env = {**os.environ, "PYTHONPATH": ":".join(p for p in sys.path if p)}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", code, "edge", "check-page", *map(str, arguments)], cwd=tmp_path, env=env, stdout=out, stderr=out
            )
        running.append(process)
        end, wanted = time.monotonic() + 30, 2 if "--https" in arguments else 1
        while len(ports := re.findall(r":(\d+)/\n", log.read_text())) < wanted:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end
            time.sleep(0.02)
        return process, [int(port) for port in ports], log

    yield started
    for process in running:
        process.kill()
        process.wait()


def test_the_page_is_served_and_ends_politely(command, tmp_path):
    certificate, key = Authority(tmp_path).sign("page")
    places = ("--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--cert", certificate, "--key", key)
    process, (clear, secure), log = command(*places, "--network", "10.64.0.0/10", "--operator", "Small Operator")
    path = raw(clear, "GET / HTTP/1.1", "Host: check.example")[1]["Location"]
    assert "Small Operator" in raw(clear, f"GET {path} HTTP/1.1", "Host: check.example", f"X-MSISDN: {NUMBER}")[2]
    raw(secure, f"GET {path.replace('/v/', '/s/')} HTTP/1.1", "Host: check.example", secure=True)
    page = raw(secure, f"GET {path.replace('/v/', '/r/')} HTTP/1.1", "Host: check.example", secure=True)[2]
    assert "who you are" in page
    assert "none of the operator" in page
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert len(log.read_text().splitlines()) == 2
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if NUMBER.encode() in path.read_bytes()] == []


def test_without_https_the_page_says_that_it_cannot_compare(command):
    _, (clear,), _ = command("--http", "127.0.0.1:0")
    path = raw(clear, "GET / HTTP/1.1", "Host: check.example")[1]["Location"]
    result = raw(clear, f"GET {path} HTTP/1.1", "Host: check.example")[1]["Location"]
    assert "the encrypted request did not arrive" in raw(clear, f"GET {result} HTTP/1.1", "Host: check.example")[2]


def test_what_does_not_belong_together_is_refused(run):
    assert run("edge", "check-page", "--https", "127.0.0.1:0").code == 2
    assert run("edge", "check-page", "--http", "80").message[0] == "`80` is no HOST:PORT"
    assert run("edge", "check-page", "--network", "x").message[0] == "`x` is no network"
