"""The O2 incident of the drill, replayed through a real Squid: with its fault strangers are told numbers, with the compiled policy none is.

The requests, customers and partners are the drill's own; the number goes where Squid sends it, and what a site really received is the truth.
"""

import csv
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

import websites
from whosaw import drill
from whosaw.edge import compiled, policy
from whosaw.edge.dialects import squid

NOBODY = "proxy"
TIME = datetime(2012, 1, 25, 14, tzinfo=UTC)
"""When it was mended."""

AROUND = """\
http_port 127.0.0.1:{port}
visible_hostname gateway.example
cache_effective_user {user}
pid_filename {home}/squid.pid
cache_log {home}/cache.log
coredump_dir {home}
pinger_enable off
shutdown_lifetime 0 seconds
cache deny all
cache_peer 127.0.0.1 parent {origin} 0 no-query no-digest originserver name=web
never_direct allow all
{rules}
http_access allow all
access_log stdio:{home}/gateway.log whosaw
"""

FAULTY = """\
external_acl_type subscribers ttl=1 negative_ttl=1 concurrency=256 children-max=1 children-startup=1 ipv4 %SRC {lookup}
acl known external subscribers
acl mark annotate_transaction told=yes whosaw_sent="%{{sent}}note"
http_access deny known mark !all
acl told note told yes
request_header_access X-MSISDN deny all
request_header_add X-MSISDN "%{{msisdn_e164}}note" told
logformat whosaw {layout}
"""
"""What was left when the partner list had been lost in routine maintenance."""

POLICY = """\
accept = ["cookies", "own-number", "pattern-names", "unlisted-names", "expiry"]
partners = "partners.csv"
[[field]]
name = "msisdn"
header = "X-MSISDN"
[subscribers]
file = "subscribers.csv"
[log]
key_file = "log.key"
"""
KEY = "a key that operator and gateway share"

CASE = f"""\
[operator]
country = "GB"
numbers = ["4477009"]
hash_keys = ["{KEY}"]

[[source]]
name = "gateway"
files = ["gateway.log"]
format = "squid"
layout = '{squid.LOG}'
channel = "gateway"
vantage = "proxy_out"
recipient_kind = "site"
scan = ["note_whosaw_sent", "uri"]
object_type = "number"
data = ["number"]

[[owner]]
object = "number"
file = "numbers.csv"
columns = {{ object = "number", customer = "account", since = "since", until = "until" }}

[[entitlement]]
basis = "partner"
file = "edge.toml"
"""


@dataclass(frozen=True)
class Asked:
    """A request of the drill's gateway: who, by the last five digits of his number, and what."""

    client: str
    number: str
    host: str
    url: str


@pytest.fixture
def web():
    """All sites: the truth is what they received."""
    with websites.website() as server:
        yield server


@pytest.fixture(scope="module")
def incident(tmp_path_factory):
    """The drill's logs and registries."""
    out = tmp_path_factory.mktemp("drill")
    drill.write(out, scenarios=["o2-headers-2012"], seed=7, customers=300, days=20)
    return out


def requests_of(log, count):
    """The first requests that the drill's gateway passed on in the time of its fault, as they were made."""
    found = []
    for line in log.read_text().splitlines():
        moment, _, client, outcome, _, method, url, *_ = line.split()
        passed = "MISS" in outcome and method == "GET" and url.startswith("http://")
        if passed and datetime(2012, 1, 10, 3, 12, tzinfo=UTC).timestamp() < float(moment) < TIME.timestamp():
            _, a, b, c = map(int, client.split("."))
            number = f"4477009{a * 10_000 + b * 100 + c - 1:05}"
            found.append(Asked(f"127.{a}.{b}.{c}", number, url.split("/")[2], url))
    return found[:count]


