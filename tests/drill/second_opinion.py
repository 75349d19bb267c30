"""Which lines of a drill show somebody what no registry allows? Found line by line, sharing code with neither the drill nor the engine."""

import csv
import gzip
import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta

PORTAL = re.compile(
    r'(?P<client>\S+) - (?P<login>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d{3}) \d+ "[^"]*" "(?P<device>[^"]*)"'
    r' sid="(?P<sid>[^"]*)" shown="(?P<shown>[^"]*)" cache="(?P<cache>[^"]*)"'
)
GATEWAY = re.compile(
    r"(?P<time>\d{10}\.\d{3}) +\d+ 10\.\S+ (?P<code>[A-Z_]+/\d{3}) \d+ (?P<method>[A-Z]+) (?P<url>\S+) (?P<note>-|4477009\d{5}) \S+"
)


def lines(folder, file):
    """Return the physical lines of a log, decompressed."""
    raw = (folder / file).read_bytes()
    return (gzip.decompress(raw) if file.endswith(".gz") else raw).decode("latin-1").split("\n")[:-1]


def logs(folder, pattern="*"):
    """Return the names of the logs whose folder fits a pattern."""
    return sorted(str(path.relative_to(folder)) for path in folder.glob(f"logs/{pattern}/*"))


def registry(folder, name):
    with (folder / "registry" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rows(folder, channel):
    """Yield (file, line number, time, fields) of every readable line of a channel."""
    cut = {"portal": _portal, "bills": _bills, "gateway": _gateway, "crm": _crm}[channel]
    for file in logs(folder, channel):
        for number, text in enumerate(lines(folder, file), 1):
            found = cut(text)
            if found is not None:
                yield file, number, *found


def unentitled(folder):
    """Return (file, line number) of every line that shows data without a reason."""
    opinion = Opinion(folder)
    checks = {"portal": opinion.portal, "bills": opinion.bills, "gateway": opinion.gateway, "crm": opinion.crm}
    return {(file, number) for channel, allowed in checks.items() for file, number, t, row in rows(folder, channel) if not allowed(t, row)}


class Spans:
    """From when to when something holds for a key."""

    def __init__(self, *, before=timedelta(0), after=timedelta(0)):
        self.spans = defaultdict(list)
        self.before, self.after = before, after

    def add(self, key, since, until, value=True):  # noqa: FBT002 - a span without a value simply holds
        end = datetime.fromisoformat(until) + self.after if until else None
        self.spans[key].append((datetime.fromisoformat(since) - self.before, end, value))

    def at(self, key, t):
        return [value for since, until, value in self.spans.get(key, ()) if since <= t and (until is None or t < until)]


class Opinion:
    """The registries of a drill, and what they say about one line."""

    def __init__(self, folder):
        self.logins, self.numbers, self.bill_owners, self.partners = Spans(), Spans(), Spans(), Spans()
        self.companies, self.members, self.portfolio = Spans(), Spans(), Spans()
        self.windows = [Spans(before=timedelta(minutes=2), after=timedelta(minutes=30)), Spans()]
        for row in registry(folder, "logins"):
            self.logins.add((row["login"], row["account"]), row["since"], row["until"])
        for name, spans, key, value in (
            ("numbers", self.numbers, "number", "account"),
            ("bills", self.bill_owners, "bill", "account"),
            ("company_users", self.companies, "login", "company"),
            ("company_accounts", self.members, "account", "company"),
            ("portfolio", self.portfolio, "agent", "company"),
            ("partners", self.partners, "site", "agreement"),
        ):
            for row in registry(folder, name):
                spans.add(row[key], row["since"], row["until"], row[value])
        names = {"contacts": ("start", "end"), "tickets": ("opened", "closed"), "duties": ("since", "until")}
        for name, (since, until) in {**names, "lawful_requests": ("since", "until")}.items():
            for row in registry(folder, name):
                self.windows[name != "contacts"].add((row["agent"], row["account"]), row[since], row[until])
        self.tests = {row["account"] for row in registry(folder, "test_accounts")}

    def portal(self, t, row):
        return row["shown"] == "-" or bool(self.logins.at((row["login"], row["shown"]), t))

    def bills(self, t, row):
        kind, name = ([*row["uri"].split("/")[2:], "", ""])[:2]
        if row["status"] != "200" or not name:
            return True
        (account,) = (self.bill_owners if kind == "bills" else self.numbers).at(name, t)
        return bool(set(self.companies.at(row["login"], t)) & set(self.members.at(account, t)))

    def gateway(self, t, row):
        if row["note"] == "-":
            return True
        assert len(self.numbers.at(row["note"], t)) == 1, "a number on the air belongs to one account"
        host = row["url"].split("/")[2]
        parts = host.split(".")
        sites = [host, *("." + ".".join(parts[start:]) for start in range(len(parts)))]
        return any(self.partners.at(site, t) for site in sites)

    def crm(self, t, row):
        account, pair = row["account"], (row["agent"], row["account"])
        if not account or account in self.tests or any(spans.at(pair, t) for spans in self.windows):
            return True
        return bool(set(self.portfolio.at(row["agent"], t)) & set(self.members.at(account, t)))


def _portal(text):
    match = PORTAL.fullmatch(text)
    return match and (datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC), match.groupdict())


def _bills(text):
    row = json.loads(text)
    return datetime.fromisoformat(row["time"]), row


def _gateway(text):
    match = GATEWAY.fullmatch(text)
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(match["time"])), match.groupdict()


def _crm(text):
    (fields,) = csv.reader([text])
    row = dict(zip(("time", "agent", "action", "screen", "account", "ticket"), fields, strict=True))
    return None if row["time"] == "time" else (datetime.fromisoformat(row["time"]), row)
