"""How many decisions a second does `whosaw edge decide` give nginx (`auth_request`), and how late is the slowest hundredth?

`python bench/edge_decide.py [ENTITLEMENTS]` makes registries of so many entitlements and as many bills, starts the real service and a
real nginx on loopback ports, and loads them with wrk: closed loops (each connection asks again once it is answered), then a paced one
(each connection asks at random moments, whatever the last answer took, until it would have to ask twice at once). Nine of ten requests
are for the recipient's own bill. Wall time is worth something on a quiet machine only; the CPU of each process is worth something on any.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
SECONDS = 10
TICK = os.sysconf("SC_CLK_TCK")

CONFIG = """
[operator]
country = "GB"
[[source]]
name = "portal"
files = ["portal.log"]
channel = "portal"
recipient_kind = "customer_login"
[[source.route]]
template = "/bills/{bill}"
object = "bill"
data = ["bill"]
[[owner]]
object = "bill"
file = "bills.csv"
columns = { object = "bill", customer = "account", since = "since", until = "until" }
[[entitlement]]
basis = "ownership"
file = "logins.csv"
columns = { recipient = "login", customer = "account", since = "since", until = "until" }
"""

NGINX = """
worker_processes 1;
error_log {folder}/error.log crit;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000;
    upstream decide {{ server 127.0.0.1:{service}; keepalive 64; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port} reuseport;
        location / {{ root {folder}; try_files /page =404; }}
        location /bills/ {{ auth_request /decide; root {folder}; try_files /page =404; }}
        location = /decide {{
            internal;
            proxy_pass http://decide/auth/nginx;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_pass_request_headers off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Recipient $http_x_login;
        }}
    }}
}}
"""

SCRIPT = """
local count, paced, at_most = {count}, {paced}, {pause}
function init(args) math.randomseed(os.time()) end
function delay() if paced then return math.floor(-math.log(1 - math.random()) * at_most) else return 0 end end
function request()
    local own = math.random(0, count - 1)
    local bill = own
    if math.random() < 0.1 then bill = math.random(0, count - 1) end
    return wrk.format("GET", "{prefix}/B-" .. bill, {{ ["X-Login"] = "login-" .. own, ["X-Recipient"] = "login-" .. own,
        ["X-Original-URI"] = "/bills/B-" .. bill }})
end
done = function(summary, latency, requests)
    io.write(string.format("RESULT %d %d %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), latency:percentile(99.9), summary.errors.status, summary.errors.read + summary.errors.timeout))
end
"""


def registries(folder, count):
    (folder / "whosaw.toml").write_text(CONFIG)
    with (folder / "logins.csv").open("w") as logins, (folder / "bills.csv").open("w") as bills:
        logins.write("login,account,since,until\n")
        bills.write("bill,account,since,until\n")
        for i in range(count):
            logins.write(f"login-{i},A-{i},2012-01-01,\n")
            bills.write(f"B-{i},A-{i},2012-01-01,\n")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def started(*command, port, patience=300.0):
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(SOURCE)}, stdout=subprocess.DEVNULL)
    end = time.monotonic() + patience
    try:
        while True:
            try:
                HTTPConnection("127.0.0.1", port, timeout=patience).request("GET", "/health")
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended"
                assert time.monotonic() < end, f"{command[0]} does not listen"
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def cpu(pid):
    """CPU seconds of a process and its children so far."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    fields = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields) / TICK


def memory(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return {name: int(re.search(rf"{name}:\s+(\d+)", status)[1]) // 1024 for name in ("VmRSS", "VmHWM")}


def loaded(script, url, connections, count, *, rate=0, processes=()):
    """Load an address for a while, and return what came of it."""
    address, _, prefix = url.partition("#")
    pause = int(1000 * connections / rate) if rate else 0
    script.write_text(SCRIPT.format(count=count, paced="true" if rate else "false", pause=pause, prefix=prefix))
    before = {name: cpu(pid) for name, pid in processes}
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(script), address]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    requests, duration, p50, p99, p999, status, broken = map(int, re.search(r"RESULT (.*)", said)[1].split())
    row = {
        "connections": connections,
        "per second": round(requests / duration * 1e6),
        "p50 ms": p50 / 1000,
        "p99 ms": p99 / 1000,
        "p99.9 ms": p999 / 1000,
        "refused": round(status / requests, 3),
        "broken": broken,
    }
    return row | {f"{name} us": round((cpu(pid) - before[name]) / requests * 1e6, 1) for name, pid in processes}


def main(count):
    folder = Path(tempfile.mkdtemp(prefix="whosaw-decide-"))
    folder.chmod(0o755)
    try:
        registries(folder, count)
        (folder / "page").write_text("a page\n")
        service, proxy = free_port(), free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, service=service, port=proxy))
        began = time.monotonic()
        run = [
            sys.executable,
            "-m",
            "whosaw",
            "edge",
            "decide",
            str(folder),
            "--listen",
            f"127.0.0.1:{service}",
            "--dir",
            str(folder / "out"),
        ]
        nginx = ["nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        with started(*run, port=service) as decide, started(*nginx, port=proxy) as front:
            said = HTTPConnection("127.0.0.1", service, timeout=300)
            said.request("GET", "/health")
            health = json.loads(said.getresponse().read())
            print(json.dumps({"loaded s": round(time.monotonic() - began, 1), **health}))
            said.close()
            print(json.dumps({"memory MiB": memory(decide.pid), "load average": os.getloadavg()[0], "cores": os.cpu_count()}))
            both = [("decide", decide.pid), ("nginx", front.pid)]
            script, asked, direct = folder / "load.lua", f"http://127.0.0.1:{proxy}/", f"http://127.0.0.1:{service}/"
            show("nginx alone", loaded(script, asked + "#/open", 32, count, processes=both[1:]))
            show("service alone", loaded(script, direct + "#/auth/nginx?", 32, count, processes=both[:1]))
            for connections in (8, 16, 32, 64):
                show("through nginx", loaded(script, asked + "#/bills", connections, count, processes=both))
            for rate in (4000, 6000, 8000, 12000):
                show(f"through nginx, paced to {rate}", loaded(script, asked + "#/bills", 200, count, rate=rate, processes=both))
            print(json.dumps({"memory MiB": memory(decide.pid)}))
    finally:
        shutil.rmtree(folder)


def show(name, row):
    print(json.dumps({"what": name, **row}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
