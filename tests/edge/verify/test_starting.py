"""A configuration that was spoiled by hand is found, whatever was spoiled about it."""

import pytest

from whosaw.edge.verify.changing import LOGS, prove
from whosaw.edge.verify.probes import PROBES
from whosaw.edge.verify.sending import send

SPOILED = [
    ("squid", "hosts-2.txt", "music.example\n", ".music.example\n", "look-alikes"),
    ("squid", "whosaw.conf", "acl whosaw_hosts_1 dstdomain -n", "acl whosaw_hosts_1 dstdom_regex", "look-alikes"),
    ("squid", "whosaw.conf", "acl whosaw_ports_1 port 80", "acl whosaw_ports_1 port 80 8080", "port"),
    ("squid", "whosaw.conf", "urlpath_regex ^/billing/", "urlpath_regex -i billing", "path"),
    ("squid", "whosaw.conf", "request_header_access X_MSISDN deny all", "", "names-lower"),
    ("squid", "whosaw.conf", "request_header_access X-MSISDN deny all", "request_header_access X-MSISDN allow all", "spoofed"),
    ("squid", "whosaw.conf", "%{whosaw_sent}note", "%{msisdn_e164}note", "logs"),
    ("haproxy", "whosaw.cfg", "req.fhdr(host),lower,host_only,rtrim(.)", "req.fhdr(host),lower,host_only", "trailing-dot"),
    ("haproxy", "whosaw.cfg", "-m str -f", "-m end -f", "look-alikes"),
    ("haproxy", "whosaw.cfg", " !METH_CONNECT", "", "connect"),
    ("haproxy", "whosaw.cfg", "-m int 0 80", "-m int 0 80 8080", "port"),
    ("haproxy", "whosaw.cfg", "path -m beg /billing/", "path -m sub billing", "path"),
    ("haproxy", "whosaw.cfg", "sent.map", "msisdn_e164.map", "logs"),
    ("nginx", "hosts-2.map", "music.example 1;", ".music.example 1;", "look-alikes"),
    ("nginx", "hosts-2.map", "*.games.example 1;", ".games.example 1;", "partner-apex"),
    ("nginx", "maps.conf", "~^1:(?:80):", "~^1:(?:80|8080):", "port"),
    ("nginx", "maps.conf", ":/billing/", ":.*billing", "path"),
    ("nginx", "rules.conf", 'proxy_set_header Via "";', "", "names-mixed"),
    ("nginx", "rules.conf", "proxy_set_header X-MSISDN $whosaw_value_x_msisdn;", "", "partner-exact"),
    ("nginx", "rules.conf", "$whosaw_value_x_msisdn", "$whosaw_msisdn_e164", "look-alikes"),
    ("nginx", "rules.conf", "$whosaw_value_x_acr", "$whosaw_msisdn_e164", "fields"),
    ("nginx", "maps.conf", '"" ""; }', '"" $whosaw_token; }', "logs"),
]


@pytest.mark.parametrize(("target", "file", "before", "after", "probe"), SPOILED)
def test_what_was_spoiled_is_found(staged, origins, text, target, file, before, after, probe):
    stage = staged(text, target)
    path = stage.place / file
    whole = path.read_text()
    assert before in whole
    path.write_text(whole.replace(before, after))
    with stage.running() as live:
        results = {
            each.name: send(live.scene, live.door, origins, each) for each in PROBES if each.name in {probe, "partner-exact", "port"}
        }
        results["logs"] = prove(live, LOGS)
    assert results[probe].state == "broken", results
    assert not any(secret in repr(results) for secret in live.scene.secrets)


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_rules_that_were_left_out_are_put_back(staged, target, text):
    stage = staged(text, target)
    before = {path: path.read_bytes() for path in stage.place.iterdir()}
    for rule in [rule for rule in stage.compiled.rules if not rule.frame][::20]:
        with stage.without(rule.name):
            assert (stage.place / rule.file).read_bytes() != before[stage.place / rule.file]
    assert {path: path.read_bytes() for path in stage.place.iterdir()} == before


def test_a_gap_is_open_only_where_the_policy_accepts_it_and_nothing_closes_it(staged, text):
    assert staged(text, "squid").scene.open_gaps == ("pattern-names", "unlisted-names", "cookies", "own-number")
    assert staged(text, "haproxy").scene.open_gaps == ("cookies", "trailers", "own-number")
    assert staged(text.replace('"cookies", ', ""), "haproxy").scene.open_gaps == ("trailers", "own-number")


def test_with_an_icap_service_the_customers_are_the_operators_and_its_gaps_must_be_closed(staged, written, text):
    path = written(text)
    (path.parent / "subscribers.csv").write_text("address,msisdn,acr\n127.0.0.5,447700900002,a2\n127.0.0.6,447700900003,a3\n")
    stage = staged(text + '\n[icap]\nurl = "icap://127.0.0.1:1344/request"\n', "squid")
    assert [customer.values["msisdn"] for customer in stage.scene.customers] == ["447700900002", "447700900003"]
    assert stage.scene.open_gaps == ()
