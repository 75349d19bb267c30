"""How long does a leak live before it is told? A portal writes its log at a steady rate, then leaks; a webhook hears of it.

One writer, one `whosaw watch`, one receiver, all on this machine. Afterwards the entitlements that explain every disclosure are filed,
late, and the time until the incident is taken back is measured.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from generate import AGENTS, CONFIG

WATCH = """
[[entitlement]]
basis = "ticket"
grade = "B"
file = "registry/tickets.csv"
columns = {{ recipient = "login", customer = "account", since = "since", until = "until" }}

[watch]
batch = "{batch}"

[[watch.tell]]
kind = "webhook"
url = "http://127.0.0.1:{port}/"
secret_env = "WHOSAW_WEBHOOK_SECRET"
"""

TICK = 0.1
SETTLED = 10
"""Seconds after the last line: its batch is over, so that late entitlements are the only thing left to judge."""

ROTATED_AFTER = 60
LEAKING = 0.005
"""Of the account pages, once the portal leaks."""


@dataclass
class Portal:
    """A self-care portal that writes its log at a steady rate, rotates it by renaming and packs what it has rotated."""

    folder: Path
    rate: int
    accounts: int
    seed: int = 2012
    lines: int = 0
    disclosures: int = 0
    wrong: list[tuple[int, int, str]] = field(default_factory=list)
    leaking: bool = False
    began_leaking: float = 0.0

    def run(self, seconds: float, leak_after: float) -> None:
        """Write for so many seconds; leak from `leak_after` on."""
        rng, began, rotated = random.Random(self.seed), time.monotonic(), time.monotonic()  # noqa: S311 - not for secrets
        due = 0.0
        while (passed := time.monotonic() - began) < seconds:
            self.leaking = passed >= leak_after
            due += self.rate * TICK
            self._write(rng, int(due) - self.lines)
            if time.monotonic() - rotated >= ROTATED_AFTER:
                self._rotate()
                rotated = time.monotonic()
            time.sleep(max(0.0, began + (int(due) / self.rate) - time.monotonic()))

    def _write(self, rng: random.Random, count: int) -> None:
        now = datetime.now(UTC)  # noqa: TID251 - a portal writes the hour it is
        stamp = f"{now:%d/%b/%Y:%H:%M:%S} +0000"
        text = "".join(self._line(rng, stamp, now) for _ in range(count))
        with (self.folder / "portal.log").open("a") as f:
            f.write(text)
        self.lines += count
        if self.wrong and not self.began_leaking:
            self.began_leaking = time.monotonic()

    def _line(self, rng: random.Random, stamp: str, now: datetime) -> str:
        who, kind = rng.randrange(self.accounts), rng.random()
        page = "/account" if kind < 0.6 else f"/bills/B{who:07}" if kind < 0.9 else "/static/app.css"
        shown = who
        if page == "/account" and self.leaking and rng.random() < LEAKING:
            shown = (who + 1 + rng.randrange(self.accounts - 1)) % self.accounts
            self.wrong.append((who, shown, f"{now:%Y-%m-%dT%H:%M:%SZ}"))
        self.disclosures += page != "/static/app.css"
        account = f"A{shown:07}" if page == "/account" else "-"
        return (
            f'10.{who // 65536 % 256}.{who // 256 % 256}.{who % 256} - u{who:07} [{stamp}] "GET {page} HTTP/1.1" 200 {900 + who % 9000} '
            f'"https://my.example/" "{AGENTS[who % len(AGENTS)]}" sid="{who * 7919 % 10**12:012}" shown="{account}" cache="-"\n'
        )

    def _rotate(self) -> None:
        """Rotate as logrotate does with `delaycompress`: rename, and pack what was renamed the time before."""
        older, old = self.folder / "portal.log.1", self.folder / "portal.log"
        if older.exists():
            packed = self.folder / f"portal.log.{self.lines}.gz"
            with older.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as out:
                shutil.copyfileobj(plain, out)
            older.unlink()
        old.rename(older)
        old.touch()


class Receiver(ThreadingHTTPServer):
    """Hears the webhook and notes when."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hearing)
        self.heard: list[tuple[float, dict[str, Any]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def first(self, wanted: Any, limit: float) -> float:
        """Return when the first message came that is wanted, waiting at most `limit` seconds."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            for when, message in list(self.heard):
                if wanted(message):
                    return when
            time.sleep(0.05)
        sys.exit(f"no such message in {limit:.0f} s; heard {[m for _, m in self.heard][-3:]}")


class _Hearing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.heard.append((time.monotonic(), body))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def prepare(home: Path, accounts: int, port: int, batch: str) -> None:
    """Write configuration and registries of a portal with so many accounts."""
    (home / "logs").mkdir()
    (home / "registry").mkdir()
    config = CONFIG.replace('"logs/*.log"', '"logs/portal.log*"') + WATCH.format(port=port, batch=batch)
    (home / "whosaw.toml").write_text(config)
    (home / "logs" / "portal.log").touch()
    one = "2011-06-01\n"
    registry = home / "registry"
    (registry / "logins.csv").write_text("login,account,since\n" + "".join(f"u{i:07},A{i:07},{one}" for i in range(accounts)))
    (registry / "bills.csv").write_text("bill,account,since\n" + "".join(f"B{i:07},A{i:07},{one}" for i in range(accounts)))
    (registry / "companies.csv").write_text(f"company,account,since\nC000001,A0000001,{one}")
    (registry / "company_users.csv").write_text(f"login,company,since\nk0000001,C000001,{one}")
    (registry / "tickets.csv").write_text("login,account,since,until\n")


def memory(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith("VmRSS"):
            return int(row.split()[1]) / 1024
    return 0.0


def sampled(pid: int, out: list[float], stop: threading.Event) -> None:
    while not stop.wait(5):
        out.append(memory(pid))


def cpu(pid: int) -> float:
    """Return the processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Found:
    """What was measured."""

    took: float
    told: float
    """From the first wrong line to the webhook, in seconds."""
    back: float
    """From the filing of the late entitlements to the webhook that takes the incident back, in seconds."""
    share: float
    sizes: list[float]
    verified: str
    lines: int
    wrong: int


def measure(home: Path, receiver: Receiver, given: argparse.Namespace) -> Found:
    """Let the portal write, leak and be explained before the eyes of a watch."""
    seconds = given.minutes * 60
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent.parent / "src"),
        "WHOSAW_WEBHOOK_SECRET": "whsec_" + "c2VjcmV0" * 4,
    }
    ledger = ["--dir", str(home / "ledger")]
    command = [sys.executable, "-m", "whosaw", "watch", str(home / "whosaw.toml"), *ledger, "--quiet"]
    watch = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        sizes, stop = list[float](), threading.Event()
        threading.Thread(target=sampled, args=(watch.pid, sizes, stop), daemon=True).start()
        portal, began = Portal(home / "logs", given.rate, given.accounts), time.monotonic()
        portal.run(seconds, seconds / 2)
        took = time.monotonic() - began
        told = receiver.first(lambda m: m["type"] == "incident.new", 120) - portal.began_leaking
        time.sleep(SETTLED)
        used = cpu(watch.pid)
        filed = time.monotonic()
        with (home / "registry" / "tickets.csv").open("a") as f:
            f.writelines(f"u{who:07},A{shown:07},{when},\n" for who, shown, when in portal.wrong)
        back = receiver.first(lambda m: m["type"] == "incident.withdrawn", 120) - filed
        stop.set()
    finally:
        watch.send_signal(signal.SIGTERM)
        watch.wait(60)
    verify = subprocess.run([*command[:3], "ledger", "verify", *ledger], env=environment, capture_output=True, text=True, check=False)
    verdict = (verify.stdout or verify.stderr).strip().splitlines()[0]
    return Found(took, told, back, used / took, sizes, verdict, portal.lines, len(portal.wrong))


