"""The service beside a real Squid: what it takes out, and that its death, its overload and its reload lose nothing but the extra layer."""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import websites
from policies import GROUND, PARTNERS, written
from websites import free_port, listening, until
from whosaw.edge import compiled, policy
from whosaw.edge.dialects import squid

NUMBER, OTHER = "447700900002", "447700900999"
SQUID = """\
http_port 127.0.0.1:{port}
visible_hostname gateway.example
cache_effective_user {user}
pid_filename {home}/squid.pid
cache_log {home}/cache.log
coredump_dir {home}
pinger_enable off
shutdown_lifetime 0 seconds
cache deny all
cache_peer 127.0.0.1 parent {origin} 0 no-query no-digest originserver name=origin
never_direct allow all
include {home}/out/whosaw.conf
http_access allow all
access_log none
"""
SOURCE = Path(compiled.__file__).parents[2]


class Gateway:
    """Squid with the compiled policy, the service, and a site that all names lead to."""

    def __init__(self, home, origin):
        self.home, self.origin = home, origin
        self.icap, self.health, self.port = free_port(), free_port(), free_port()
        self.processes = []
        ground = f'[icap]\nurl = "icap://127.0.0.1:{self.icap}/request"\n' + GROUND
        self.policy = written(home, PARTNERS, head="", ground=ground)
        (home / "log.key").chmod(0o644)
        moment = datetime(2026, 1, 15, tzinfo=UTC)
        checked = policy.load(self.policy)
        compiled.write(squid.compiled(checked, moment, home / "out"), home / "out")

    def start_icap(self, *more):
        command = [sys.executable, "-m", "whosaw", "edge", "icap", str(self.policy), "--listen", f"127.0.0.1:{self.icap}"]
        command += ["--health", f"127.0.0.1:{self.health}", "--record", str(self.home / "record"), *more]
        with (self.home / "icap.talk").open("ab") as talk:
            process = subprocess.Popen(command, stderr=talk, stdout=talk, env={**os.environ, "PYTHONPATH": str(SOURCE)})
        self.processes.append(process)
        until(lambda: listening(self.icap), "the service does not listen")
        return process

    def start_squid(self, configuration=SQUID):
        user = "proxy" if os.getuid() == 0 else getpass.getuser()
        ports = {"port": self.port, "icap": self.icap, "origin": self.origin.port}
        (self.home / "squid.conf").write_text(configuration.format(home=self.home, user=user, **ports))
        program = shutil.which("squid", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        assert program, "squid is not installed: ./dev test installs it"
        with (self.home / "squid.talk").open("wb") as talk:
            process = subprocess.Popen(
                [program, "-N", "-n", f"icap{self.port}", "-f", str(self.home / "squid.conf")], stdout=talk, stderr=talk
            )
        self.processes.append(process)
        until(lambda: listening(self.port) or process.poll() is not None, "squid does not listen")

    def ask(self, site, *headers, target="/", body=b""):
        """Visit a site as the customer of 127.0.0.2; return the status and what the site got."""
        before = len(self.origin.heads)
        lines = [f"{'POST' if body else 'GET'} http://{site}{target} HTTP/1.1", f"Host: {site}", "Connection: close", *headers]
        lines += [f"Content-Length: {len(body)}"] if body else []
        answer = websites.answer(self.port, "\r\n".join([*lines, "", ""]).encode() + body, "127.0.0.2")
        got = self.origin.heads[before:]
        return int(answer[9:12]), got[0] if got else b""

    def visit(self, path):
        """Visit the portal behind Squid; return the status and the page."""
        answer = websites.answer(self.port, f"GET {path} HTTP/1.1\r\nHost: my.example\r\nConnection: close\r\n\r\n".encode())
        return int(answer[9:12]), answer.partition(b"\r\n\r\n")[2]

    def about(self):
        return json.loads(websites.answer(self.health, b"GET / HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")[2])

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def gateway():
    with tempfile.TemporaryDirectory(prefix="whosaw-icap-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(home, "proxy")
        with websites.website({b"Content-Type": b"text/html", b"X-Session-Customer": b"A-1"}) as origin:
            made = Gateway(home, origin)
            try:
                yield made
            finally:
                made.close()


def test_what_no_list_of_names_finds_does_not_leave_through_squid(gateway):
    gateway.start_icap()
    gateway.start_squid()
    for headers, target in (
        ((f"X-Foo: {NUMBER}",), "/"),
        (("X-Foo: NDQ3NzAwOTAwMDAy",), "/"),
        ((f"Cookie: lang=en; u=%2B{NUMBER}",), "/"),
        ((), f"/read?id=1&m=0{NUMBER[2:]}"),
        (("X-Brandnew-Msisdn: 5",), "/"),
        (("Cookie: imsi=5; lang=en",), "/"),
    ):
        status, got = gateway.ask("news.example", *headers, target=target)
        assert status == 200
        assert not any(word in got.lower() for word in (b"7700900002", b"ndq3", b"msisdn", b"imsi")), got
    status, got = gateway.ask("news.example", target=f"/u/{NUMBER}")
    assert (status, got) == (403, b"")
    status, got = gateway.ask("music.example", f"X-MSISDN: {OTHER}")
    assert got.count(b"X-MSISDN: " + NUMBER.encode()) == 1
    assert OTHER.encode() not in got
    status, got = gateway.ask("news.example", f"X-Foo: {NUMBER}", body=b"m=" + NUMBER.encode())
    assert status == 200
    assert NUMBER.encode() not in got
    assert gateway.about()["decisions"]["stopped"] >= 7
    text = (gateway.home / "record" / "stopped.jsonl").read_text()
    assert "header:X-Foo" in text
    assert NUMBER[3:] not in text


def test_with_the_service_killed_no_listed_name_leaves(gateway):
    service = gateway.start_icap()
    gateway.start_squid()
    assert gateway.ask("news.example", f"X-MSISDN: {NUMBER}")[0] == 200
    service.kill()
    service.wait()
    for _ in range(12):
        status, got = gateway.ask("news.example", f"X-MSISDN: {NUMBER}", "X_Up_Subno: 1", "X-IMSI: 2")
        assert status == 200
        assert not any(word in got.lower() for word in (b"msisdn", b"subno", b"imsi", NUMBER.encode()))


def surf(gateway, seconds, got):
    """Visit strangers with a listed name until time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got.append(gateway.ask("news.example", f"X-MSISDN: {NUMBER}", "X_MSISDN: 1"))


def test_with_the_service_overloaded_and_reloading_no_listed_name_leaves(gateway):
    service = gateway.start_icap("--connections", "1")
    gateway.start_squid()
    got = []
    surfers = [threading.Thread(target=surf, args=(gateway, 3, got)) for _ in range(4)]
    for surfer in surfers:
        surfer.start()
    good = gateway.policy.read_text()
    for i in range(8):
        gateway.policy.write_text(good[: len(good) // 2] if i % 2 else good + f"\n# {i}\n")
        service.send_signal(signal.SIGHUP)
        time.sleep(0.2)
    for surfer in surfers:
        surfer.join()
    assert len(got) > 20
    assert {status for status, _ in got} == {200}
    assert not any(NUMBER.encode() in head or b"MSISDN" in head for _, head in got)
    assert "the old one" in (gateway.home / "icap.talk").read_text()
    assert service.poll() is None


def test_the_record_is_opened_anew_even_if_the_policy_cannot_be_read(gateway):
    service = gateway.start_icap()
    gateway.start_squid()
    record, away, talk = gateway.home / "record", gateway.home / "away", gateway.home / "icap.talk"
    gateway.policy.write_text("[[partner]\n")
    (record / "stopped.jsonl").rename(record / "stopped.1")
    service.send_signal(signal.SIGHUP)
    until((record / "stopped.jsonl").exists, "the file is made again")
    record.rename(away)
    record.touch()
    service.send_signal(signal.SIGHUP)
    until(lambda: "the files that are open are written on" in talk.read_text(), "it is told")
    gateway.ask("news.example", f"X-Foo: {NUMBER}")
    until(lambda: gateway.about()["recorded"] == 1, "it is recorded")
    assert len((away / "stopped.jsonl").read_text().splitlines()) == 1


def test_a_polite_end_answers_what_was_begun_and_keeps_the_record(gateway):
    service = gateway.start_icap()
    gateway.start_squid()
    gateway.ask("news.example", f"X-Foo: {NUMBER}")
    service.terminate()
    assert service.wait(20) == 0
    assert len((gateway.home / "record" / "stopped.jsonl").read_text().splitlines()) == 1


PORTAL = """\
http_port 127.0.0.1:{port} accel defaultsite=my.example
visible_hostname portal.example
cache_effective_user {user}
pid_filename {home}/squid.pid
cache_log {home}/cache.log
coredump_dir {home}
pinger_enable off
shutdown_lifetime 0 seconds
cache deny all
cache_peer 127.0.0.1 parent {origin} 0 no-query no-digest originserver name=origin
http_access allow all
icap_enable on
icap_service pages respmod_precache bypass=off icap://127.0.0.1:{icap}/response
adaptation_access pages allow all
access_log none
"""
RULE = '[[page]]\nroute = "/account"\nshown = "regex:Account (A-[0-9]+)"\nown = "response:X-Session-Customer"\nmode = "block"\n'
PAGES = {
    b"/account/mine": b"<h1>Account A-1</h1>",
    b"/account/mixed-up": b"<h1>Account A-2</h1>",
    b"/account/large": b"<p>Account A-1" + b" " * 60_000,
    b"/account/long": b"<p>Account A-1" + b" " * 600_000,
    b"/account/long-and-mixed-up": b"<p>Account A-2" + b" " * 600_000,
    b"/help": b"<h1>Help for Account A-2</h1>",
}


def test_before_a_portal_a_page_of_somebody_else_does_not_go_out(gateway):
    gateway.origin.pages = PAGES
    gateway.policy.write_text(RULE + gateway.policy.read_text())
    gateway.start_icap()
    gateway.start_squid(PORTAL)
    assert gateway.visit("/account/mine") == (200, PAGES[b"/account/mine"])
    assert gateway.visit("/help") == (200, PAGES[b"/help"])
    assert gateway.visit("/account/large") == (200, PAGES[b"/account/large"])
    for path in ("/account/mixed-up", "/account/long-and-mixed-up"):
        status, page = gateway.visit(path)
        assert (status, b"A-2" in page) == (403, False)
    assert gateway.visit("/account/long") == (200, PAGES[b"/account/long"])
    told = gateway.about()["decisions"]
    assert (told["foreign"], told["unseen"]) == (2, 1)


def test_another_client_understands_the_service(gateway):
    gateway.start_icap()
    program = shutil.which("c-icap-client")
    assert program, "c-icap-client is not installed: ./dev test installs it"
    more = ["-i", "127.0.0.1", "-p", str(gateway.icap), "-s", "request", "-req", "http://news.example/", "-v"]
    said = subprocess.run([program, *more], check=False, capture_output=True, text=True).stderr
    assert "204" in said
    said = subprocess.run([program, *more, "-hx", "X-MSISDN: 5"], check=False, capture_output=True, text=True).stderr
    assert "ISTag" in said
    assert "ICAP/1.0 20" in said


def test_an_address_that_is_taken_is_one_message(gateway):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", gateway.icap))
        taken.listen()
        command = [sys.executable, "-m", "whosaw", "edge", "icap", str(gateway.policy), "--listen", f"127.0.0.1:{gateway.icap}"]
        command += ["--record", str(gateway.home / "record")]
        run = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)})
    assert run.returncode == 4
    assert "cannot listen" in run.stderr


def test_a_record_that_cannot_be_written_is_one_message(gateway):
    command = [sys.executable, "-m", "whosaw", "edge", "icap", str(gateway.policy), "--record", "/proc/nowhere"]
    run = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)})
    assert run.returncode == 5
    assert run.stderr == (
        "cannot record decisions in `/proc/nowhere`: no such file or directory\n\nhint: name a folder that can be written\n"
    )
    assert "Traceback" not in run.stderr
