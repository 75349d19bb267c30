"""Does following survive the real logrotate while a real process writes? Every line exactly once, in every way of rotating."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from watch.follow_loop import Loop
from whosaw.watch.follow import Patience

LINES = 3000
WRITER = """
import os, signal, sys, time
path, lines = sys.argv[1], int(sys.argv[2])
log = open(path, "ab", buffering=0)
again = hold = False
def reopen(*_):
    global again
    again = True
def stop(*_):
    global hold
    hold = True
signal.signal(signal.SIGHUP, reopen)
signal.signal(signal.SIGUSR1, stop)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
print("ready", flush=True)
for i in range(lines):
    if again:
        time.sleep(0.03)  # a busy server writes on for a while before it takes up the new file
        again = False
        log.close()
        log = open(path, "ab", buffering=0)
    if hold:
        hold = False
        print("held", flush=True)
        signal.sigwait({signal.SIGUSR2})
    whole = b"line %06d\\n" % i
    log.write(whole[:5])
    log.write(whole[5:])
    time.sleep(0.0005)
"""
WAYS = {
    "create": "create\nnocompress",
    "compress": "create\ncompress",
    "delaycompress": "create\ncompress\ndelaycompress",
    "olddir": "create\nnocompress\nolddir old",
}


def logrotate(folder, options, *, postrotate=""):
    program = shutil.which("logrotate", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
    if program is None:
        pytest.fail("`logrotate` is not installed, and this test is about what it really does: ./dev test installs it")
    settings = folder / "rotate.conf"
    script = f"postrotate\n{postrotate}\nendscript\n" if postrotate else ""
    settings.write_text(f'"{folder}/logs/access.log" {{\nsu {os.getuid()} {os.getgid()}\nrotate 50\n{options}\n{script}}}\n')
    settings.chmod(0o600)
    subprocess.run([program, "--force", "--state", folder / "state", settings], check=True, cwd=folder, capture_output=True)


@pytest.fixture
def writer(tmp_path):
    (tmp_path / "logs" / "old").mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "logs" / "access.log"), str(LINES)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def loop(tmp_path):
    yield Loop(tmp_path, "logs/access.log*")
    Loop.end()


def follow(loop, writer, rotate, *, restarts=False):
    loop.clock = time.monotonic
    loop.options = {"patience": Patience(rotated=2.0)}
    loop.restart()
    rotations = 0
    while writer.poll() is None:
        for _ in range(3):
            for piece in loop.follower.poll():
                loop.record(piece)
            time.sleep(0.02)
        rotate()
        rotations += 1
        if restarts and rotations % 2:
            loop.restart()
    for _ in range(4):
        for piece in loop.follower.poll(ending=True):
            loop.record(piece)
    assert rotations > 5
    return loop.lines()


@pytest.mark.parametrize("way", WAYS)
def test_every_line_counts_once_however_it_is_rotated(tmp_path, writer, loop, way):
    def rotate():
        logrotate(tmp_path, WAYS[way].replace("old\n", f"{tmp_path}/logs/old\n"), postrotate=f"kill -HUP {writer.pid} || true")

    assert follow(loop, writer, rotate) == [b"line %06d" % i for i in range(LINES)]


def test_every_line_counts_once_when_the_watch_is_restarted_between_rotations(tmp_path, writer, loop):
    def rotate():
        logrotate(tmp_path, WAYS["delaycompress"], postrotate=f"kill -HUP {writer.pid} || true")

    assert follow(loop, writer, rotate, restarts=True) == [b"line %06d" % i for i in range(LINES)]


def test_truncating_a_copied_log_doubles_nothing_and_loses_nothing_that_the_copy_holds(tmp_path, writer, loop):
    """The writer is held while it is copied: what it writes between copy and truncation is lost to logrotate itself, not to us."""

    def rotate():
        writer.send_signal(signal.SIGUSR1)
        if writer.stdout.readline() == b"held\n":  # nothing, when it has just ended
            logrotate(tmp_path, "copytruncate\ncompress\ndelaycompress")
            writer.send_signal(signal.SIGUSR2)

    assert follow(loop, writer, rotate) == [b"line %06d" % i for i in range(LINES)]
