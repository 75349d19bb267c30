"""Which ways of keeping a number from strangers are compared? Each front is a real proxy on a port of its own, before one origin."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from measure import HERE, FailedError

CUSTOMERS = 500
"""Known addresses; the one who asks is the first."""

NUMBER = "447700900123"
PATIENCE = 20.0
NOBODY = "proxy"
"""Whom Debian's package makes for Squid, which refuses to work as root."""

POLICY = """\
accept = ["pattern-names", "unlisted-names", "cookies", "own-number", "expiry"]
partners = "partners.csv"
[[field]]
name = "msisdn"
header = "X-MSISDN"
[subscribers]
file = "subscribers.csv"
[log]
key_file = "log.key"
"""

ORIGIN = """\
daemon off; worker_processes 1; pid {home}/origin.pid; error_log {home}/origin.err;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000; client_body_temp_path {home}/origin-body; proxy_temp_path {home}/origin-proxy;
    fastcgi_temp_path {home}/origin-f; uwsgi_temp_path {home}/origin-u; scgi_temp_path {home}/origin-s;
    server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ return 200 "$http_x_msisdn\\n"; }} }}
}}
"""
"""It answers with the number it was told: so each front shows that it does what it is measured for."""

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
max_filedescriptors 8192
"""

HAPROXY = """\
global
    nbthread 1
    maxconn 4096
"""
FRONTEND = """\
    mode http
    timeout client 60s
    timeout connect 5s
    timeout server 60s
    http-reuse always
    bind 127.0.0.1:{port}
    server origin 127.0.0.1:{origin}
"""

NGINX = """\
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/nginx.err;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    {maps}
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            {rules}
        }}
    }}
}}
"""

MITMPROXY = '''\
"""The whole policy as an add-on: strip the names, tell partners the number."""

from pathlib import Path

NAMES = {names!r}
EXACT, BELOW = set({exact!r}), set({below!r})


def request(flow):
    """Do what the policy says with one request."""
    for name in NAMES:
        flow.request.headers.pop(name, None)
    host = flow.request.pretty_host.lower().rstrip(".")
    parts = host.split(".")
    if host in EXACT or any(".".join(parts[i:]) in BELOW for i in range(1, len(parts))):
        flow.request.headers["X-MSISDN"] = {number!r}
'''


@dataclass(frozen=True)
class Front:
    """What one front is, and whether it is asked as a forward proxy, by the absolute form of an address."""

    title: str
    start: Callable[[Gateway, Path, int], list[subprocess.Popen[bytes]]]
    absolute: bool = True
    tells: bool = True
    """Whether it tells partners the number: an echo does nothing."""


@dataclass
class Running:
    """A front that runs."""

    port: int
    absolute: bool
    started: list[subprocess.Popen[bytes]]

    def pids(self) -> list[int]:
        """Return its processes and theirs: workers and helpers."""
        found = [process.pid for process in self.started]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found


@dataclass
class Gateway:
    """The origin and all fronts before it."""

    home: Path
    origin: int
    fronts: dict[str, Running] = field(default_factory=dict)

    def told(self, name: str, hosts: Sequence[str]) -> list[bool]:
        """Return which hosts were told the number through a front; `FailedError` if it is not what its policy says."""
        front = self.fronts[name]
        found = [_told(front, host) for host in hosts]
        wanted = [FRONTS[name].tells and ".partner." in f".{host}" for host in hosts]
        if found != wanted:
            raise FailedError(f"`{name}` told {found} of {list(hosts)}, expected {wanted}")
        return found


def _told(front: Running, host: str) -> bool:
    with socket.create_connection(("127.0.0.1", front.port), timeout=10) as connection:
        target = f"http://{host}/" if front.absolute else "/"
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return NUMBER.encode() in answer


@contextmanager
def gateway(home: Path, wanted: Sequence[str], partners: int) -> Iterator[Gateway]:
    """Start the origin and the wanted fronts; end them all."""
    if os.getuid() == 0:
        shutil.chown(home, NOBODY)
    home.chmod(0o755)
    _write_policy(home, partners)
    with ExitStack() as stack:
        origin = _port()
        (home / "origin.conf").write_text(ORIGIN.format(home=home, port=origin))
        _begun(stack, [_started(home, "nginx", "-c", str(home / "origin.conf"))], origin)
        made = Gateway(home, origin)
        for name in wanted:
            port, folder = _port(), home / name
            folder.mkdir()
            if os.getuid() == 0:
                shutil.chown(folder, NOBODY)
            processes = FRONTS[name].start(made, folder, port)
            _begun(stack, processes, port)
            made.fronts[name] = Running(port, FRONTS[name].absolute, processes)
        yield made


def _begun(stack: ExitStack, processes: Sequence[subprocess.Popen[bytes]], port: int) -> None:
    for process in processes:
        stack.callback(_ended, process)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end or any(process.poll() is not None for process in processes):
                raise FailedError(f"nothing listens at port {port}") from None
            time.sleep(0.05)
        else:
            return


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _started(home: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    program = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise FailedError(f"`{name}` is not installed")
    with (home / f"{Path(name).name}.talk").open("wb") as talk:
        return subprocess.Popen([program, *arguments], stdout=talk, stderr=talk, stdin=subprocess.DEVNULL)


def _port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _write_policy(home: Path, partners: int) -> None:
    rows = [f"A-{i},p{i}.partner.example,msisdn" if i % 10 else f"A-{i},.w{i // 10}.partner.example,msisdn" for i in range(partners)]
    (home / "partners.csv").write_text("\n".join(["agreement,host,fields", *rows]) + "\n")
    known = [f"10.0.{i // 250}.{1 + i % 250},4477009{i:05}" for i in range(1, CUSTOMERS)]
    (home / "subscribers.csv").write_text("\n".join(["address,msisdn", f"127.0.0.1,{NUMBER}", *known]) + "\n")
    (home / "log.key").write_text("a key of the benchmark, known to everybody\n")
    (home / "edge.toml").write_text(POLICY)


def compiled(home: Path, target: str, folder: Path, *, icap: int = 0) -> Path:
    """Compile the policy for a proxy as a person would; return the folder of what came out."""
    policy = folder / "edge.toml"
    text = (home / "edge.toml").read_text()
    if icap:
        text = f'{text}\n[icap]\nurl = "icap://127.0.0.1:{icap}/request"\n'
    policy.write_text(text)
    for name in ("partners.csv", "subscribers.csv", "log.key"):
        shutil.copy(home / name, folder)
    out = folder / "compiled"
    _whosaw("edge", "compile", str(policy), "--target", target, "--out", str(out))
    return out


def _whosaw(*arguments: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    run = subprocess.run([sys.executable, "-m", "whosaw", *arguments], check=False, capture_output=True, text=True, env=environment)
    if run.returncode:
        raise FailedError(f"`whosaw {arguments[0]} {arguments[1]}` ended with {run.returncode}: {run.stderr[-800:]}")
