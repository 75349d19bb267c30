"""How is a real proxy started here, told to read its configuration again, and ended? By its own process id, in a folder of its own."""

from __future__ import annotations

import glob
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from whosaw.errors import ConfigError
from whosaw.identifiers import mask_runs

if TYPE_CHECKING:
    from collections.abc import Callable

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where proxies are installed, beside the PATH of a person who is not root."""

SHARED = "/dev/shm"  # noqa: S108 - where Linux keeps shared memory
_START = 20.0
_TIMES = 20
_VERSION = {"squid": ("-v", rb"Version ([0-9.]+)"), "haproxy": ("-v", rb"version ([0-9.]+)"), "nginx": ("-v", rb"nginx/([0-9.]+)")}


def program(name: str) -> str:
    """Return the path of a proxy's program. Raises `ConfigError` if it is not installed."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *SBIN)))
    if found is None:
        raise ConfigError(f"`{name}` is not installed", hint=f"install it (apt-get install {name}), or point --proxy at a staging one")
    return found


def version(name: str) -> str:
    """Return the version that a proxy says it has."""
    option, pattern = _VERSION[name]
    said = subprocess.run([program(name), option], capture_output=True, check=False)  # noqa: S603
    found = re.search(pattern, said.stdout + said.stderr)
    return found[1].decode() if found else "unknown"


def free_port() -> int:
    """Return a port of this machine at which nobody listens now, of those that no outgoing connection is given."""
    while True:
        port = secrets.choice(range(10_000, 32_000))
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("0.0.0.0", port))  # noqa: S104 - only to see whether it is free
            return port


class Command(NamedTuple):
    """How a proxy is run in the foreground: its arguments, the signals that make it read its configuration again and end, its words."""

    name: str
    arguments: tuple[str, ...]
    reload: signal.Signals
    end: signal.Signals
    talk: Path
    workers: bool
    """Whether a master starts new workers to read the configuration, or the process itself reads it."""
    left: str = ""
    """What it leaves behind when it is ended."""


def command(target: str, folder: Path, *files: Path) -> Command:
    """Return how a proxy is run with its configuration."""
    talk = folder / f"{target}.talk"
    named = tuple(word for file in files for word in ("-c" if target == "nginx" else "-f", str(file)))
    if target == "squid":  # which takes two seconds to end, were it asked to
        service = f"whosaw{secrets.token_hex(6)}"  # its shared memory has this name, and stays where it is killed
        memory = f"{SHARED}/{service}-*"
        return Command("squid", ("-N", "-n", service, "-d", "1", *named), signal.SIGHUP, signal.SIGKILL, talk, workers=False, left=memory)
    if target == "haproxy":
        return Command("haproxy", ("-W", "-db", *named), signal.SIGUSR2, signal.SIGTERM, talk, workers=True)
    return Command("nginx", ("-p", str(folder), *named, "-g", "daemon off;"), signal.SIGHUP, signal.SIGTERM, talk, workers=True)


class Running:
    """A proxy that runs as long as the context lasts."""

    def __init__(self, command: Command, port: int) -> None:
        """Take the command and the port at which the proxy is going to listen."""
        self._command = command
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it listens. Raises `ConfigError` with its own words if it does not."""
        arguments = [program(self._command.name), *self._command.arguments]
        with self._command.talk.open("wb") as talk:
            self._process = subprocess.Popen(arguments, stdout=talk, stderr=talk, stdin=subprocess.DEVNULL)  # noqa: S603
        try:
            self._until(self._listens, "does not start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self._process is None:
            return
        self._process.send_signal(self._command.end)
        try:
            self._process.wait(_START)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for path in glob.glob(self._command.left):  # noqa: PTH207 - an absolute pattern
            Path(path).unlink(missing_ok=True)

    def reload(self) -> None:
        """Make it read its configuration again, and wait until the new one alone is obeyed.

        HAProxy's workers listen a moment before its master heeds signals: one that was not heeded is sent again.
        """
        before = self._generation()
        for _ in range(_TIMES):
            os.kill(self._pid, self._command.reload)
            end = time.monotonic() + _START / _TIMES
            while self._generation() == before and time.monotonic() < end:
                time.sleep(0.01)
            if self._generation() != before:
                break
        self._until(
            lambda: bool(now := self._generation()) and not now & before and self._listens(), "does not read its configuration again"
        )

    @property
    def _pid(self) -> int:
        assert self._process is not None  # noqa: S101 - it was started
        return self._process.pid

    def _generation(self) -> set[str]:
        """Return what tells one configuration from the next: the workers, or the last line with which Squid says that it listens."""
        if self._command.workers:
            return set(Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text(encoding="ascii").split())
        those = [f"{turn} {line}" for turn, line in enumerate(self._told().splitlines()) if "Accepting" in line]
        return set(those[-1:])

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def _until(self, happened: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _START
        while not happened():
            assert self._process is not None  # noqa: S101 - it was started
            if self._process.poll() is not None or time.monotonic() > end:
                raise ConfigError(
                    f"`{self._command.name}` {what}: {self._reason()}", hint="the configuration is not one that this proxy reads"
                )
            time.sleep(0.01)

    def _told(self) -> str:
        return self._command.talk.read_text(encoding="utf-8", errors="replace") if self._command.talk.exists() else ""

    def _reason(self) -> str:
        """Return what the proxy said last of what is wrong, without anything that could be a customer's."""
        lines = [line.strip() for line in self._told().splitlines() if re.search(r"(?i)fatal|alert|emerg|error|bungled|unrecognized", line)]
        return mask_runs(lines[0])[:300] if lines else "it says nothing"
