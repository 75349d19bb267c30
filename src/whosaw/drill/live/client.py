"""How does a browser, an app or a phone of the background traffic ask? With its own address, its own cookies, over one connection."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

PATIENCE = 10.0


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the object that came back; an empty one if it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Client:
    """One browser, app or phone at one address of its own."""

    def __init__(self, base: str, *, source: str = "127.0.0.1", agent: str = "Mozilla/5.0") -> None:
        """Come from a loopback address; nothing is sent yet."""
        parts = urlsplit(base)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE, source_address=(source, 0))
        self._headers = {"User-Agent": agent}
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> Reply:
        """Ask for a page; `X_Name` as a keyword is the header `X-Name`."""
        return self._ask("GET", path, b"", {name.replace("_", "-"): value for name, value in headers.items()})

    def form(self, path: str, **fields: str) -> Reply:
        """Send a form."""
        return self._ask("POST", path, urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"})

    def send(self, path: str, told: Mapping[str, object], *, method: str = "POST", **headers: str) -> Reply:
        """Send JSON."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._ask(method, path, json.dumps(told).encode(), {"Content-Type": "application/json", **more})

    def log_in(self, path: str, login: str, password: str) -> Reply:
        """Log in with JSON: from now on the token goes along."""
        return self._keep(self.send(path, {"login": login, "password": password}))

    def renew(self, path: str) -> Reply:
        """Renew the token."""
        return self._keep(self.send(path, {"refresh_token": self._renewal}))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _keep(self, reply: Reply) -> Reply:
        told = reply.json()
        self._renewal = str(told.get("refresh_token", ""))
        self._headers["Authorization"] = f"Bearer {told.get('access_token', '')}"
        return reply

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        jar = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        try:
            self._connection.request(method, path, body or None, {**self._headers, **jar, **headers})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Reply(0, b"")
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self._store(cookie)
        return Reply(answer.status, text)

    def _store(self, cookie: str) -> None:
        name, _, value = cookie.partition(";")[0].partition("=")
        self.cookies[name] = value
        if "Max-Age=0" in cookie:
            del self.cookies[name]
