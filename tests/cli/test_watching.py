"""Does `whosaw watch`, run as a program, tell of a leak while it happens, and end when it is asked to?"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from small_operator import line, operator

CONFIG = """
[[source]]
name = "portal"
files = ["portal.log*"]
channel = "portal"
format = "jsonl"
recipient_kind = "customer_login"
recipient = "login"
customer = "account"
session = "sid"

[[source.route]]
template = "/home"
data = ["account"]
self = true

[[entitlement]]
basis = "ownership"
file = "logins.csv"
columns = { recipient = "login", customer = "account", since = "since", until = "until" }

[[entitlement]]
basis = "ticket"
grade = "B"
file = "tickets.csv"
columns = { recipient = "who", customer = "whose", since = "since", until = "until" }
"""

TOLD = """
[watch]
batch = "1s"

[[watch.tell]]
kind = "webhook"
url = "http://127.0.0.1:{port}/hook"
secret_env = "HOOK_SECRET"
"""

LEAK = line("10:00", "anna", account="A2")
TICKET = "anna,A2,2012-01-10T09:55:00Z,2012-01-10T10:05:00Z\n"


@pytest.fixture
def shop(tmp_path):
    """A folder with a configuration, both registries, and a quiet log."""
    operator(tmp_path, [line("09:00", "anna", account="A1")], tickets_csv="who,whose,since,until\n")
    (tmp_path / "whosaw.toml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def hook():
    """A receiver of webhooks that remembers what it was told."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            self.server.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def started(folder, *more, **how):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOOK_SECRET": "whsec_" + "c2VjcmV0" * 4}
    command = [sys.executable, "-m", "whosaw", "watch", str(folder), "--dir", str(folder / "out"), *more]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def until(what, process, seconds=60):
    """Wait until something holds, as long as the program runs."""
    end = time.monotonic() + seconds
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


def kinds(server):
    return [(m["type"], m["data"]["incident"], m["data"]["revision"]) for m in server.heard]


def test_a_leak_is_told_while_it_happens_and_taken_back_when_it_is_explained(shop, hook):
    (shop / "whosaw.toml").write_text(CONFIG + TOLD.format(port=hook.server_port))
    process = started(shop)
    until((shop / "out" / "result.json").exists, process)
    with (shop / "portal.log").open("a") as f:
        f.write(f"{LEAK}\n")
    until(lambda: hook.heard, process)
    with (shop / "tickets.csv").open("a") as f:
        f.write(TICKET)
    until(lambda: len(hook.heard) == 2, process)
    process.send_signal(signal.SIGTERM)
    code, out, err = ended(process)
    assert kinds(hook) == [("incident.new", "INC-1", 1), ("incident.withdrawn", "INC-1", 2)]
    assert (code, err) == (0, "")
    assert [row.split(": ")[0].split()[2] for row in out.splitlines()] == ["new", "withdrawn"]
    assert "A2" not in out + json.dumps(hook.heard)


def test_a_kill_at_any_moment_costs_nothing(shop):
    process = started(shop)
    until((shop / "out" / "result.json").exists, process)
    with (shop / "portal.log").open("a") as f:
        f.writelines(f"{LEAK}\n" for _ in range(500))
    time.sleep(0.3)
    process.kill()
    ended(process)
    code, _, _ = ended(started(shop, "--once"))
    result = json.loads((shop / "out" / "result.json").read_text())
    assert code == 0
    assert (result["read"]["lines"], result["verdicts"]["unentitled"]) == (501, 500)


def test_once_takes_what_is_there_and_ends(shop):
    with (shop / "portal.log").open("a") as f:
        f.write(f"{LEAK}\n")
    code, out, err = ended(started(shop, "--once", "--json"))
    assert (code, err) == (0, "")
    (message,) = [json.loads(row) for row in out.splitlines()]
    assert message["type"] == "incident.new"
    assert ended(started(shop, "--once"))[1] == ""


def test_a_second_watch_is_told_who_watches_already(shop):
    process = started(shop)
    until((shop / "out" / "result.json").exists, process)
    code, _, err = ended(started(shop))
    process.terminate()
    assert ended(process)[0] == 0
    assert code != 0
    assert "another" in err
    assert "hint: " in err


def test_a_configuration_without_a_source_cannot_be_watched(shop):
    (shop / "whosaw.toml").write_text('[operator]\nname = "Example Mobile"\n')
    code, _, err = ended(started(shop))
    assert code == 4
    assert "[[source]]" in err


def test_questions_are_answered_while_it_watches(shop):
    with (shop / "portal.log").open("a") as f:
        f.write(f"{LEAK}\n")
    process = started(shop)
    until((shop / "out" / "result.json").exists, process)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "whosaw", "explain", "INC-1", "--dir", str(shop / "out")]
    asked = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    process.terminate()
    ended(process)
    assert asked.returncode == 0, asked.stderr
    assert "account-mixup" in asked.stdout
