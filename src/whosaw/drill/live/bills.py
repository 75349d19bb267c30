"""The bill manager for companies: which bills may a login see, and what is written down of each bill that was shown?

Administrators act for whole companies, employees see the bills of their own line.
The application keeps an audit trail of its own, a line for each bill or line that was shown and for each request it refused:
a list shows many, and in a query's argument no proxy sees which.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whosaw.drill.live.entrance import PRIVATE, Entrance
from whosaw.drill.live.openapi import BILLS
from whosaw.drill.live.sessions import Session, Sessions
from whosaw.drill.live.web import NOT_FOUND, UNKNOWN, Answer, Request, Route, data
from whosaw.drill.live.witness import Wrong, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whosaw.drill.live.faults import Switches
    from whosaw.drill.live.store import Row, Store
    from whosaw.drill.live.witness import JsonLines, Witness

_PENCE_A_MINUTE = 7
_BILL = "select bill, account, month, reference from bills"
_ASKED = re.compile(r'(?:(\w+)\s*:\s*)?\bbill\s*\(\s*id\s*:\s*(?:\$(\w+)|"([^"]*)")\s*\)')
"""`bill(id: $id)` or `bill(id: "B1")` in a query, perhaps under another name."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that is being answered: which request, whose session, under which name it stands in the audit trail."""

    request: Request
    session: Session
    route: str


