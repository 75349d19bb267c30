"""Which ways of keeping a number from strangers are compared? Each front is a real proxy on a port of its own, before one origin."""

from __future__ import annotations

import getpass
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
accept = ["pattern-names", "unlisted-names", "cookies", "own-number", "trailers", "expiry"]
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


def _squid(rules: str) -> Callable[[Gateway, Path, int], list[subprocess.Popen[bytes]]]:
    """Return what starts Squid with these rules; `{compiled}` is the folder of the policy's."""

    def start(made: Gateway, folder: Path, port: int) -> list[subprocess.Popen[bytes]]:
        user = NOBODY if os.getuid() == 0 else getpass.getuser()
        place = compiled(made.home, "squid", folder) if "{compiled}" in rules else folder
        text = SQUID.format(port=port, home=folder, user=user, origin=made.origin) + rules.format(compiled=place)
        (folder / "squid.conf").write_text(text + "http_access allow all\naccess_log none\n")
        return [_started(folder, "squid", "-N", "-n", f"bench{port}", "-f", str(folder / "squid.conf"))]

    return start


ICAP_RULES = """\
icap_enable on
icap_preview_enable on
adaptation_send_client_ip on
icap_service asked reqmod_precache bypass=off icap://127.0.0.1:{port}/{service}
adaptation_access asked allow all
"""


def _squid_whosaw(made: Gateway, folder: Path, port: int) -> list[subprocess.Popen[bytes]]:
    """Start Squid with the whole policy, and the ICAP service that it asks."""
    asked = _port()
    place = compiled(made.home, "squid", folder, icap=asked)
    service = _icap_service(folder, asked)
    _listening(asked, [service])
    return [*_squid(f"include {place}/whosaw.conf\n")(made, folder, port), service]


def _squid_c_icap(made: Gateway, folder: Path, port: int) -> list[subprocess.Popen[bytes]]:
    """Start Squid and an ICAP service in C that does nothing."""
    asked = _port()
    service = c_icap(folder, asked)
    _listening(asked, [service])
    return [*_squid(ICAP_RULES.format(port=asked, service="echo"))(made, folder, port), service]


