"""A real Squid as the gateway that tells partners a customer's number, and after one change tells it everybody (O2, January 2012)."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import websites

NOBODY = "proxy"
"""Whom Debian's package makes for Squid."""

LOOKUP = """\
#!/bin/sh
# Which customer has this address at this moment? The answer of an operator's RADIUS sessions.
while read -r id address data; do
    case $address in
        127.0.0.2) echo "$id OK msisdn=447700900002" ;;
        127.0.0.3) echo "$id OK msisdn=447700900003" ;;
        *) echo "$id ERR" ;;
    esac
done
"""

CONFIGURATION = """\
http_port 127.0.0.1:{port}
visible_hostname gateway.example
cache_effective_user {user}
pid_filename {home}/squid.pid
cache_log {home}/cache.log
coredump_dir {home}
hosts_file {home}/hosts
dns_nameservers 127.0.0.1
shutdown_lifetime 0 seconds
pinger_enable off
cache deny all
via off
forwarded_for delete

acl partners dstdomain partner.example
external_acl_type subscribers ttl=300 negative_ttl=10 concurrency=16 children-max=1 children-startup=1 %SRC {home}/lookup
acl known external subscribers
acl has_number note msisdn
http_access allow {condition}
http_access allow all
request_header_access X-MSISDN deny all
request_header_add X-MSISDN "%{{msisdn}}note" has_number

logformat whosaw {layout}
access_log stdio:{home}/gateway.log whosaw
"""
LAYOUT = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %{msisdn}note %mt"

CORRECT, FAULTY = "partners known", "known"
"""The partner list in front of the look-up is what the change lost."""

CASE = f"""\
[operator]
country = "GB"
numbers = ["4477009"]

[[source]]
name = "gateway"
files = ["gateway.log"]
format = "squid"
layout = '{LAYOUT}'
channel = "gateway"
vantage = "proxy_out"
recipient_kind = "site"
scan = ["note_msisdn", "uri"]
object_type = "number"
data = ["number"]

[[owner]]
object = "number"
file = "numbers.csv"
columns = {{ object = "number", customer = "account" }}

[[entitlement]]
basis = "partner"
file = "partners.csv"
columns = {{ recipient = "site" }}
"""


@dataclass(frozen=True)
class Received:
    """A request as the website really got it."""

    site: str
    number: str


def received(head):
    return Received(websites.header(head, "Host").split(":")[0], websites.header(head, "X-MSISDN"))


@pytest.fixture
def website():
    """One server for all sites: which of them is meant stands in the request."""
    with websites.website() as server:
        yield server


REQUESTS = (
    ("127.0.0.2", "partner.example", {}),
    ("127.0.0.2", "stranger.example", {}),
    ("127.0.0.3", "news.example", {}),
    ("127.0.0.9", "stranger.example", {}),
    ("127.0.0.3", "stranger.example", {"X-MSISDN": "447700900111"}),
    ("127.0.0.3", "partner.example", {"X-MSISDN": "447700900111"}),
    ("127.0.0.9", "partner.example", {}),
    ("127.0.0.2", "stranger.example", {}),
)
"""Customers by their address, one of them unknown to the gateway, one who sends a number of his own."""


@pytest.fixture
def home(tools):
    """A folder in which Squid may write: it refuses to work as root, and the tests' own folder is closed to others."""
    with tempfile.TemporaryDirectory(prefix="whosaw-squid-") as folder:
        if tools.user == "root":
            shutil.chown(folder, NOBODY)
        yield Path(folder)


@pytest.fixture
def surfed(start, website, written, tools, tmp_path, home):
    """Customers visit sites through the gateway; the answer is what the sites really received."""

    def day(condition):
        port, origin = tools.free_port(), website.port
        (home / "hosts").write_text("127.0.0.1 partner.example stranger.example news.example\n")
        (home / "lookup").write_text(LOOKUP)
        (home / "lookup").chmod(0o755)
        (tmp_path / "numbers.csv").write_text("number,account\n" + "".join(f"44770090000{i},A-{i}\n" for i in range(1, 5)))
        (tmp_path / "partners.csv").write_text("site\npartner.example\n")
        user = NOBODY if tools.user == "root" else tools.user
        (home / "squid.conf").write_text(CONFIGURATION.format(port=port, home=home, user=user, condition=condition, layout=LAYOUT))
        # Its own name keeps its shared memory apart from that of any other Squid on this machine.
        start("squid", "-N", "-n", f"whosaw{port}", "-f", str(home / "squid.conf"), port=port, trouble=home / "cache.log")
        for address, site, headers in REQUESTS:
            surf(port, address, f"http://{site}:{origin}/", headers)
        written(home / "gateway.log", len(REQUESTS), holding=b" http://")
        shutil.copy(home / "gateway.log", tmp_path)
        return [received(head) for head in website.heads]

    return day


def lines_of(log):
    """The lines of the visits: Squid also logs the connection that only asked whether it listens."""
    return [i for i, line in enumerate(log.read_text().splitlines(), 1) if " http://" in line]


def surf(port, address, url, headers):
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {url} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\nConnection: close\r\n{more}\r\n"
    answer = websites.answer(port, request.encode(), address)
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]


def test_numbers_that_went_to_strangers_are_found_with_exactly_the_requests_that_carried_them(surfed, judged, tmp_path):
    received = surfed(FAULTY)
    leaked = [r for r in received if r.number and r.site != "partner.example"]
    assert [received.index(r) for r in leaked] == [1, 2, 4, 1], "the fault itself, as the sites saw it"
    result = judged(CASE)
    (incident,) = result.incidents
    assert (incident.detector, incident.evidence_kind) == ("enriched-request", "certain")
    lines = zip(lines_of(tmp_path / "gateway.log"), received, strict=True)
    assert incident.evidence == [f"gateway.log:{line}" for line, r in lines if r in leaked]
    assert incident.customers.at_least == len({r.number for r in leaked}) == 2
    assert incident.recipients.kinds == {"site": 2}
    assert (incident.cause.kind, incident.cause.value) == ("header", "note_msisdn")
    assert result.verdicts.entitled == sum(bool(r.number) for r in received) - len(leaked)


def test_a_gateway_that_tells_partners_only_is_clean(surfed, judged):
    received = surfed(CORRECT)
    assert {r.site for r in received if r.number} == {"partner.example"}
    result = judged(CASE)
    assert result.incidents == []
    assert (result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge) == (2, 0, 0)


def test_a_number_that_a_customer_sent_himself_is_neither_passed_on_nor_counted(surfed, judged):
    received = surfed(CORRECT)
    assert "447700900111" not in {r.number for r in received}
    assert judged(CASE).read.disclosures == sum(bool(r.number) for r in received) == 2