def table(found: Found, given: argparse.Namespace) -> str:
    """Return what was measured as Markdown."""
    third = max(1, len(found.sizes) // 3)
    parts = (found.sizes[:third], found.sizes[third : 2 * third], found.sizes[2 * third :])
    memory_of = " / ".join(f"{max(part, default=0):,.0f}" for part in parts)
    return (
        f"{found.lines:,} lines in {found.took:.0f} s ({found.lines / found.took:,.0f}/s), {given.accounts:,} accounts, "
        f"batches of {given.batch}; {os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}\n\n"
        "| what | measured |\n|---|---:|\n"
        f"| first wrong line written to webhook received | {found.told:.1f} s |\n"
        f"| CPU of the watch, share of one core | {found.share:.0%} |\n"
        f"| memory, largest of the first / second / last third | {memory_of} MiB |\n"
        f"| {found.wrong:,} late entitlements filed to incident taken back | {found.back:.1f} s |\n"
        f"| `whosaw ledger verify` afterwards | {found.verified} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=5_000, help="lines per second")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--accounts", type=int, default=200_000)
    parser.add_argument("--batch", default="2s")
    given = parser.parse_args()
    receiver = Receiver()
    with tempfile.TemporaryDirectory(prefix="whosaw-live-") as temporary:
        home = Path(temporary)
        prepare(home, given.accounts, receiver.server_port, given.batch)
        print(table(measure(home, receiver, given), given))


if __name__ == "__main__":
    main()
