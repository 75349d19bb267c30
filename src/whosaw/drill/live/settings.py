"""What would the live operator tell whosaw about its logs and lists? The text of its `whosaw.toml`, and the lists themselves."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from whosaw.drill.clockwork import DAY, iso
from whosaw.drill.live.nginx import PORTAL_LAYOUT
from whosaw.drill.live.squid import LAYOUT
from whosaw.drill.registries import write_registries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from whosaw.drill.live.cast import Cast

LOGS = {
    "portal": "logs/portal/access.log",
    "bills": "logs/bills/bills.json",
    "crm": "logs/crm/audit.csv",
    "gateway": "logs/gateway/access.log",
}
"""The logs that are judged, by channel."""

_LONG = 900 * DAY
"""For so long those who play here have been customers."""

_SETTINGS = """\
# Who saw whose customer data? The live operator's settings; paths are relative to this file.

[operator]
name = "Example Mobile"
country = "GB"
numbers = ["4477009"]

[[source]]
name = "portal"
files = ["@portal"]
channel = "portal"
vantage = "origin"
format = "nginx"
layout = '@portal_layout'
recipient_kind = "customer_login"
recipient = "login"
session = "session"
device = "browser"
client = "remote_addr"
customer = "upstream_http_x_customer"
cache = "upstream_cache_status"
filler_session = "upstream_http_x_session"
data = ["identity", "contact"]
route = [
    { template = "/me", self = true, data = ["identity", "contact", "account"] },
    { template = "/api/v1/me", self = true, data = ["identity", "contact", "account"] },
    { template = "/me/phonebook", self = true, data = ["content"] },
    { template = "/bills", self = true, data = ["bill"] },
    { template = "/bills/{bill}", object = "bill", data = ["bill", "call_detail"] },
    { template = "/api/v1/numbers/{number}", object = "number", data = ["number", "account"] },
    { template = "/profiles/{account}", object = "account", data = ["contact"] },
    { template = "/", public = true },
    { template = "/help", public = true },
    { template = "/help/*", public = true },
    { template = "/static/*", public = true },
    { template = "/login", public = true },
    { template = "/logout", public = true },
    { template = "/password", public = true },
    { template = "/openapi.json", public = true },
    { template = "/api/v1/token", public = true },
    { template = "/api/v1/token/refresh", public = true },
]

[[source]]
name = "bills"
files = ["@bills"]
channel = "bills"
vantage = "app"
format = "jsonl"
columns = { time = "time", client = "client", uri = "uri", method = "method", status = "status" }
recipient_kind = "company_user"
recipient = "login"
session = "session"
device = "agent"
object = "bill"
object_type = "bill"
data = ["bill", "call_detail"]
route = [
    { template = "/company/bills/{bill}", object = "bill" },
    { template = "/company/lines/{number}", object = "number", data = ["number", "account"] },
]

[[source]]
name = "crm"
files = ["@crm"]
channel = "crm"
vantage = "app"
format = "csv"
columns = { time = "time", status = "status" }
recipient_kind = "employee"
recipient = "agent"
customer = "account"
screen = "screen"
claim = "reason"
route = [
    { template = "summary", data = ["identity", "contact", "account"] },
    { template = "calls", data = ["call_detail"] },
    { template = "search", public = true },
]

[[source]]
name = "gateway"
files = ["@gateway"]
channel = "gateway"
vantage = "proxy_out"
format = "squid"
layout = "@squid_layout"
recipient_kind = "site"
object = "note_msisdn"
object_type = "number"
data = ["number"]

[[owner]]
object = "bill"
file = "registry/bills.csv"
columns = { object = "bill", customer = "account", since = "since", until = "until" }

[[owner]]
object = "number"
file = "registry/numbers.csv"
columns = { object = "number", customer = "account", since = "since", until = "until" }

[[entitlement]]
basis = "ownership"
file = "registry/logins.csv"
columns = { recipient = "login", customer = "account", since = "since", until = "until" }

[[entitlement]]
basis = "delegation"
file = "registry/company_users.csv"
columns = { recipient = "login", group = "company", since = "since", until = "until" }
members = { file = "registry/company_accounts.csv", columns = { group = "company", customer = "account" } }

[[entitlement]]
basis = "contact"
before = "2m"
after = "30m"
file = "registry/contacts.csv"
columns = { recipient = "agent", customer = "account", since = "start", until = "end" }

[[entitlement]]
basis = "ticket"
grade = "B"
file = "registry/tickets.csv"
columns = { recipient = "agent", customer = "account", since = "opened", until = "closed", claim = "ticket" }

[[entitlement]]
basis = "partner"
file = "registry/partners.csv"
columns = { recipient = "site", since = "since", until = "until", reason = "agreement" }
"""


def settings() -> str:
    """Return the whole text of `whosaw.toml`."""
    text = _SETTINGS.replace("@portal_layout", PORTAL_LAYOUT).replace("@squid_layout", LAYOUT)
    for channel, log in LOGS.items():
        text = text.replace(f'"@{channel}"', f'"{log}"')
    return text


def write_lists(folder: Path, cast: Cast) -> None:
    """Write the operator's lists: the carrier's own, and the rows of those who play in the live operator only."""
    write_registries(folder, cast.carrier)
    ago, now = iso(cast.now - _LONG), iso(cast.now)
    groups = cast.new_companies.items()
    own = [member for member in cast.members if member.account in {line.account for line in cast.new_lines}]
    _add(folder / "logins.csv", ((m.login, m.account, ago, "") for m in own))
    _add(folder / "numbers.csv", ((n.number, n.account, iso(n.since), iso(n.until) if n.until else "") for n in cast.new_lines))
    _add(folder / "bills.csv", ((bill.id, bill.account, iso(bill.since), "") for bill in cast.new_bills()))
    _add(folder / "company_users.csv", ((login, company, ago, "") for login, company in cast.new_mandates))
    _add(folder / "company_accounts.csv", ((company, account, ago, "") for company, accounts in groups for account in accounts))
    (folder / "tickets.csv").write_text("agent,account,opened,closed,ticket\n", encoding="utf-8")
    _add(folder / "tickets.csv", ((t.agent, t.account, now, "", t.reason) for t in cast.tickets))


def _add(file: Path, rows: Iterable[Sequence[str]]) -> None:
    with file.open("a", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)
