"""Real servers in their own folders on free loopback ports, a portal behind them, and whosaw's real judge on the logs they write."""

import getpass
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from websites import free_port, listening, until
from whosaw import config, judge
from whosaw.model import Result

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
ACCOUNTS = {"ann": "A-1001", "bob": "A-1002", "cat": "A-1003"}


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a server in the foreground and wait until it listens; all of them are ended, by their own process ids, with the test."""
    running = []

    def started(name: str, *arguments: str, port: int, trouble: Path | None = None) -> subprocess.Popen[bytes]:
        program = shutil.which(name, path=os.pathsep.join((*SBIN, os.environ.get("PATH", ""))))
        if program is None:
            pytest.fail(f"`{name}` is not installed, and this test is about what it really logs: ./dev test installs it")
        talk = tmp_path / f"{name}.talk"
        with talk.open("wb") as out:
            process = subprocess.Popen([program, *arguments], stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        running.append(process)
        until(lambda: listening(port) or process.poll() is not None, f"`{name}` does not listen")
        if process.poll() is not None:
            told = "".join(path.read_text(errors="replace") for path in (talk, trouble) if path is not None and path.exists())
            pytest.fail(f"`{name}` ended with {process.returncode}: {told[-2000:]}")
        return process

    yield started
    for process in reversed(running):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


# --- the portal ----------------------------------------------------------------------------------------------------


@dataclass
class Portal:
    """A self-care portal: log in, and `/account` shows the account of whoever is logged in.

    With `mixes`, each later login opens another customer's account, as at Maxis in 2010.
    """

    port: int = 0
    mixes: bool = False
    sessions: dict[str, str] = field(default_factory=dict)
    logins: dict[str, int] = field(default_factory=dict)

    def log_in(self, who: str) -> str:
        """Return a new session. Where accounts are mixed up, each later login of the same person opens the next customer's account."""
        turn = self.logins[who] = self.logins.get(who, 0) + 1
        names = list(ACCOUNTS)
        shown = names[(names.index(who) + turn - 1) % len(names)] if self.mixes else who
        session = f"{who}-{turn}"
        self.sessions[session] = ACCOUNTS[shown]
        return session


def _portal_handler(portal: Portal) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path, _, query = self.path.partition("?")
            if path == "/login":
                session = portal.log_in(query.removeprefix("who="))
                return self._answer(302, b"", {"Set-Cookie": f"sid={session}; Path=/", "Location": "/account"})
            if path == "/help":
                return self._answer(200, b"how to read a bill\n", {"Cache-Control": "public, max-age=60"})
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get("sid")
            account = portal.sessions.get(cookie.value if cookie else "")
            if account is None or path != "/account":
                return self._answer(403 if account is None else 404, b"no\n", {})
            again = {"Set-Cookie": f"sid={cookie.value}; Path=/"}
            return self._answer(
                200, f"account {account}\n".encode(), {"X-Customer": account, "Cache-Control": "private, no-store", **again}
            )

        def _answer(self, status, body, headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _portal_handler(made))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a proxy that ends with the test cuts its connections
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


# --- visitors ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What one visitor really received: the request's place in the log, and whose account it was."""

    line: int
    who: str
    status: int
    shown: str
    moment: datetime

    @property
    def wrong(self) -> bool:
        return bool(self.shown) and self.shown != ACCOUNTS.get(self.who)


@dataclass
class Visit:
    """Visitors of one server, one request after the other, with what each received."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def log_in(self, who: str) -> None:
        headers = self._get(who, "/login?who=" + who, {})
        self.cookies[who] = headers["Set-Cookie"].split(";")[0]

    def get(self, who: str, path: str) -> None:
        self._get(who, path, {"Cookie": self.cookies[who]} if who in self.cookies else {})

    def _get(self, who, path, headers):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"User-Agent": "visitor", **headers})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        self.seen.append(Seen(len(self.seen) + 1, who, answer.status, answer.headers.get("X-Customer", ""), datetime.now(UTC)))  # noqa: TID251
        return answer.headers

    @property
    def wrong(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.wrong]

    @property
    def shown(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.shown]


@pytest.fixture
def visit() -> Callable[[int], Visit]:
    return Visit


# --- the judge -----------------------------------------------------------------------------------------------------


@pytest.fixture
def written() -> Callable[..., list[bytes]]:
    """Wait until a server has written so many lines, and return all: it logs a request after the visitor has the answer."""

    def lines(log: Path, count: int, *, holding: bytes = b"") -> list[bytes]:
        def found() -> list[bytes]:
            return log.read_bytes().split(b"\n")[:-1] if log.exists() else []

        until(lambda: sum(holding in line for line in found()) >= count, f"`{log.name}` does not get its {count} lines")
        return found()

    return lines


@pytest.fixture
def judged(tmp_path) -> Callable[..., Result]:
    """Judge the logs of a folder with a configuration, in a ledger of its own."""

    def result(text: str, *, ledger: str = "ledger") -> Result:
        path = tmp_path / f"{ledger}.toml"
        path.write_text(text)
        (tmp_path / "logins.csv").write_text("login,account\n" + "".join(f"{who},{account}\n" for who, account in ACCOUNTS.items()))
        settings, config_hash = config.load(path)
        case = judge.Case(settings, config_hash, tmp_path, tmp_path / ledger)
        return judge.run(case, made=datetime(2012, 1, 25, tzinfo=UTC), command="test", progress=lambda *_: None)

    return result


@pytest.fixture
def tools() -> SimpleNamespace:
    """What tests need beside the fixtures."""
    return SimpleNamespace(free_port=free_port, until=until, accounts=ACCOUNTS, user=getpass.getuser())
