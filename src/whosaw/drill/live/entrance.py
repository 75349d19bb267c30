"""How does one get in and out? The same doors in every application: a form that leaves a cookie, and JSON that gives a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from whosaw.drill.live.sessions import TOKEN_SECONDS, Session, Sessions
from whosaw.drill.live.web import UNKNOWN, Answer, Request, Route, data, elsewhere, page

PRIVATE = ("Cache-Control", "private, no-store")

_FORM = (
    "<form method=post action=/login><label>Login <input name=login></label>"
    "<label>Password <input name=password type=password></label><button>Log in</button></form>"
)


@dataclass(frozen=True, slots=True)
class Entrance:
    """The doors of one application: the cookie it uses, where tokens are, which page comes next, and what a login opens."""

    sessions: Sessions
    cookie: str
    tokens: str
    home: str
    opened: Callable[[str], Session]
    greeting: Callable[[str], tuple[tuple[str, str], ...]] = lambda _: ()

    def routes(self) -> list[Route]:
        """Return the pages of the entrance."""
        return [
            Route("GET", "/login", lambda _: page(_FORM)),
            Route("POST", "/login", self._log_in),
            Route("POST", "/logout", self._log_out),
            Route("POST", self.tokens, self._token),
            Route("POST", f"{self.tokens}/refresh", self._renew),
        ]

    def session(self, request: Request) -> Session | None:
        """Return the session of whoever asks; a token counts before a cookie."""
        if request.bearer():
            return self.sessions.by_token(request.bearer())
        return self.sessions.by_cookie(request.cookie(self.cookie))

    def kept(self, value: str) -> tuple[str, str]:
        """Return the header with which a browser keeps its session."""
        return "Set-Cookie", f"{self.cookie}={value}; Path=/; HttpOnly"

    def _log_in(self, request: Request) -> Answer:
        login = self._known(request)
        if not login:
            return page("<p>Login or password is wrong.</p>" + _FORM, 401)
        secret = self.sessions.cookie(self.opened(login))
        return elsewhere(self.home).having(*self.greeting(login), self.kept(secret), PRIVATE)

    def _log_out(self, request: Request) -> Answer:
        session = self.session(request)
        if session:
            self.sessions.close(session)
        if request.bearer():
            return Answer(204) if session else UNKNOWN
        return elsewhere("/login").having(("Set-Cookie", f"{self.cookie}=; Path=/; Max-Age=0"))

    def _token(self, request: Request) -> Answer:
        login = self._known(request)
        return _pair(self.sessions.tokens(self.opened(login))) if login else data({"error": "login or password is wrong"}, 401)

    def _renew(self, request: Request) -> Answer:
        renewed = self.sessions.renewed(request.fields().get("refresh_token", ""))
        return _pair(renewed) if renewed else UNKNOWN

    def _known(self, request: Request) -> str:
        login, password = (request.fields().get(name, "") for name in ("login", "password"))
        return login if self.sessions.knows(login, password) else ""


def _pair(tokens: tuple[str, str]) -> Answer:
    token, renewal = tokens
    told = {"access_token": token, "refresh_token": renewal, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
    return data(told).having(PRIVATE)
