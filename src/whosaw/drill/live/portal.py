"""The self-care portal: what is each of its pages, who may open it, and where does each fault sit?

A browser logs in with a form and keeps two cookies: `sid` opens the session, `me` is the signed mark of who logged in at this browser.
An app logs in with JSON and keeps a token, which it renews.
What the proxy in front needs to know for its log goes to it in `X-Customer` and `X-Session`; it passes neither on.
"""

from __future__ import annotations

import html
import threading
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.dice import dice
from whosaw.drill.live.connection import SharedConnection
from whosaw.drill.live.entrance import PRIVATE, Entrance
from whosaw.drill.live.openapi import PORTAL
from whosaw.drill.live.sessions import Session, Sessions
from whosaw.drill.live.store import scrambled
from whosaw.drill.live.web import NOT_FOUND, UNKNOWN, Answer, Request, Route, data, elsewhere, page
from whosaw.drill.live.witness import Wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.drill.live.faults import Switches
    from whosaw.drill.live.store import Row, Store
    from whosaw.drill.live.witness import Witness

_PUBLIC = ("Cache-Control", "public, max-age=60")
_EDITABLE = ("email", "address", "note")

_HELP = "<h1>Help</h1><p>How to read a bill, how to keep a number, how to back up a phonebook.</p>"


class Visitor(NamedTuple):
    """Who asks: the session, and who really sits there (nobody that we know of, if the browser has no mark of a login)."""

    session: Session
    recipient: str
    browser: bool


