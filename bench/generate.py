"""What would a month of a portal's log look like, and who was entitled to what? Made fast, and the same for the same numbers.

`python generate.py FOLDER LINES FILES` makes it, with a quarter as many entitlements, or leaves it when it is there.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

DAYS = 30
BEGIN = datetime(2012, 1, 1, tzinfo=UTC)
MIXED_FROM = 20
"""The portal is sound for the first days; then it mixes up accounts, and its cache hands pages around."""

UNENTITLED = 0.005

CONFIG = """\
[operator]
name = "Example Mobile"
country = "GB"

[[source]]
name = "portal"
files = ["logs/*.log"]
format = "nginx"
layout = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" \
sid="$cookie_sid" shown="$sent_http_x_customer" cache="$upstream_cache_status"'
channel = "portal"
recipient_kind = "customer_login"
recipient = "remote_user"
session = "cookie_sid"
device = "http_user_agent"
customer = "sent_http_x_customer"
cache = "upstream_cache_status"

[[source.route]]
template = "/account"
self = true
data = ["identity", "account"]

[[source.route]]
template = "/usage"
self = true
data = ["account"]

[[source.route]]
template = "/bills/{bill}"
object = "bill"
data = ["bill"]

[[source.route]]
template = "/static/*"
public = true

[[owner]]
object = "bill"
file = "registry/bills.csv"
columns = { object = "bill", customer = "account", since = "since" }

[[entitlement]]
basis = "ownership"
file = "registry/logins.csv"
columns = { recipient = "login", customer = "account", since = "since" }

[[entitlement]]
basis = "delegation"
file = "registry/company_users.csv"
columns = { recipient = "login", group = "company", since = "since" }

