"""A portal behind a real HAProxy that opens another customer's account at each later login: Maxis, 2010."""

import socket
import threading

import pytest

CONFIGURATION = """\
global
    nbthread 1
    log 127.0.0.1:{log_port} local0
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    option httplog
    log global
frontend web
    bind 127.0.0.1:{port}
    http-request set-var(txn.login) req.cook(sid),field(1,-)
    http-request capture var(txn.login) len 20
    http-request capture req.cook(sid) len 40
    declare capture response len 20
    http-response capture res.hdr(X-Customer) id 0
    default_backend portal
backend portal
    server portal 127.0.0.1:{portal_port}
"""

CASE = """\
[[source]]
name = "portal"
files = ["haproxy.log"]
format = "haproxy"
layout = "captures: x-login, x-sid | x-customer"
channel = "portal"
recipient_kind = "customer_login"
recipient = "header:x-login"
session = "header:x-sid"
customer = "response:x-customer"

[[source.route]]
template = "/account"
self = true
data = ["identity", "account"]

[[entitlement]]
basis = "ownership"
file = "logins.csv"
columns = { recipient = "login", customer = "account" }
"""


@pytest.fixture
def syslog(tmp_path):
    """What listens for HAProxy's log, one datagram a line, and writes it to a file like any syslog."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))

    def write():
        with (tmp_path / "haproxy.log").open("ab", buffering=0) as log:
            while datagram := receiver.recv(1 << 16):
                if b" web " in datagram:
                    log.write(datagram.rstrip(b"\n") + b"\n")

    thread = threading.Thread(target=write)
    thread.start()
    yield receiver.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as goodbye:
        goodbye.sendto(b"", receiver.getsockname())
    thread.join()
    receiver.close()


@pytest.fixture
def visited(start, portal, visit, written, syslog, tools, tmp_path):
    def day():
        port = tools.free_port()
        (tmp_path / "haproxy.cfg").write_text(CONFIGURATION.format(log_port=syslog, port=port, portal_port=portal.port))
        start("haproxy", "-f", str(tmp_path / "haproxy.cfg"), port=port)
        there = visit(port)
        for who in ("ann", "bob", "ann", "bob", "ann", "cat"):
            there.log_in(who)
            there.get(who, "/account")
        written(tmp_path / "haproxy.log", len(there.seen), holding=b' HTTP/1.1"')
        return there

    return day


def lines_of(seen, log):
    """The lines that say who was shown what; HAProxy also logs the connections that only asked whether it listens."""
    said = (f"{{{seen.who}|".encode(), f"{{{seen.shown}}}".encode(), b"GET /account ")
    return [i for i, line in enumerate(log.read_bytes().splitlines(), 1) if all(part in line for part in said)]


def test_a_portal_that_opens_another_account_is_found_with_exactly_the_pages_it_showed(visited, portal, judged, tmp_path):
    portal.mixes = True
    there = visited()
    assert [(seen.who, seen.shown) for seen in there.wrong] == [("ann", "A-1002"), ("bob", "A-1003"), ("ann", "A-1003")], "the fault itself"
    result = judged(CASE)
    (incident,) = result.incidents
    assert (incident.detector, incident.evidence_kind) == ("account-mixup", "certain")
    lines = [line for seen in there.wrong for line in lines_of(seen, tmp_path / "haproxy.log")]
    assert incident.evidence == [f"haproxy.log:{line}" for line in lines]
    assert incident.customers.at_least == 2
    assert result.read.disclosures == len(there.shown)
    assert result.read.rejected == 0


def test_a_portal_that_opens_ones_own_account_is_clean(visited, judged):
    there = visited()
    assert there.wrong == []
    result = judged(CASE)
    assert result.incidents == []
    assert (result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge) == (len(there.shown), 0, 0)
