"""How are real servers started on free ports, and ended for certain? By their process ids, one by one."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 20.0
"""Seconds within which a server must listen, and must end."""

_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class CannotStartError(Exception):
    """The live operator cannot start: what is in the way, and what to do about it."""

    def __init__(self, message: str, *, hint: str) -> None:
        """Keep what happened and what to do next."""
        super().__init__(message)
        self.hint = hint


def program(name: str) -> str:
    """Return the path of a server's program, which bears the name of its Debian package."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_SBIN)))
    if found is None:
        raise CannotStartError(f"`{name}` is not installed", hint=f"apt-get install {name}")
    return found


def free_port(address: str) -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind((address, 0))
        port: int = taken.getsockname()[1]
    return port


def account() -> str:
    """Return the system account under which we run."""
    return getpass.getuser()


class Process:
    """A server in the foreground. It belongs to a group of its own, so that Ctrl-C reaches only us, and we end it."""

    def __init__(self, name: str, arguments: list[str], *, address: str, port: int, talk: Path) -> None:
        """Start it and wait until it listens."""
        self.name, self._talk = name, talk
        with talk.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [program(name), *arguments], stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
            )
        end = time.monotonic() + PATIENCE
        while not _listens(address, port):
            if self._process.poll() is not None or time.monotonic() > end:
                self.close()
                told = talk.read_text("utf-8", "replace").strip().splitlines()
                raise CannotStartError(f"`{name}` does not start: {told[-1] if told else 'it says nothing'}", hint=f"see `{talk}`")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def runs(self) -> bool:
        """Say whether it still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it, gently at first."""
        if self.runs():
            self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True
