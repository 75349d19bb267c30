"""A very small operator for tests of the core path: a portal with two logins, two accounts and two bills, judged in a folder of its own."""

import json
from datetime import UTC, datetime
from pathlib import Path

from whosaw import config, judge

MADE = datetime(2012, 3, 1, tzinfo=UTC)

LOGINS = "login,account,since,until\nanna,A1,2012-01-01,\nbert,A2,2012-01-01,\n"
BILLS = "bill,account,since,until\nB1,A1,2012-01-01,\nB2,A2,2012-01-01,\n"

OWNERSHIP = {
    "basis": "ownership",
    "file": "logins.csv",
    "columns": {"recipient": "login", "customer": "account", "since": "since", "until": "until"},
}
BILL_OWNER = {
    "object": "bill",
    "file": "bills.csv",
    "columns": {"object": "bill", "customer": "account", "since": "since", "until": "until"},
}


def portal(**changes):
    """The settings of the portal's log: JSON lines with a login, an account, a session and an address."""
    return {
        "name": "portal",
        "files": ["portal*.log*"],
        "channel": "portal",
        "format": "jsonl",
        "recipient_kind": "customer_login",
        "recipient": "login",
        "customer": "account",
        "session": "sid",
        "route": [
            {"template": "/home", "data": ["account"], "self": True},
            {"template": "/bill/{bill}", "data": ["bill"], "object": "bill"},
        ],
    } | changes


def line(time, login=None, uri="/home", **more):
    """One line of the portal's log. A time of four digits is a time on 10 January 2012."""
    moment = f"2012-01-10T{time}:00Z" if len(time) == 5 else time
    return json.dumps({"time": moment, "login": login, "uri": uri, "status": 200, "account": None, "sid": None} | more)


def written(folder: Path, **files):
    """Write files into a folder (`portal_log` is `portal.log`); lists are lines."""
    for name, content in files.items():
        path = folder / name.replace("_", ".", 1)
        text = "".join(f"{row}\n" for row in content) if isinstance(content, list) else content
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def operator(folder: Path, lines=(), **files):
    """A folder with the portal's log and both registries."""
    return written(folder, **({"portal_log": list(lines), "logins_csv": LOGINS, "bills_csv": BILLS} | files))


def settings(**changes):
    """The whole configuration, as parsed TOML."""
    return {"source": [portal()], "owner": [BILL_OWNER], "entitlement": [OWNERSHIP]} | changes


def case(folder: Path, changes=None, ledger="ledger"):
    return judge.Case(config.parse(settings(**(changes or {}))), "hash", folder, folder / ledger)


def judged(folder: Path, changes=None, ledger="ledger"):
    """The answer for a folder."""
    return judge.run(case(folder, changes, ledger), made=MADE, command="test", progress=lambda *_: None)


def counts(result):
    """Entitled, unentitled, cannot judge."""
    return result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge


def read_counts(result):
    """Lines, disclosures, rejected, other - which always add up."""
    read = result.read
    assert read.lines == read.disclosures + read.rejected + read.other
    assert sum(counts(result)) == read.disclosures
    return read.lines, read.disclosures, read.rejected, read.other