@pytest.fixture
def gateway(start, web, tools, incident, written, tmp_path):
    """Squid with some rules; the drill's requests go through it, from their customers' own addresses."""
    with tempfile.TemporaryDirectory(prefix="whosaw-o2-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        asked = requests_of(incident / "logs" / "gateway" / "gw-2.log", 150)
        known = sorted({(one.client, one.number) for one in asked})
        (home / "subscribers.csv").write_text("address,msisdn\n" + "".join(f"{client},{number}\n" for client, number in known))
        (home / "log.key").write_text(KEY)
        (home / "edge.toml").write_text(POLICY)
        with (incident / "registry" / "partners.csv").open() as file, (home / "partners.csv").open("w") as out:
            out.write("agreement,host,since,until,fields\n")
            for row in csv.DictReader(file):
                out.write(f'"{row["agreement"]}",{row["site"]},{row["since"]},{row["until"]},msisdn\n')
        for name in ("edge.toml", "partners.csv"):
            shutil.copy(home / name, tmp_path)
        shutil.copy(incident / "registry" / "numbers.csv", tmp_path)
        checked = policy.load(home / "edge.toml")
        compiled.write(squid.compiled(checked, TIME, home / "out"), home / "out")
        user = NOBODY if tools.user == "root" else tools.user
        if tools.user == "root":
            shutil.chown(home, NOBODY)

        def day(*, faulty):
            port = tools.free_port()
            lookup = f"{home}/out/lookup subscribers {home}/subscribers.csv {home}/log.key msisdn:e164"
            rules = FAULTY.format(lookup=lookup, layout=squid.LOG) if faulty else f"include {home}/out/whosaw.conf"
            (home / "squid.conf").write_text(AROUND.format(port=port, home=home, user=user, origin=web.port, rules=rules))
            start("squid", "-N", "-n", f"o2{port}", "-f", str(home / "squid.conf"), port=port, trouble=home / "cache.log")
            for one in asked:
                visit(port, one)
            written(home / "gateway.log", len(asked), holding=b" http://")
            shutil.copy(home / "gateway.log", tmp_path)
            return asked, [(websites.header(head, "Host"), websites.header(head, "X-MSISDN")) for head in web.heads]

        yield day


def visit(port, one):
    answer = websites.answer(port, f"GET {one.url} HTTP/1.1\r\nHost: {one.host}\r\nConnection: close\r\n\r\n".encode(), one.client)
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]


def partners(told):
    """Whether each host that was told something was a partner whose agreement was in force."""
    return {host: host in {"tones.example", "football.example", "games.example"} or host.endswith(".pay.example") for host, _ in told}


def test_before_strangers_were_told_and_the_ledger_says_since_when_and_how_many(gateway, judged, tmp_path):
    asked, told = gateway(faulty=True)
    is_partner = partners(told)
    leaked = [i for i, (host, number) in enumerate(told) if number and not is_partner[host]]
    assert len(leaked) > 50
    result = judged(CASE)
    (found,) = result.incidents
    assert (found.detector, found.evidence_kind) == ("enriched-request", "certain")
    with (tmp_path / "numbers.csv").open() as file:
        accounts = {row["number"]: row["account"] for row in csv.DictReader(file) if not row["until"]}
    customers = {accounts[asked[i].number] for i in leaked}
    assert found.customers.at_least == len(customers)
    assert found.disclosures == len(leaked)
    assert found.recipients.count == len({told[i][0] for i in leaked})
    lines = [i for i, line in enumerate((tmp_path / "gateway.log").read_text().splitlines(), 1) if " http://" in line]
    assert found.evidence[0] == f"gateway.log:{lines[leaked[0]]}"
    moments = [float(line.split()[0]) for line in (tmp_path / "gateway.log").read_text().splitlines() if " http://" in line]
    assert found.since.timestamp() == pytest.approx(moments[leaked[0]], abs=0.001)
    assert found.until.timestamp() == pytest.approx(moments[leaked[-1]], abs=0.001)


def test_after_only_partners_are_told_and_the_ledger_has_nothing_to_say(gateway, judged):
    _, told = gateway(faulty=False)
    is_partner = partners(told)
    assert {host for host, number in told if number} == {host for host, fine in is_partner.items() if fine}
    assert any(number for _, number in told)
    result = judged(CASE)
    assert result.incidents == []
    assert (result.verdicts.entitled, result.verdicts.unentitled) == (sum(bool(number) for _, number in told), 0)
