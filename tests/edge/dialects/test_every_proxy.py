"""A real Squid, HAProxy and nginx with the compiled rules: who is told, who is not, and what the log says of it."""

from datetime import UTC, datetime

import pytest

from policies import KEY, PARTNERS, loaded
from whosaw import config, judge
from whosaw.edge.dialects import DIALECTS, haproxy, nginx, squid

NUMBER, OTHER = "447700900002", "447700900003"
ANN, BOB, NOBODY = "127.0.0.2", "127.0.0.3", "127.0.0.9"
SPOOFS = ("X-MSISDN: 999", "x-msisdn: 888", "X_MSISDN: 777", "X-Up-Calling-Line-ID: 666")

pytestmark = pytest.mark.parametrize("target", DIALECTS)


def identity(got):
    """What a site got of a customer."""
    return {name: values for name, values in got.items() if name.startswith(("x-", "x_", "via", "forwarded"))}


def test_a_partner_is_told_once_and_truly_and_a_stranger_nothing(gateway, target):
    proxy = gateway(target)
    for host in ("music.example", "MUSIC.example.", "music.example:80", "tickets.example", "a.b.tickets.example", "x.games.example"):
        assert identity(proxy.surf(ANN, host, *SPOOFS)) == {"x-msisdn": [NUMBER]}, host
        assert identity(proxy.surf(BOB, host)) == {"x-msisdn": [OTHER]}, host
        assert identity(proxy.surf(NOBODY, host, *SPOOFS)) == {}, host
    for host in (
        "games.example",
        "evilmusic.example",
        "music.example.evil.example",
        "eviltickets.example",
        "music.example:8080",
        "news.example",
    ):
        assert identity(proxy.surf(ANN, host, *SPOOFS)) == {}, host
    infra = ("Via: 1.1 inside.example", "X-Forwarded-For: 10.1.1.1", "Forwarded: for=10.1.1.1", "X-Real-IP: 10.1.1.1")
    assert identity(proxy.surf(ANN, "news.example", *infra)) == {}


def test_an_offer_counts_at_its_ports_and_below_its_path(gateway, target):
    proxy = gateway(target)
    told = identity(proxy.surf(ANN, "bank.example:8080", path="/billing/now"))
    assert told["x-acr"] == ["acr2"]
    assert len(told["x-msisdn"][0]) == 64, "the hash, not the number"
    for path in ("/other/billing/", "/billing", "/billing/../other", "/billing/%2e%2E/other", "/billing/a/..%2f../other"):
        assert identity(proxy.surf(ANN, "bank.example", path=path)) == {}, path
    assert identity(proxy.surf(ANN, "bank.example:81", path="/billing/now")) == {}


def test_a_value_that_a_customer_has_not_is_no_header(gateway, target):
    proxy = gateway(target, subscribers=f"address,msisdn,acr\n{ANN},{NUMBER},\n")
    assert set(identity(proxy.surf(ANN, "bank.example", path="/billing/"))) == {"x-msisdn"}


OVERLAPPING = """
[[partner]]
agreement = "A-1"
hosts = [".music.example"]
fields = ["msisdn"]

[[partner]]
agreement = "A-2"
hosts = ["x.music.example"]
fields = ["msisdn"]
path = "/a/"
"""


def test_two_agreements_that_say_the_same_of_a_host_tell_it_once(gateway, target):
    assert identity(gateway(target, partners=OVERLAPPING).surf(ANN, "x.music.example", path="/a/b")) == {"x-msisdn": [NUMBER]}


PINNED = """
[[partner]]
agreement = "A-1"
hosts = [".music.example", "music.example"]
addresses = ["127.0.0.0/24", "127.0.0.1"]
fields = ["msisdn"]

[[partner]]
agreement = "A-2"
hosts = ["x.music.example"]
addresses = ["::/64"]
fields = ["msisdn"]

[[partner]]
agreement = "A-3"
hosts = ["music.example"]
addresses = ["::1"]
fields = ["acr"]
ports = [8080]
"""


