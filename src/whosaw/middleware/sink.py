"""Where do the lines go? To files in a folder, to a syslog receiver, or to whatever the portal calls itself."""

from __future__ import annotations

import json
import os
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from whosaw.middleware.lines import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whosaw.middleware.lines import Line
    from whosaw.middleware.writer import Sink

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def text_of(line: Line) -> str:
    """Return a line as it is written, without its end."""
    return _encode(line)


def sink_of(given: Any) -> Sink:  # noqa: ANN401 - a folder, an address, a callable or a sink
    """Return the sink that is meant by a folder, an address (`tcp://`, `tls://`, `udp://host:port`), a callable, or a sink itself."""
    if hasattr(given, "write"):
        sink: Sink = given
        return sink
    if callable(given):
        return Each(given)
    text = os.fspath(given)
    return Syslog(text) if "://" in text else Files(Path(text))


class Each:
    """Calls a function with each line. A line over which it raises is not offered again: the next one would wait behind it for ever."""

    def __init__(self, take: Callable[[Line], object]) -> None:
        """Take the function."""
        self._take = take
        self.refused = 0

    def write(self, lines: Sequence[Line]) -> int:
        """Hand over lines one by one."""
        for line in lines:
            try:
                self._take(line)
            except Exception:  # noqa: BLE001 - somebody else's function may raise anything
                self.refused += 1
        return len(lines)


class Files:
    """Appends to `shown.jsonl` and `stopped.jsonl` in a folder: a source of the ledger has one vantage, and an attempt proves nothing.

    A file that was moved away (logrotate) is made anew. Of a full disk nothing is lost while the queue has room: a line that was torn is
    ended, and written once more as a whole.
    """

    def __init__(self, folder: Path, *, mode: int = 0o600) -> None:
        """Make the folder; the files are readable by their owner alone unless `mode` says otherwise."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise SettingError(
                f"cannot make the folder `{folder}`: {problem.strerror}\n\nhint: name a folder the portal may write"
            ) from None
        self._folder, self._mode = folder, mode
        self._open: dict[Path, int] = {}
        self._torn: set[Path] = set()

    def write(self, lines: Sequence[Line]) -> int:
        """Append lines, and return how many of them lie whole in their file."""
        taken = 0
        for stopped, group in groupby(lines, key=lambda line: line.get("outcome") == "stopped"):
            texts = [text_of(line).encode() + b"\n" for line in group]
            done = self._append(self._folder / ("stopped.jsonl" if stopped else "shown.jsonl"), texts)
            taken += done
            if done < len(texts):
                break
        return taken

    def _append(self, path: Path, texts: list[bytes]) -> int:
        ending = b"\n" if path in self._torn else b""
        whole = ending + b"".join(texts)
        try:
            sent = whole[: os.write(self._file(path), whole)]
        except OSError:
            return 0
        if sent:
            (self._torn.discard if sent.endswith(b"\n") else self._torn.add)(path)
        return max(0, sent.count(b"\n") - len(ending))

    def _file(self, path: Path) -> int:
        """Return the open file at a path: another one after a rotation."""
        file = self._open.get(path)
        if file is not None:
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file), path.stat()):
                    return file
            os.close(self._open.pop(path))
        self._open[path] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, self._mode)
        return self._open[path]


@dataclass
class Syslog:
    """Sends lines as RFC 5424 messages over TCP or TLS with counted frames (RFC 6587, RFC 5425), or in datagrams.

    What was stopped has the application name with `-stopped` behind it, so that a receiver can tell the two apart.
    A receiver that goes away may take with it what was on its way: TCP does not say what was read at the other end.
    """

    address: str
    app: str = "whosaw-portal"
    ca: str | None = None
    timeout: float = 5.0
    _link: socket.socket | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the address."""
        parts = urlsplit(self.address)
        if parts.scheme not in {"tcp", "tls", "udp"} or not parts.hostname or not parts.port:
            raise SettingError(f"`{self.address}` is no address of a syslog receiver\n\nhint: expected tcp://host:port, tls:// or udp://")
        self._scheme, self._host, self._port = parts.scheme, parts.hostname, parts.port
        self._own = socket.gethostname()[:255] or "-"
        os.register_at_fork(after_in_child=self._forget)  # two processes on one connection would mix their frames

    def write(self, lines: Sequence[Line]) -> int:
        """Send lines, and return how many were handed to the network."""
        for sent, line in enumerate(lines):
            try:
                self._send(self._message(line))
            except OSError:
                self._close()
                return sent
        return len(lines)

    def _message(self, line: Line) -> bytes:
        app = f"{self.app}-stopped" if line.get("outcome") == "stopped" else self.app
        message = f"<134>1 {line['seen_at']} {self._own} {app} {os.getpid()} - - {text_of(line)}".encode()
        return message if self._scheme == "udp" else b"%d %s" % (len(message), message)

    def _send(self, message: bytes) -> None:
        if self._link is None:
            self._link = self._connected()
        self._link.sendall(message)

    def _connected(self) -> socket.socket:
        if self._scheme == "udp":
            family, kind, *_, address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
            link = socket.socket(family, kind)
            link.connect(address)
            return link
        link = socket.create_connection((self._host, self._port), self.timeout)
        if self._scheme == "tls":
            return ssl.create_default_context(cafile=self.ca).wrap_socket(link, server_hostname=self._host)
        return link

    def _close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._forget()

    def _forget(self) -> None:
        self._link = None