def c_icap(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start c-icap with its echo."""
    modules = next(iter(Path("/usr/lib").glob("*/c_icap")), Path("/usr/lib/c_icap"))
    (folder / "c-icap.conf").write_text(
        f"PidFile {folder}/c-icap.pid\nCommandsSocket {folder}/c-icap.ctl\nPort 127.0.0.1:{port}\nStartServers 1\nMaxServers 1\n"
        f"ThreadsPerChild 32\nMaxRequestsPerChild 0\nMaxKeepAliveRequests -1\nModulesDir {modules}\nServicesDir {modules}\n"
        f"ServerLog {folder}/c-icap.log\nAccessLog /dev/null\nService echo srv_echo.so\nDebugLevel 0\n"
    )
    return _started(folder, "c-icap", "-N", "-f", str(folder / "c-icap.conf"))


@contextmanager
def services(home: Path) -> Iterator[dict[str, tuple[Running, str]]]:
    """Start our ICAP service and c-icap's echo; give each with the name of its service."""
    folder = home / "icap"
    folder.mkdir()
    ports = _port(), _port()
    shutil.copy(home / "log.key", folder)
    shutil.copy(home / "partners.csv", folder)
    rows = "".join(f"10.0.{i}.1,4477009{i:05}\n" for i in range(64))
    (folder / "subscribers.csv").write_text("address,msisdn\n" + rows)
    (folder / "edge.toml").write_text(POLICY)
    with ExitStack() as stack:
        ours = _icap_service(folder, ports[0])
        _begun(stack, [ours], ports[0])
        theirs = c_icap(folder, ports[1])
        _begun(stack, [theirs], ports[1])
        yield {"whosaw": (Running(ports[0], False, [ours]), "request"), "c-icap": (Running(ports[1], False, [theirs]), "echo")}


def _icap_service(folder: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    command = [sys.executable, "-m", "whosaw", "edge", "icap", str(folder / "edge.toml"), "--listen", f"127.0.0.1:{port}"]
    with (folder / "icap.talk").open("wb") as talk:
        return subprocess.Popen([*command, "--record", str(folder / "record")], stdout=talk, stderr=talk, env=environment)


def _listening(port: int, processes: Sequence[subprocess.Popen[bytes]]) -> None:
    with ExitStack() as stack:
        _begun(stack, processes, port)
        stack.pop_all()


def _haproxy(*, policy: bool) -> Callable[[Gateway, Path, int], list[subprocess.Popen[bytes]]]:
    def start(made: Gateway, folder: Path, port: int) -> list[subprocess.Popen[bytes]]:
        rules = ["-f", str(compiled(made.home, "haproxy", folder) / "whosaw.cfg")] if policy else []
        inherited = " from whosaw" if policy else " from plain"
        (folder / "haproxy.cfg").write_text(
            f"global\n    nbthread 1\n    maxconn 4096\ndefaults plain\n    mode http\n    timeout connect 5s\n    timeout server 60s\n"
            f"    timeout client 60s\n    http-reuse always\nfrontend gateway{inherited}\n    timeout client 60s\n    bind 127.0.0.1:{port}\n"
            f"    default_backend web\nbackend web from plain\n    server origin 127.0.0.1:{made.origin}\n"
        )
        return [_started(folder, "haproxy", *rules, "-f", str(folder / "haproxy.cfg"))]

    return start


def _nginx(*, policy: bool) -> Callable[[Gateway, Path, int], list[subprocess.Popen[bytes]]]:
    def start(made: Gateway, folder: Path, port: int) -> list[subprocess.Popen[bytes]]:
        place = compiled(made.home, "nginx", folder) if policy else folder
        maps, rules = (f"include {place}/maps.conf;", f"include {place}/rules.conf;") if policy else ("", "")
        text = NGINX.format(home=folder, port=port, origin=made.origin, maps=maps, rules=rules)
        (folder / "nginx.conf").write_text(text)
        return [_started(folder, "nginx", "-c", str(folder / "nginx.conf"))]

    return start


def _mitmproxy(made: Gateway, folder: Path, port: int) -> list[subprocess.Popen[bytes]]:
    """Start mitmproxy with the whole policy as an add-on."""
    sys.path.insert(0, str(HERE.parent / "src"))
    from datetime import UTC, datetime

    from whosaw.edge import policy as policies

    checked = policies.load(made.home / "edge.toml")
    (group,) = checked.groups(datetime(2026, 1, 1, tzinfo=UTC))
    names = [listed.name for listed in checked.stripped() if listed.place == "header" and not listed.prefix]
    text = MITMPROXY.format(names=names, exact=list(group.exact), below=list(group.below), number=NUMBER)
    (folder / "addon.py").write_text(text)
    mode = f"upstream:http://127.0.0.1:{made.origin}"
    command = ["--mode", mode, "--listen-host", "127.0.0.1", "-p", str(port), "-s", str(folder / "addon.py"), "-q"]
    return [_started(folder, "mitmdump", *command, "--set", f"confdir={folder}")]


FRONTS: dict[str, Front] = {
    "squid-plain": Front("Squid, plain", _squid(""), tells=False),
    "squid": Front("Squid, **the whole policy**", _squid("include {compiled}/whosaw.conf\n")),
    "squid-icap": Front("Squid, **the whole policy and the ICAP service**", _squid_whosaw),
    "squid-c-icap": Front("Squid and c-icap's echo (C), which does nothing", _squid_c_icap, tells=False),
    "haproxy-plain": Front("HAProxy, plain", _haproxy(policy=False), absolute=False, tells=False),
    "haproxy": Front("HAProxy, **the whole policy**", _haproxy(policy=True), absolute=False),
    "nginx-plain": Front("nginx, plain", _nginx(policy=False), absolute=False, tells=False),
    "nginx": Front("nginx, **the whole policy**", _nginx(policy=True), absolute=False),
    "mitmproxy": Front("mitmproxy, the policy as an add-on", _mitmproxy),
}
"""What is compared."""
