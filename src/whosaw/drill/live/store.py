"""Where do the live operator's applications keep their data? In one SQLite file per run."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.drill.live.cast import Cast

Row = dict[str, Any]

_TABLES = """
create table logins (login text primary key, app text, password text, account text);
create table accounts (account text primary key, name text, email text, address text, note text, tariff text);
create table numbers (number text, account text, since integer, until integer);
create table bills (bill text primary key, account text, month text, reference text);
create table calls (bill text, day integer, time text, number text, seconds integer);
create table phonebook (account text, name text, number text);
create table members (company text, account text);
create table delegations (login text, company text);
create table reasons (reason text primary key, agent text, account text, pin text, verified integer, since integer, until integer);
create index by_number on numbers (number);
create index by_account on bills (account);
create index by_bill on calls (bill);
create index by_owner on phonebook (account);
create index by_member on members (account);
"""


class Store:
    """The data of all applications. They share one connection, one question at a time."""

    def __init__(self, path: Path, cast: Cast) -> None:
        """Make the file and fill it."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("pragma journal_mode = wal; pragma synchronous = off;" + _TABLES)
        self._fill(cast)

    def _fill(self, cast: Cast) -> None:
        members = ((m.login, m.app, scrambled(m.login, m.password), m.account) for m in cast.members)
        bills = ((i.bill, i.account, month(cast.now, i.month), i.reference) for i in cast.invoices)
        groups = ((company, account) for company, accounts in cast.companies().items() for account in accounts)
        tickets = ((t.reason, t.agent, t.account, "", 1, cast.now, None) for t in cast.tickets)
        lines = ((line.number, line.account, line.since, line.until) for line in cast.lines())
        with self._lock:
            self._connection.execute("begin")
            for table, width, rows in (
                ("logins", 4, members), ("accounts", 6, cast.accounts), ("numbers", 4, lines), ("bills", 4, bills), ("calls", 5, cast.calls),
                ("phonebook", 3, cast.phonebook), ("members", 2, groups), ("delegations", 2, cast.mandates()), ("reasons", 7, tickets),
            ):  # fmt: skip
                self._connection.executemany(f"insert into {table} values ({', '.join('?' * width)})", rows)
            self._connection.execute("commit")

    def all(self, sql: str, *values: object) -> list[Row]:
        """Return the rows of a query."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(sql, values)]

    def one(self, sql: str, *values: object) -> Row | None:
        """Return the first row of a query, or nothing."""
        return next(iter(self.all(sql, *values)), None)

    def change(self, sql: str, *values: object) -> None:
        """Change data."""
        with self._lock:
            self._connection.execute(sql, values)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def account_of(self, login: str) -> str:
        """Return the account that belongs to a login; nothing for those who have none of their own."""
        found = self.one("select account from logins where login = ?", login)
        return str(found["account"]) if found else ""


def scrambled(login: str, password: str) -> str:
    """Return what is kept of a password."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), login.encode(), 1_000).hex()


def month(now: int, back: int) -> str:
    """Return the name of a month so many months before the last one."""
    year, index = divmod((1970 * 12 + now // 2_629_746) - 1 - back, 12)
    return f"{year}-{index + 1:02}"