class Portal:
    """The pages of the portal."""

    def __init__(self, store: Store, faults: Switches, witness: Witness, clock: Callable[[], float], seed: int = 7) -> None:
        """Open for visitors."""
        self._store, self._faults, self._witness = store, faults, witness
        self._sessions = Sessions("portal", store, clock)
        self._entrance = Entrance(self._sessions, "sid", "/api/v1/token", "/me", self._open, self._greeting)
        self._connection = SharedConnection(faults.get("session-mixup"))
        self._logins: Counter[str] = Counter()
        self._chance = dice(seed, "portal")
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """Return all pages."""
        return [
            *self._entrance.routes(),
            Route("GET", "/", lambda _: page("<h1>Example Mobile</h1><a href=/me>My account</a> <a href=/help>Help</a>")),
            Route("GET", "/help", self._help),
            Route("GET", "/help/{topic}", self._help),
            Route("GET", "/static/portal.css", lambda _: Answer(200, b"body { font: 1rem sans-serif }\n", "text/css", (_PUBLIC,))),
            Route("GET", "/openapi.json", lambda _: data(PORTAL)),
            Route("POST", "/password", self._change_password),
            Route("GET", "/me", self._me),
            Route("GET", "/api/v1/me", self._me_as_json),
            Route("GET", "/me/phonebook", self._phonebook),
            Route("GET", "/bills", self._bills),
            Route("GET", "/bills/{bill}", self._bill),
            Route("GET", "/api/v1/numbers/{msisdn}", self._number),
            Route("GET", "/profiles/{account}", self._profile),
            Route("PUT", "/profiles/{account}", self._edit_profile),
            Route("POST", "/profiles/{account}", self._edit_profile),
            Route("GET", "/export/customers/{account}", self._export),
        ]

    # --- logging in and out -----------------------------------------------------------------------------------------

    def _open(self, login: str) -> Session:
        """Return a new session; with `relogin-mixup` each third one of a person is tied to somebody else's account (Maxis, 2010)."""
        own = shown = self._store.account_of(login)
        with self._lock:
            self._logins[login] += 1
            if self._faults.on("relogin-mixup") and self._logins[login] % 3 == 0:
                others = self._store.all("select account from logins where app = 'portal' and account <> ? order by login", own)
                shown = self._chance.choice(others)["account"]
        return self._sessions.open(login, shown)

    def _change_password(self, request: Request) -> Answer:
        visitor, fields = self._visitor(request), request.fields()
        if visitor is None:
            return UNKNOWN
        login, new = visitor.session.login, fields.get("new", "")
        if not new or not self._sessions.knows(login, fields.get("old", "")):
            return data({"error": "the old password is wrong or the new one empty"}, 400)
        self._store.change("update logins set password = ? where login = ?", scrambled(login, new), login)
        self._sessions.close_others(visitor.session)
        return Answer(204)

    def _greeting(self, login: str) -> tuple[tuple[str, str], ...]:
        return (("Set-Cookie", f"me={self._sessions.mark(login)}; Path=/; HttpOnly"),)

    def _visitor(self, request: Request) -> Visitor | None:
        session = self._entrance.session(request)
        if session is None:
            return None
        browser = not request.bearer()
        return Visitor(session, self._sessions.marked(request.cookie("me")) if browser else session.login, browser)

    # --- pages of whoever is logged in ------------------------------------------------------------------------------

    def _me(self, request: Request) -> Answer:
        return self._own(request, lambda account: page(_me_page(self._about(account))))

    def _me_as_json(self, request: Request) -> Answer:
        return self._own(request, lambda account: data(self._about(account)))

    def _phonebook(self, request: Request) -> Answer:
        return self._own(
            request,
            lambda account: data({
                "account": account,
                "phonebook": self._store.all("select name, number from phonebook where account = ? order by rowid", account),
            }),
        )  # fmt: skip

    def _bills(self, request: Request) -> Answer:
        return self._own(
            request,
            lambda account: data({
                "account": account,
                "bills": self._store.all("select bill, month, reference from bills where account = ? order by bill", account),
            }),
        )  # fmt: skip

    def _own(self, request: Request, made: Callable[[str], Answer]) -> Answer:
        """Answer with the visitor's own page: the shared connection says whose that is."""
        visitor = self._visitor(request)
        if visitor is None:
            return elsewhere("/login") if request.path == "/me" else UNKNOWN
        account, mixed = self._connection.ask(visitor.session, request.gone)
        fault = "session-mixup" if mixed else "relogin-mixup" if account != self._account(visitor) else ""
        answer = self._shown(request, visitor, account, request.path, fault, made(account))
        return answer.having(self._entrance.kept(request.cookie("sid"))) if visitor.browser else answer

    def _about(self, account: str) -> Row:
        found = self._store.one("select account, name, email, address, note, tariff from accounts where account = ?", account) or {}
        numbers = self._store.all("select number from numbers where account = ? and until is null order by number", account)
        return {**found, "numbers": [row["number"] for row in numbers]}

    # --- pages with a name of their own: each has to ask whose it is --------------------------------------------------

    def _bill(self, request: Request) -> Answer:
        visitor = self._visitor(request)
        if visitor is None:
            return UNKNOWN
        bill = self._store.one("select bill, account, month, reference from bills where bill = ?", request.places["bill"])
        if bill is None or (bill["account"] != self._account(visitor) and not self._faults.on("missing-object-check")):
            return NOT_FOUND
        calls = self._store.all("select day, time, number, seconds from calls where bill = ? order by day, time", bill["bill"])
        return self._shown(request, visitor, bill["account"], "/bills/{bill}", "missing-object-check", data({**bill, "calls": calls}))

    def _number(self, request: Request) -> Answer:
        """Show a line. With `former-owner` the look-up forgets that a number may have moved on (Singtel, 2018)."""
        visitor = self._visitor(request)
        if visitor is None:
            return UNKNOWN
        held = self._store.all("select account, until from numbers where number = ?", request.places["msisdn"])
        mine = [row for row in held if row["account"] == self._account(visitor)]
        owner = next((row["account"] for row in held if row["until"] is None), "")
        if not owner or not mine or (owner != mine[0]["account"] and not self._faults.on("former-owner")):
            return NOT_FOUND
        about = self._store.one("select account, name, tariff, note from accounts where account = ?", owner) or {}
        shown = data({"number": request.places["msisdn"], **about})
        return self._shown(request, visitor, owner, "/api/v1/numbers/{msisdn}", "former-owner", shown)

    def _profile(self, request: Request) -> Answer:
        visitor, account = self._visitor(request), request.places["account"]
        if visitor is None:
            return UNKNOWN
        return self._stored(request, visitor, account) if account == self._account(visitor) else NOT_FOUND

    def _edit_profile(self, request: Request) -> Answer:
        """Store a profile. With `writable-profile` only reading asks whose it is."""
        visitor, account = self._visitor(request), request.places["account"]
        if visitor is None:
            return UNKNOWN
        if account != self._account(visitor) and not self._faults.on("writable-profile"):
            return NOT_FOUND
        for name, value in request.fields().items():
            if name in _EDITABLE:
                self._store.change(f"update accounts set {name} = ? where account = ?", value[:200], account)
        return self._stored(request, visitor, account)

    def _stored(self, request: Request, visitor: Visitor, account: str) -> Answer:
        found = self._store.one("select account, email, address, note from accounts where account = ?", account)
        return self._shown(request, visitor, account, "/profiles/{account}", "writable-profile", data(found)) if found else NOT_FOUND

    def _export(self, request: Request) -> Answer:
        """Answer anybody, if the fault is on: made for a batch job, forgotten, and in no document (Optus, 2022)."""
        found = self._store.one("select account, name, email, address from accounts where account = ?", request.places["account"])
        if found is None or not self._faults.on("anonymous-export"):
            return NOT_FOUND
        visitor = self._visitor(request) or Visitor(Session("", "", ""), self._sessions.marked(request.cookie("me")), browser=True)
        return self._shown(request, visitor, found["account"], "/export/customers/{account}", "anonymous-export", data(found))

    def _help(self, request: Request) -> Answer:
        """Answer anybody, and renew the session of whoever is logged in: such an answer must not be kept by a cache."""
        visitor = self._visitor(request)
        if visitor and visitor.browser:
            return page(_HELP).having(self._entrance.kept(request.cookie("sid")), PRIVATE)
        return page(_HELP).having(_PUBLIC)

    # --- what is said of each answer --------------------------------------------------------------------------------

    def _account(self, visitor: Visitor) -> str:
        """Return the account that belongs to the session's login."""
        return self._store.account_of(visitor.session.login)

    def _shown(self, request: Request, visitor: Visitor, customer: str, route: str, fault: str, answer: Answer) -> Answer:
        """Tell the proxy whose page this is, and the witness if it went to somebody else."""
        if not visitor.recipient or customer != self._store.account_of(visitor.recipient):
            borrowed = visitor.recipient != visitor.session.login and customer in {visitor.session.account, self._account(visitor)}
            cause = "cached-cookie" if borrowed else fault
            self._witness.saw(Wrong(request.id, "portal", route, visitor.recipient, customer, cause))
        return answer.having(("X-Customer", customer), ("X-Session", visitor.session.id), PRIVATE)


def _me_page(about: Row) -> str:
    shown = {**about, "numbers": ", ".join(about["numbers"])}
    rows = "".join(f"<dt>{name}<dd>{html.escape(value)}" for name, value in shown.items())
    return f"<h1>My account</h1><dl>{rows}</dl><a href=/me/phonebook>Phonebook</a> <a href=/bills>Bills</a>"
