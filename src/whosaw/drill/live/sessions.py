"""Who is it that asks? Logins, browser sessions, and short-lived tokens with their renewal."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.live.store import scrambled

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.drill.live.store import Store

TOKEN_SECONDS = 60
"""A token of the JSON interface lives that long; its renewal token until it is used."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in. The id may stand in a log; what opens the session may not."""

    id: str
    login: str
    account: str
    """The account that its pages show: the login's own, unless a fault took another."""


class _Key(NamedTuple):
    session: Session
    kind: str
    until: float | None


class Sessions:
    """The sessions of one application."""

    def __init__(self, app: str, store: Store, clock: Callable[[], float]) -> None:
        """Begin without anybody logged in."""
        self._app, self._store, self._clock = app, store, clock
        self._keys: dict[str, _Key] = {}
        self._lock = threading.Lock()
        self._mark_key = secrets.token_bytes(16)

    def knows(self, login: str, password: str) -> bool:
        """Say whether this is the login's password."""
        found = self._store.one("select password from logins where login = ? and app = ?", login, self._app)
        return found is not None and hmac.compare_digest(found["password"], scrambled(login, password))

    def open(self, login: str, account: str) -> Session:
        """Return a new session."""
        return Session(secrets.token_hex(6), login, account)

    def cookie(self, session: Session) -> str:
        """Return the value of the cookie that opens a session."""
        secret = f"{session.id}.{secrets.token_urlsafe(18)}"
        self._keep(secret, _Key(session, "cookie", None))
        return secret

    def tokens(self, session: Session) -> tuple[str, str]:
        """Return a fresh token and the one that renews it. The token names login and session, as signed tokens do."""
        token, renewal = f"{session.login}~{session.id}~{secrets.token_urlsafe(18)}", secrets.token_urlsafe(24)
        self._keep(token, _Key(session, "token", self._clock() + TOKEN_SECONDS))
        self._keep(renewal, _Key(session, "renewal", None))
        return token, renewal

    def renewed(self, renewal: str) -> tuple[str, str] | None:
        """Return fresh tokens for a renewal token, which is used up."""
        session = self._find(renewal, "renewal")
        if session is None:
            return None
        with self._lock:
            self._keys.pop(renewal, None)
        return self.tokens(session)

    def by_cookie(self, value: str) -> Session | None:
        """Return the session that a cookie opens."""
        return self._find(value, "cookie")

    def by_token(self, token: str) -> Session | None:
        """Return the session of a token that has not run out."""
        return self._find(token, "token")

    def close(self, session: Session) -> None:
        """End a session: none of its keys opens it any more."""
        self._drop(lambda other: other.id == session.id)

    def close_others(self, session: Session) -> None:
        """End all other sessions of the same login."""
        self._drop(lambda other: other.login == session.login and other.id != session.id)

    def mark(self, login: str) -> str:
        """Return the signed mark of a browser: who logged in there last."""
        name = f"{login}.{secrets.token_hex(4)}"
        return f"{name}.{self._signature(name)}"

    def marked(self, mark: str) -> str:
        """Return who logged in last at the browser with this mark; nothing if it is not one of ours."""
        name, _, signature = mark.rpartition(".")
        return name.rpartition(".")[0] if hmac.compare_digest(signature.encode(), self._signature(name).encode()) else ""

    def _signature(self, name: str) -> str:
        return hmac.new(self._mark_key, name.encode(), hashlib.sha256).hexdigest()[:16]

    def _keep(self, secret: str, key: _Key) -> None:
        with self._lock:
            self._keys[secret] = key

    def _find(self, secret: str, kind: str) -> Session | None:
        with self._lock:
            key = self._keys.get(secret)
        valid = key is not None and key.kind == kind and (key.until is None or self._clock() < key.until)
        return key.session if key and valid else None

    def _drop(self, gone: Callable[[Session], bool]) -> None:
        with self._lock:
            self._keys = {secret: key for secret, key in self._keys.items() if not gone(key.session)}
