"""What does the policy cost at the proxies? CPU microseconds per request, beside the plain proxy and other ways of doing it.

All fronts run at once and idle; in interleaved rounds each is asked by `wrk` for a while, and the CPU time of its processes is
divided by the requests that were answered. The least of the rounds is the honest figure, the median shows the noise. Latency is taken
apart from that, at a fixed rate (open loop), which a busy proxy cannot slow down.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_fronts import FRONTS, Gateway, gateway
from measure import FailedError, keep, load, machine, middle
from open_loop import latencies

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 2
CONNECTIONS = 32
RATE = 400
"""Requests a second at which latency is taken: far below what any of them can do."""

PARTNERS = 5_000
"""One in ten of them with all its subdomains."""

ASKED = re.compile(r"(\d+) requests in ")
FAILED = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")

SCRIPT = """\
local requests = {}
local headers = {
    ["User-Agent"] = "Mozilla/5.0 (Linux; Android 4.0.3; GT-I9100) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
    ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", ["Accept-Language"] = "en-GB,en;q=0.8",
    ["Accept-Encoding"] = "gzip, deflate", ["Referer"] = "http://www.news.example/front", ["Cookie"] = "sid=8f3a91c27f3a; lang=en; seen=1"
}
init = function(args)
    for i, host in ipairs({%(hosts)s}) do
        headers["Host"] = host
        requests[i] = wrk.format("GET", %(prefix)s .. "/read?id=4711&page=2", headers)
    end
end
local turn = 0
request = function()
    turn = turn %% #requests + 1
    return requests[turn]
end
"""
HOSTS = ("p17.partner.example", "news.example", "a.w3.partner.example", "shop.example")
"""Every other request goes to a partner."""


def edge(count: int, only: Sequence[str] | None = None) -> None:
    """Measure and keep the result."""
    before, begun = load(), time.strftime("%Y-%m-%d")
    wanted = list(only or FRONTS)
    with tempfile.TemporaryDirectory(prefix="whosaw-bench-") as folder, gateway(Path(folder), wanted, PARTNERS) as running:
        told = {name: running.told(name, HOSTS) for name in wanted}
        found: dict[str, list[dict[str, float]]] = {name: [] for name in wanted}
        for turn in range(count):
            for name in wanted:
                found[name].append(_asked(running, name, Path(folder)))
                print(f"round {turn + 1} of {count}, load {load()}: {name} {found[name][-1]['us']:.1f} us", file=sys.stderr)
        late = {name: latencies(running.fronts[name].port, HOSTS, RATE, absolute=running.fronts[name].absolute) for name in wanted}
    rows = [
        {
            "name": name,
            "title": FRONTS[name].title,
            "least_us": round(min(run["us"] for run in found[name]), 1),
            "median_us": round(middle(run["us"] for run in found[name]), 1),
            "per_second": round(max(run["per_second"] for run in found[name])),
            "p50_ms": late[name][0],
            "p99_ms": late[name][1],
            "told": told[name],
        }
        for name in wanted
    ]
    about = machine(("uvloop",)) | {"programs": _programs()}
    kept = keep(
        "edge",
        {
            "kind": "edge",
            "made": begun,
            "rounds": count,
            "seconds": SECONDS,
            "connections": CONNECTIONS,
            "rate": RATE,
            "partners": PARTNERS,
            "load": [before, load()],
            "machine": about,
            "fronts": rows,
            "left_out": [name for name in FRONTS if name not in wanted],
        },
    )
    print(kept, file=sys.stderr)


def _asked(running: Gateway, name: str, folder: Path) -> dict[str, float]:
    """Let `wrk` ask one front for a while; return CPU microseconds per request and requests a second."""
    front = running.fronts[name]
    script = folder / f"{name}.lua"
    hosts = ", ".join(f'"{host}"' for host in HOSTS)
    script.write_text(SCRIPT % {"hosts": hosts, "prefix": '"http://" .. host' if front.absolute else '""'})
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), f"http://127.0.0.1:{front.port}/"]
    before = cpu_ns(front.pids())
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used = cpu_ns(front.pids()) - before
    asked = ASKED.search(said)
    if asked is None or (wrong := FAILED.search(said)):
        raise FailedError(f"`{name}` did not answer as it should: {wrong[0] if asked else said[-500:]}")
    return {"us": used / 1000 / int(asked[1]), "per_second": int(asked[1]) / SECONDS}


def cpu_ns(pids: Sequence[int]) -> int:
    """Return the CPU time of processes and all their threads, in nanoseconds."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total


def _programs() -> dict[str, str]:
    asked: dict[str, tuple[str, ...]] = {
        "squid": ("-v",),
        "haproxy": ("-v",),
        "nginx": ("-v",),
        "c-icap": ("-V",),
        "mitmdump": ("--version",),
    }
    found: dict[str, Any] = {}
    for name, arguments in asked.items():
        program = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
        if program:
            run = subprocess.run([program, *arguments], check=False, capture_output=True, text=True)
            version = re.search(r"\d+\.\d+(?:\.\d+)*", run.stdout + run.stderr)
            found[name] = version[0] if version else "?"
    return found
