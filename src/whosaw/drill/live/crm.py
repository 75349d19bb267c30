"""The care system: whom may an agent open, for which reason, and what does the audit trail say of it?

A call comes in over the telephone switch, which writes the contact into the operator's registry.
The agent verifies the caller, and the contact then is a reason to open that customer; so is a ticket.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from whosaw.drill.live.entrance import PRIVATE, Entrance
from whosaw.drill.live.openapi import CRM
from whosaw.drill.live.sessions import Sessions
from whosaw.drill.live.web import NOT_FOUND, UNKNOWN, Answer, Route, data
from whosaw.drill.live.witness import Wrong, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.drill.live.faults import Switches
    from whosaw.drill.live.sessions import Session
    from whosaw.drill.live.store import Store
    from whosaw.drill.live.web import Request
    from whosaw.drill.live.witness import CsvLines, Witness

AUDIT = ("time", "agent", "screen", "account", "reason", "status", "line")
CONTACTS = ("agent", "account", "start", "end")

_CALL_SECONDS = 600
_BEFORE, _AFTER = 120, 1_800
"""A contact explains look-ups from two minutes before it to half an hour after it."""

_NO_REASON = data({"error": "no contact or ticket of yours opens this customer"}, 403)


class CareSystem:
    """The pages of the care system, and the telephone switch's way in."""

    def __init__(
        self, store: Store, faults: Switches, witness: Witness, clock: Callable[[], float], audit: CsvLines, contacts: CsvLines
    ) -> None:
        """Open for agents."""
        self._store, self._faults, self._witness, self._clock = store, faults, witness, clock
        self._audit, self._contacts = audit, contacts
        self.switch_key = secrets.token_hex(16)
        sessions = Sessions("crm", store, clock)
        self._entrance = Entrance(sessions, "csid", "/api/token", "/agents/me", lambda login: sessions.open(login, ""))

    def routes(self) -> list[Route]:
        """Return all pages."""
        return [
            *self._entrance.routes(),
            Route("GET", "/openapi.json", lambda _: data(CRM)),
            Route("POST", "/switch/calls", self._call),
            Route("GET", "/agents/me", self._known(lambda _, session: data({"agent": session.login}))),
            Route("GET", "/search", self._known(self._search)),
            Route("GET", "/contacts", self._known(self._open_contacts)),
            Route("POST", "/contacts/{contact}/verify", self._known(self._verify)),
            Route("GET", "/customers/{account}", self._known(self._summary)),
            Route("GET", "/customers/{account}/calls", self._known(self._calls)),
        ]

    def _known(self, made: Callable[[Request, Session], Answer]) -> Callable[[Request], Answer]:
        """Return a page that only agents see."""

        def answered(request: Request) -> Answer:
            session = self._entrance.session(request)
            return made(request, session).having(PRIVATE) if session else UNKNOWN

        return answered

    # --- reasons ------------------------------------------------------------------------------------------------------

    def _call(self, request: Request) -> Answer:
        """Note that a customer rings an agent. Only the switch may say so; the PIN is what the caller knows."""
        if not hmac.compare_digest(request.headers.get("X-Switch-Key", "").encode(), self.switch_key.encode()):
            return data({"error": "for the telephone switch"}, 403)
        told, now = request.fields(), int(self._clock())
        line = self._store.one("select account from numbers where number = ? and until is null", told.get("number", ""))
        agent = self._store.one("select login from logins where login = ? and app = 'crm'", told.get("agent", ""))
        if line is None or agent is None:
            return NOT_FOUND
        contact, pin, end = f"K-{secrets.token_hex(4)}", f"{secrets.randbelow(10_000):04}", now + _CALL_SECONDS
        self._store.change("insert into reasons values (?, ?, ?, ?, 0, ?, ?)", contact, agent["login"], line["account"], pin, now, end)
        self._contacts.write((agent["login"], line["account"], stamp(now), stamp(end)))
        return data({"contact": contact, "pin": pin}, 201)

    def _open_contacts(self, _: Request, session: Session) -> Answer:
        now = self._clock()
        rows = self._store.all(
            "select reason, verified from reasons where agent = ? and since <= ? and coalesce(until, ?) >= ?", session.login, now, now, now
        )
        return data({"contacts": [{"contact": row["reason"], "verified": bool(row["verified"])} for row in rows]})

    def _verify(self, request: Request, session: Session) -> Answer:
        contact = self._store.one(
            "select reason, account, pin from reasons where reason = ? and agent = ?", request.places["contact"], session.login
        )
        if contact is None or not contact["pin"] or request.fields().get("pin") != contact["pin"]:
            return data({"error": "not verified"}, 403)
        self._store.change("update reasons set verified = 1 where reason = ?", contact["reason"])
        return data({"contact": contact["reason"], "account": contact["account"], "verified": True})

    def _opens(self, request: Request, session: Session, account: str) -> bool:
        """Say whether the reason given opens the customer: with `lookup-without-reason` nobody asks for one (Ooredoo Myanmar)."""
        if self._faults.on("lookup-without-reason"):
            return True
        now = self._clock()
        return self._store.one(
            "select 1 from reasons where reason = ? and agent = ? and account = ? and verified and since <= ? and coalesce(until, ?) >= ?",
            request.query.get("reason", ""), session.login, account, now, now, now,
        ) is not None  # fmt: skip

    def _explained(self, session: Session, account: str) -> bool:
        """Say whether any contact or ticket explains the look-up, whatever the agent gave as the reason."""
        now = self._clock()
        return self._store.one(
            "select 1 from reasons where agent = ? and account = ? and since - ? <= ? and coalesce(until, ?) + ? > ?",
            session.login, account, _BEFORE, now, now, _AFTER, now,
        ) is not None  # fmt: skip

    # --- customers ----------------------------------------------------------------------------------------------------

    def _search(self, request: Request, session: Session) -> Answer:
        """Find accounts by a part of the name: enough to choose, too little to know."""
        found = self._store.all(
            "select account, name from accounts where name like ? order by account limit 10", f"%{request.query.get('q', '')}%"
        )
        self._audit.write((stamp(self._clock()), session.login, "search", "", "", 200, self._audit.name()))
        return data({"found": [{"account": row["account"], "name": _masked(row["name"])} for row in found]})

    def _summary(self, request: Request, session: Session) -> Answer:
        return self._look_up(
            request, session, "summary", "select account, name, email, address, note, tariff from accounts where account = ?"
        )

    def _calls(self, request: Request, session: Session) -> Answer:
        return self._look_up(
            request, session, "calls",
            "select b.reference, b.month, c.day, c.time, c.number, c.seconds from calls c join bills b using (bill) "
            "where b.account = ? order by b.month, c.day, c.time",
        )  # fmt: skip

    def _look_up(self, request: Request, session: Session, screen: str, sql: str) -> Answer:
        account = request.places["account"]
        rows = self._store.all(sql, account)
        status = 404 if not rows else 200 if self._opens(request, session, account) else 403
        name = self._audit.name()
        self._audit.write((stamp(self._clock()), session.login, screen, account, request.query.get("reason", ""), status, name))
        if status != 200:
            return _NO_REASON
        if not self._explained(session, account):
            self._witness.saw(Wrong(name, "crm", screen, session.login, account, "lookup-without-reason"))
        return data({"account": account, screen: rows})


def _masked(name: str) -> str:
    return " ".join(f"{word[:1]}..." for word in name.split())