class BillManager:
    """The pages of the bill manager."""

    def __init__(self, store: Store, faults: Switches, witness: Witness, clock: Callable[[], float], audit: JsonLines) -> None:
        """Open for companies."""
        self._store, self._faults, self._witness, self._clock, self._audit = store, faults, witness, clock, audit
        sessions = Sessions("bills", store, clock)
        self._entrance = Entrance(sessions, "bsid", "/api/token", "/company", lambda login: sessions.open(login, store.account_of(login)))

    def routes(self) -> list[Route]:
        """Return all pages."""
        own = (
            ("GET", "/company", self._company),
            ("GET", "/company/bills", self._list),
            ("GET", "/company/export", self._export),
            ("GET", "/company/bills/{bill}", self._bill),
            ("GET", "/company/lines/{number}", self._line),
            ("POST", "/graphql", self._query),
        )
        documents = Route("GET", "/openapi.json", lambda _: data(BILLS))
        return [*self._entrance.routes(), documents, *(Route(method, place, self._known(place, made)) for method, place, made in own)]

    def _known(self, route: str, made: Callable[[_Page], Answer]) -> Callable[[Request], Answer]:
        """Return a page that only those see who are logged in."""

        def answered(request: Request) -> Answer:
            session = self._entrance.session(request)
            return made(_Page(request, session, route)).having(PRIVATE) if session else UNKNOWN

        return answered

    # --- pages --------------------------------------------------------------------------------------------------------

    def _company(self, page: _Page) -> Answer:
        companies = self._store.all("select company from delegations where login = ? order by company", page.session.login)
        return data({"login": page.session.login, "account": page.session.account, "companies": [row["company"] for row in companies]})

    def _list(self, page: _Page) -> Answer:
        bills = self._asked_for(page)
        return data({"bills": self._shown(page, bills)}) if bills is not None else self._refused(page)

    def _export(self, page: _Page) -> Answer:
        bills = self._asked_for(page)
        if bills is None:
            return self._refused(page)
        sheet = io.StringIO()
        rows = csv.writer(sheet, lineterminator="\n")
        rows.writerow(("bill", "account", "month", "reference", "day", "time", "number", "seconds"))
        for bill in self._shown(page, bills):
            rows.writerows((*bill.values(), *call.values()) for call in self._calls(bill["bill"]))
        return Answer(200, sheet.getvalue().encode(), "text/csv; charset=utf-8")

    def _bill(self, page: _Page) -> Answer:
        bill = self._open(page, page.request.places["bill"])
        return data(self._itemised(page, bill)) if bill else self._refused(page)

    def _line(self, page: _Page) -> Answer:
        line = self._store.one("select number, account from numbers where number = ? and until is null", page.request.places["number"])
        if line is None or not self._may(page, line["account"]):
            return self._refused(page)
        about = self._store.one("select name, tariff, note from accounts where account = ?", line["account"]) or {}
        self._shown(page, [line])
        return data({**line, **about})

    def _query(self, page: _Page) -> Answer:
        """Answer `{ bill(id: ...) { ... } }`, as often as it is asked in one query; always with all fields."""
        sent = page.request.json()
        given = sent.get("variables")
        variables = given if isinstance(given, dict) else {}
        found: dict[str, Row | None] = {}
        for name, variable, written in _ASKED.findall(str(sent.get("query", ""))):
            bill = self._open(page, str(variables.get(variable, "")) if variable else written)
            found[name or "bill"] = self._itemised(page, bill) if bill else None
        if not any(found.values()):
            self._refused(page)
        missing = [{"message": "not found", "path": [name]} for name, bill in found.items() if bill is None]
        return data({"data": found, "errors": missing} if missing else {"data": found})

    # --- who may see what ---------------------------------------------------------------------------------------------

    def _accounts(self, login: str) -> set[str]:
        rows = self._store.all(
            "select account from logins where login = ? and account <> '' "
            "union select m.account from members m join delegations d using (company) where d.login = ?",
            login,
            login,
        )
        return {row["account"] for row in rows}

    def _may(self, page: _Page, account: str) -> bool:
        """Say whether the page is answered: with `missing-tenant-check` being logged in is enough."""
        return self._faults.on("missing-tenant-check") or account in self._accounts(page.session.login)

    def _open(self, page: _Page, bill: str) -> Row | None:
        found = self._store.one(f"{_BILL} where bill = ?", bill)
        return found if found and self._may(page, found["account"]) else None

    def _asked_for(self, page: _Page) -> list[Row] | None:
        """Return the bills of the company that was asked for, else all that the login may see; nothing if the company is another's."""
        company = page.request.query.get("company")
        accounts = self._accounts(page.session.login)
        if company is not None:
            members = {row["account"] for row in self._store.all("select account from members where company = ?", company)}
            accounts = members if self._faults.on("missing-tenant-check") else members & accounts
            if not accounts:
                return None
        return [bill for account in sorted(accounts) for bill in self._store.all(f"{_BILL} where account = ? order by bill", account)]

    def _itemised(self, page: _Page, bill: Row) -> Row:
        self._shown(page, [bill])
        calls = self._calls(bill["bill"])
        return {**bill, "total": sum(-(-call["seconds"] // 60) * _PENCE_A_MINUTE for call in calls), "calls": calls}

    def _calls(self, bill: str) -> list[Row]:
        return self._store.all("select day, time, number, seconds from calls where bill = ? order by day, time", bill)

    # --- what is written down -----------------------------------------------------------------------------------------

    def _shown(self, page: _Page, rows: Iterable[Row]) -> list[Row]:
        """Return the rows; each is in the audit trail, and those that are another company's are told to the witness."""
        shown, own = list(rows), self._accounts(page.session.login)
        for row in shown:
            name = self._note(page, 200, bill=row.get("bill", ""))
            if row["account"] not in own:
                self._witness.saw(Wrong(name, "bills", page.route, page.session.login, row["account"], "missing-tenant-check"))
        return shown

    def _refused(self, page: _Page) -> Answer:
        self._note(page, 404)
        return NOT_FOUND

    def _note(self, page: _Page, status: int, *, bill: str = "") -> str:
        request, name = page.request, self._audit.name()
        query = f"?company={request.query['company']}" if "company" in request.query else ""
        self._audit.write({
            "time": stamp(self._clock()), "client": request.headers.get("X-Real-IP", ""), "login": page.session.login,
            "session": page.session.id, "method": request.method, "uri": request.path + query, "status": status, "bill": bill,
            "agent": request.headers.get("User-Agent", ""), "line": name,
        })  # fmt: skip
        return name