[entitlement.members]
file = "registry/companies.csv"
columns = { group = "company", customer = "account", since = "since" }
"""

AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 5_0_1 like Mac OS X) AppleWebKit/534.46",
    "Mozilla/5.0 (Linux; Android 4.0.3; GT-I9100) AppleWebKit/535.7 Chrome/16.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:9.0) Gecko/20100101 Firefox/9.0",
    "Opera/9.80 (Series 60; Opera Mini/6.5)",
)


@dataclass(frozen=True)
class Size:
    """How much is made: log lines, rows of entitlements and log files (one a day is what rotation leaves behind)."""

    lines: int
    entitlements: int
    files: int = DAYS

    @property
    def name(self) -> str:
        return f"{self.lines}-{self.entitlements}-{self.files}"

    @property
    def accounts(self) -> int:
        return self.entitlements * 8 // 10

    @property
    def members(self) -> int:
        return self.entitlements * 18 // 100

    @property
    def company_users(self) -> int:
        return self.entitlements - self.accounts - self.members

    @property
    def companies(self) -> int:
        return max(1, self.members // 22)


def make(folder: Path, size: Size) -> Path:
    """Return the folder of a case of this size, made now if it was not made before."""
    home = folder / size.name
    if (home / "truth.json").exists():
        return home
    (home / "logs").mkdir(parents=True, exist_ok=True)
    (home / "registry").mkdir(exist_ok=True)
    (home / "whosaw.toml").write_text(CONFIG)
    _registry(home / "registry", size)
    truth = _logs(home / "logs", size)
    (home / "truth.json").write_text(json.dumps(truth, indent=2))
    return home


# --- text as columns of bytes: a zero byte is no byte, so that lines differ in length -------------------------------


def _fixed(text: str, rows: int) -> Any:
    return np.broadcast_to(np.frombuffer(text.encode(), np.uint8), (rows, len(text)))


def _digits(values: Any, width: int) -> Any:
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (values[:, None] // powers % 10 + 48).astype(np.uint8)


def _number(values: Any, width: int) -> Any:
    """Return numbers without leading zeros."""
    out = _digits(values, width)
    out[np.cumsum(out != 48, axis=1) == 0] = 0
    out[values == 0, -1] = 48
    return out


def _chosen(texts: list[str], which: Any) -> Any:
    width = max(map(len, texts))
    table = np.array([list(text.encode().ljust(width, b"\0")) for text in texts], np.uint8)
    return table[which]


def _text(columns: list[Any]) -> bytes:
    whole = np.hstack(columns)
    return whole[whole != 0].tobytes()


# --- who may see what ----------------------------------------------------------------------------------------------


def _registry(folder: Path, size: Size) -> None:
    _table(folder / "logins.csv", "login,account,since", size.accounts, lambda i: [("u", i, 7), ("A", i, 7)])
    _table(folder / "bills.csv", "bill,account,since", size.accounts, lambda i: [("B", i, 7), ("A", i, 7)])
    _table(folder / "companies.csv", "company,account,since", size.members, lambda i: [("C", i % size.companies, 6), ("A", i, 7)])
    _table(folder / "company_users.csv", "login,company,since", size.company_users, lambda i: [("k", i, 7), ("C", i % size.companies, 6)])


def _table(path: Path, heading: str, rows: int, cells: Any) -> None:
    with path.open("wb") as f:
        f.write(heading.encode() + b"\n")
        for first in range(0, rows, 500_000):
            i = np.arange(first, min(rows, first + 500_000), dtype=np.int64)
            columns: list[Any] = []
            for letter, values, width in cells(i):
                columns += [_fixed(letter, len(i)), _digits(values, width), _fixed(",", len(i))]
            f.write(_text([*columns, _fixed("2011-06-01\n", len(i))]))


# --- what was shown ------------------------------------------------------------------------------------------------


def _logs(folder: Path, size: Size) -> dict[str, int]:
    rng = np.random.default_rng(2012)
    truth = {"disclosures": 0, "unentitled": 0}
    paths = [folder / f"portal-{i + 1:02}.log" for i in range(size.files)]
    for path in paths:
        path.unlink(missing_ok=True)
    for day in range(DAYS):
        lines = size.lines * (day + 1) // DAYS - size.lines * day // DAYS
        text, shown, wrong = _day(rng, day, lines, size)
        truth["disclosures"] += shown
        truth["unentitled"] += wrong
        with paths[day * size.files // DAYS].open("ab") as f:
            f.write(text)
    return truth


def _day(rng: np.random.Generator, day: int, n: int, size: Size) -> tuple[bytes, int, int]:
    """Return a day's text, how many disclosures it holds and how many of them nothing entitles."""
    seconds = np.sort(rng.integers(0, 86400, n))
    who = rng.integers(0, size.accounts, n)
    kind = rng.random(n)
    account_page, usage, bill, static = kind < 0.5, (kind >= 0.5) & (kind < 0.7), (kind >= 0.7) & (kind < 0.92), kind >= 0.92
    company = bill & (rng.random(n) < 0.25)
    company_user = rng.integers(0, size.company_users, n)
    status = np.where(rng.random(n) < 0.97, 200, 302)

    # One row in 200 over the whole month, all of them in its last third.
    wrong = (rng.random(n) < UNENTITLED * DAYS / (DAYS - MIXED_FROM)) & (day >= MIXED_FROM) & ~static & (status == 200)
    cached = wrong & account_page & (rng.random(n) < 0.3)
    # A company user's bills: any account of the same company (accounts i with equal i modulo the number of companies).
    room = np.maximum(1, (size.members - 1 - company_user % size.companies) // size.companies + 1)
    companys = company_user % size.companies + size.companies * (rng.integers(0, 1 << 40, n) % room)
    # Nobody else's account is ever one's own or of one's own company: members come first, the last fifth is nobody's company.
    other = size.accounts - 1 - rng.integers(0, size.accounts // 5, n)
    other = np.where(other == who, size.accounts // 2, other)
    account = np.where(wrong, other, np.where(company, companys, who))

    moment = BEGIN + timedelta(days=day)
    login = np.where(company, company_user, who)
    session = ((login + company * 10**8) * 6364136223846793005 + day) % 10**12
    columns = [
        _fixed("10.", n), _number(who // 65536 % 256, 3), _fixed(".", n), _number(who // 256 % 256, 3),
        _fixed(".", n), _number(who % 256, 3),
        _fixed(" - ", n), _chosen(["u", "k"], company.astype(np.int64)), _digits(login, 7),
        _fixed(f" [{moment:%d/%b/%Y}:", n), _digits(seconds // 3600, 2), _fixed(":", n), _digits(seconds // 60 % 60, 2), _fixed(":", n),
        _digits(seconds % 60, 2), _fixed(' +0000] "GET ', n),
        _chosen(["/account", "/usage", "/bills/B", "/static/app.css"], usage * 1 + bill * 2 + static * 3),
        np.where(bill[:, None], _digits(account, 7), 0).astype(np.uint8),
        _fixed(' HTTP/1.1" ', n), _digits(status, 3), _fixed(" ", n), _number(200 + (who * 7 + seconds) % 9000, 4),
        _fixed(' "https://my.example/" "', n), _chosen(list(AGENTS), who % len(AGENTS)), _fixed('" sid="', n), _digits(session, 12),
        _fixed('" shown="', n), _chosen(["A", "-"], (static | bill | (status != 200)).astype(np.int64)),
        np.where((static | bill | (status != 200))[:, None], 0, _digits(account, 7)).astype(np.uint8),
        _fixed('" cache="', n), _chosen(["-", "HIT", "MISS"], np.where(static, 2, cached * 1)), _fixed('"\n', n),
    ]  # fmt: skip
    shown = ~static & (status == 200)
    return _text(columns), int(shown.sum()), int(wrong.sum())


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), Size(int(sys.argv[2]), int(sys.argv[2]) // 4, int(sys.argv[3]))))
