"""Real proxies with compiled rules in front of one server that keeps what it really gets, whatever host it is asked for."""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

import websites
from policies import loaded
from websites import PATIENCE, until, website
from whosaw.edge import compiled
from whosaw.edge.dialects import DIALECTS
from whosaw.edge.dialects.nginx import LOG

NOW = datetime(2026, 1, 15, tzinfo=UTC)
SBIN = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", os.environ.get("PATH", "")))

SQUID = """\
http_port 127.0.0.1:{port} {squid_port}
http_port [::1]:{port} {squid_port}
visible_hostname gateway.example
{squid_as}
pid_filename none
cache_log {home}/cache.log
coredump_dir {home}
cache deny all
pinger_enable off
netdb_filename none
dns_nameservers 127.0.0.1
include {home}/out/whosaw.conf
access_log stdio:{home}/access.log whosaw
cache_peer 127.0.0.1 parent {origin} 0 no-query no-digest no-netdb-exchange originserver
never_direct allow all
http_access allow all
"""
HAPROXY = """\
defaults mine
    mode http
    timeout connect 5s
    timeout server 20s
frontend gateway from whosaw
    bind 127.0.0.1:{port}
    bind ::1:{port}
    timeout client 20s
    log stdout format raw local0
    default_backend web
backend web from mine
    server web 127.0.0.1:{origin}
"""
NGINX = """\
daemon off; pid {home}/nginx.pid; error_log {home}/error.log; worker_processes 1;
events {{}}
http {{
    client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    include {home}/out/maps.conf;
    log_format whosaw '{log}';
    access_log {home}/access.log whosaw;
    server {{
        listen 127.0.0.1:{port};
        listen [::1]:{port};
        location / {{ include {home}/out/rules.conf; proxy_set_header Host $http_host; proxy_pass http://127.0.0.1:{origin}; }}
    }}
}}
"""
AROUND = {"squid": ("squid.conf", SQUID), "haproxy": ("mine.cfg", HAPROXY), "nginx": ("nginx.conf", NGINX)}


@pytest.fixture
def site():
    """A server that keeps the heads it gets."""
    with website() as server:
        yield server


def free_port():
    """Return a port at which nobody listens, outside the range from which outgoing connections get theirs."""
    return next(port for port in iter(lambda: 20000 + secrets.randbelow(12000), 0) if is_free(port))


def is_free(port):
    try:
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family) as taken:
                taken.bind((address, port))
    except OSError:
        return False
    return True


@dataclass
class Gateway:
    """A proxy that runs, and the folder in which it logs."""

    target: str
    port: int
    home: Path
    heads: list = field(repr=False)

    def surf(self, address, host, *lines, path="/", to="127.0.0.1", whole=False):
        """Ask as a customer, and return the headers that the site got, in lower case, each with all its values."""
        before = len(self.heads)
        asked = f"http://{host}{path}" if self.target == "squid" and not whole else path
        head = "\r\n".join((f"GET {asked} HTTP/1.1", f"Host: {host}", "Connection: close", *lines, "", ""))
        answer = websites.answer(self.port, head.encode(), address, to)
        assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
        (got,) = self.heads[before:]
        found = {}
        for line in got.decode().split("\r\n")[1:]:
            name, colon, value = line.partition(":")
            if colon:
                found.setdefault(name.lower(), []).append(value.strip())
        return found

    @property
    def log(self):
        return self.home / ("talk" if self.target == "haproxy" else "access.log")

    def logged(self, count, holding):
        """Return the lines of the requests once they are written."""

        def lines():
            return [line for line in self.log.read_text().splitlines() if holding in line] if self.log.exists() else []

        until(lambda: len(lines()) >= count, f"{count} lines in the log of {self.target}")
        return lines()


def configured(home, target, port, origin, squid_port=""):
    """Write the proxy's own configuration and return the command that runs it."""
    name, text = AROUND[target]
    squid_as = "cache_effective_user proxy" if getpass.getuser() == "root" else ""
    around = {"home": home, "port": port, "origin": origin, "log": LOG, "squid_port": squid_port, "squid_as": squid_as}
    (home / name).write_text(text.format(**around))
    if squid_as and target == "squid":
        for path in (home, *home.rglob("*")):
            shutil.chown(path, "proxy")
    arguments = {
        "squid": ["-N", "-n", f"whosaw{port}", "-f", str(home / name)],
        "haproxy": ["-db", "-f", str(home / "out" / "whosaw.cfg"), "-f", str(home / name)],
        "nginx": ["-p", str(home), "-c", str(home / name)],
    }
    program = shutil.which(target, path=SBIN)
    assert program, f"{target} is not installed: ./dev test installs it"
    return [program, *arguments[target]]


def listens(process, home, port):
    if process.poll() is not None:
        said = [path.read_text() for path in (home / "talk", home / "cache.log", home / "error.log") if path.exists()]
        pytest.fail(f"{process.args[0]} ended: {said}")
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def gateway(site):
    """Start a proxy with the rules of a policy; it is ended, by its own process id, with the test."""
    with ExitStack() as stack:

        def started(target, *, squid_port="", subscribers="", **more):
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="whosaw-dialect-")))
            policy = loaded(home, **more)
            if subscribers:
                (home / "subscribers.csv").write_text(subscribers)
            compiled.write(DIALECTS[target](policy, NOW, home / "out"), home / "out")
            port = free_port()
            command = configured(home, target, port, site.port, squid_port)
            with (home / "talk").open("wb") as talk:
                process = subprocess.Popen(command, stdout=talk, stderr=talk, stdin=subprocess.DEVNULL)
            # squid takes two seconds to end, were it asked to
            stack.callback(lambda: (process.kill() if target == "squid" else process.terminate(), process.wait(PATIENCE)))
            until(lambda: listens(process, home, port), f"{target} does not listen")
            return Gateway(target, port, home, site.heads)

        yield started
