"""What would this operator tell whosaw about its logs? The text of its `whosaw.toml`."""

from __future__ import annotations

_SETTINGS = """\
# Who saw whose customer data? The make-believe operator's settings; paths are relative to this file.

[operator]
name = "Example Mobile"
country = "GB"
numbers = ["4477009"]
timezone = "Europe/London"

[[source]]
name = "portal"
files = ["logs/portal/access.log*"]
channel = "portal"
vantage = "origin"
format = "nginx"
layout = '@layout'
recipient_kind = "customer_login"
recipient = "remote_user"
session = "cookie_sid"
device = "http_user_agent"
client = "remote_addr"
customer = "sent_http_x_customer"
cache = "upstream_cache_status"
route = [
    { template = "/account", self = true, data = ["identity", "account"] },
    { template = "/account/bills", self = true, data = ["bill"] },
    { template = "/account/calls", self = true, data = ["call_detail"] },
    { template = "/account/phonebook", self = true, data = ["content"] },
    { template = "/lines/{number}", object = "number", data = ["account", "number"] },
    { template = "/", public = true },
    { template = "/login", public = true },
    { template = "/help/*", public = true },
    { template = "/static/*", public = true },
]

[[source]]
name = "bills"
files = ["logs/bills/bills-*.json"]
channel = "bills"
vantage = "origin"
format = "jsonl"
columns = { time = "time", client = "client", uri = "uri", method = "method", status = "status", bytes = "bytes" }
recipient_kind = "company_user"
recipient = "login"
session = "session"
device = "agent"
route = [
    { template = "/company/bills/{bill}", object = "bill", data = ["bill", "call_detail"] },
    { template = "/company/lines/{number}", object = "number", data = ["account", "number"] },
    { template = "/company", public = true },
]

[[source]]
name = "gateway-1"
files = ["logs/gateway/gw-1.log"]
@gateway

[[source]]
name = "gateway-2"
files = ["logs/gateway/gw-2.log"]
@gateway

[[source]]
name = "crm"
files = ["logs/crm/audit.csv"]
channel = "crm"
vantage = "app"
format = "csv"
columns = { time = "time" }
recipient_kind = "employee"
recipient = "agent"
customer = "account"
screen = "screen"
claim = "ticket"
route = [
    { template = "summary", data = ["identity", "account"] },
    { template = "bill", data = ["bill"] },
    { template = "calls", data = ["call_detail"] },
    { template = "sim", data = ["device"] },
    { template = "search", public = true },
]

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
grade = "A"
file = "registry/logins.csv"
columns = { recipient = "login", customer = "account", since = "since", until = "until" }

[[entitlement]]
basis = "delegation"
grade = "A"
file = "registry/company_users.csv"
columns = { recipient = "login", group = "company", since = "since", until = "until" }
@members

[[entitlement]]
basis = "contact"
grade = "A"
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
basis = "duty"
grade = "A"
file = "registry/duties.csv"
columns = { recipient = "agent", customer = "account", since = "since", until = "until", reason = "job" }

[[entitlement]]
basis = "portfolio"
grade = "A"
file = "registry/portfolio.csv"
columns = { recipient = "agent", group = "company", since = "since", until = "until" }
@members

[[entitlement]]
basis = "partner"
grade = "A"
file = "registry/partners.csv"
columns = { recipient = "site", since = "since", until = "until", reason = "agreement" }

[[entitlement]]
basis = "lawful_request"
grade = "A"
file = "registry/lawful_requests.csv"
columns = { recipient = "agent", customer = "account", since = "since", until = "until", reason = "request" }

[[entitlement]]
basis = "test_account"
grade = "A"
file = "registry/test_accounts.csv"
columns = { customer = "account" }

[[canary]]
file = "registry/canaries.csv"
columns = { customer = "account" }
"""

_GATEWAY = """\
channel = "gateway"
vantage = "proxy_out"
format = "squid"
layout = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %{msisdn}note %mt"
recipient_kind = "site"
object = "note_msisdn"
object_type = "number"
data = ["number"]
"""

_LAYOUT = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    ' sid="$cookie_sid" shown="$sent_http_x_customer" cache="$upstream_cache_status"'
)

_MEMBERS = """\
members = { file = "registry/company_accounts.csv", columns = { \
group = "company", customer = "account", since = "since", until = "until" } }
"""


def settings() -> str:
    """Return the whole text of `whosaw.toml`."""
    return _SETTINGS.replace("@gateway\n", _GATEWAY).replace("@layout", _LAYOUT).replace("@members\n", _MEMBERS)