def test_where_traffic_is_intercepted_a_host_counts_at_its_addresses_only(gateway, target):
    people = f"address,msisdn,acr\n{ANN},{NUMBER},acr2\n::1,{OTHER},acr3\n"
    proxy = gateway(target, partners=PINNED, head="intercepted = true\n", subscribers=people, squid_port="accel vhost")
    here = {host: identity(proxy.surf(ANN, host, whole=True)) for host in ("music.example", "y.music.example", "x.music.example")}
    assert here == {host: {"x-msisdn": [NUMBER]} for host in here}
    assert identity(proxy.surf(ANN, "music.example:8080", whole=True)) == {}, "that agreement is pinned elsewhere"
    there = {h: identity(proxy.surf("::1", h, to="::1", whole=True)) for h in ("music.example", "x.music.example", "music.example:8080")}
    assert there == {"music.example": {}, "x.music.example": {"x-msisdn": [OTHER]}, "music.example:8080": {"x-acr": ["acr3"]}}


ODD = ("From: ann@web.example", "X-Foo: 1", "X_Foo: 1", "Via: 1.1 inside.example", "X-Forwarded-For: 10.1.1.1", *SPOOFS)


def test_in_quarantine_nothing_leaves_but_innocent_names(gateway, target):
    proxy = gateway(target, head='mode = "quarantine"\n')
    usual = {"host", "connection", "cache-control"}
    assert set(proxy.surf(ANN, "news.example", "DNT: 1", "Cookie: a=b", *ODD)) - usual == {"dnt", "cookie"}
    assert set(proxy.surf(ANN, "music.example", "DNT: 1", "Cookie: a=b", *ODD)) - usual == {"dnt", "cookie", "x-msisdn"}


def test_names_that_are_kept_arrive_as_they_were_sent(gateway, target):
    proxy = gateway(target, head='strip.keep = ["Via", "x-forwarded-for"]\n')
    got = proxy.surf(ANN, "news.example", "Via: 1.1 inside.example", "X-Forwarded-For: 10.1.1.1", *SPOOFS)
    assert identity(got) == {"via": ["1.1 inside.example"], "x-forwarded-for": ["10.1.1.1"]}


LOGS = {
    "squid": ("squid", squid.LOG, "note_whosaw_sent"),
    "haproxy": ("haproxy", haproxy.CAPTURES, "header:sent"),
    "nginx": ("nginx", nginx.LOG, "whosaw_sent"),
}
CASE = """
[operator]
country = "GB"
numbers = ["4477009"]
hash_keys = ["{key}"]

[[source]]
name = "gateway"
files = ["{log}"]
format = "{reader}"
layout = '{layout}'
channel = "gateway"
vantage = "proxy_out"
recipient_kind = "site"
scan = ["{sent}"]
object_type = "number"
data = ["number"]

[[owner]]
object = "number"
file = "numbers.csv"
columns = {{ object = "number", customer = "account" }}

[[entitlement]]
basis = "partner"
file = "edge.toml"
"""


@pytest.fixture
def judged(tmp_path):
    """Judge what a proxy has logged by a policy."""

    def result(proxy, partners):
        reader, layout, sent = LOGS[proxy.target]
        loaded(tmp_path, partners)
        (tmp_path / "numbers.csv").write_text(f"number,account\n{NUMBER},A-2\n{OTHER},A-3\n")
        (tmp_path / "whosaw.toml").write_text(CASE.format(key=KEY, log=proxy.log, reader=reader, layout=layout, sent=sent))
        settings, config_hash = config.load(tmp_path / "whosaw.toml")
        case = judge.Case(settings, config_hash, tmp_path, tmp_path / f"ledger{len(partners)}")
        return judge.run(case, made=datetime(2026, 1, 25, tzinfo=UTC), command="test", progress=lambda *_: None)

    return result


def test_the_log_holds_no_number_and_is_judged_by_the_same_policy(gateway, judged, target):
    proxy = gateway(target)
    proxy.surf(ANN, "music.example", path="/first")
    for host in ("news.example", "a.tickets.example", "bank.example"):
        proxy.surf(ANN, host, *SPOOFS)
    proxy.surf(NOBODY, "music.example")
    proxy.surf(BOB, "bank.example", path="/billing/now")
    lines = proxy.logged(6, "GET")
    assert not any(number in line for line in lines for number in (NUMBER, OTHER))
    clean = judged(proxy, PARTNERS)
    assert (clean.verdicts.entitled, clean.verdicts.unentitled, clean.verdicts.cannot_judge, clean.read.rejected) == (3, 0, 0, 0)
    assert clean.incidents == []
    (incident,) = judged(proxy, PARTNERS.replace("music.example", "shop.example").replace(".tickets.example", ".shows.example")).incidents
    assert (incident.detector, incident.disclosures, incident.recipients.count, incident.customers.at_least) == (
        "enriched-request",
        2,
        2,
        1,
    )
