"""What does each rule for HAProxy find, and what does it leave alone?"""

import pytest

from whosaw.edge.lint import Target
from whosaw.edge.lint.rules.haproxy import LINTS

GOOD = """\
frontend gateway
    bind :3128
    http-request del-header '(?i)^(x[-_]msisdn|msisdn)$' -m reg
    http-request set-var(txn.h) req.hdr(host),lower,field(1,:),rtrim(.)
    acl exact var(txn.h) -m str music.example
    acl known src,map_ip(subs.map) -m found
    http-request set-header X-MSISDN %[src,map_ip(subs.map)] if known exact
    log-format "%ci %[var(txn.number),hmac(sha256,txn.key),hex]"
    default_backend out
backend out
    server out 127.0.0.1:3129
"""


def exact(line):
    return GOOD.replace("var(txn.h) -m str music.example", line)


def added(line, before="    default"):
    return GOOD.replace(before, f"    {line}\n{before}", 1)


BAD = {
    "haproxy-unanchored-match": exact("var(txn.h) -m sub music.example"),
    "haproxy-bare-suffix": exact("var(txn.h) -m end music.example"),
    "haproxy-shared-suffix": exact("var(txn.h) -m end .co.uk"),
    "haproxy-bare-dot": exact("var(txn.h) -m reg ^music.example$"),
    "haproxy-last-dot": GOOD.replace(",rtrim(.)", ""),
    "haproxy-add-without-delete": "\n".join(line for line in GOOD.splitlines() if "del-header" not in line) + "\n",
    "haproxy-delete-after-set": added("http-request del-header X-MSISDN -m beg"),
    "haproxy-one-spelling": GOOD.replace("'(?i)^(x[-_]msisdn|msisdn)$' -m reg", "X-MSISDN"),
    "haproxy-clear-log": added("capture request header X-MSISDN len 20"),
    "haproxy-forwarded-for": added("option forwardfor"),
    "haproxy-intercept-unpinned": GOOD.replace(":3128", ":3128 transparent"),
    "haproxy-unread": exact("var(txn.h) -m str -f gone.lst"),
}


def test_every_rule_is_tried():
    assert set(BAD) == {rule.id for rule in LINTS}


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_finds_its_fault_and_no_other_does(rules_of, rule):
    assert {name for name, _ in rules_of(Target.HAPROXY, BAD[rule])} == {rule}


@pytest.mark.parametrize("rule", ["", *(rule for rule in BAD if rule != "haproxy-unread")])
def test_haproxy_itself_accepts_what_is_found_faulty(accepted, rule):
    assert accepted("haproxy", BAD.get(rule, GOOD), "-c", "-f", **{"subs.map": "10.0.0.7 447700900123\n"}) == ""


def test_a_good_configuration_has_no_fault(rules_of):
    assert rules_of(Target.HAPROXY, GOOD) == set()


@pytest.mark.parametrize(
    "comparison",
    [
        "req.hdr(host),rtrim(.) -m beg music.example",
        "hdr_sub(host),rtrim(.) music",
        "hdr_dom(host),rtrim(.) music.example",
        r"var(txn.h) -m reg music\.example$",
        "url_sub,rtrim(.) music",
    ],
)
def test_a_comparison_open_at_one_end_is_found(rules_of, comparison):
    assert rules_of(Target.HAPROXY, exact(comparison)) == {("haproxy-unanchored-match", 5)}


def test_a_comparison_within_braces_is_found(rules_of):
    found = rules_of(Target.HAPROXY, GOOD.replace("if known exact", "if known { hdr_end(host),rtrim(.) -i music.example }"))
    assert found == {("haproxy-bare-suffix", 7)}


def test_lists_in_files_are_read_where_they_lie(rules_of):
    found = rules_of(Target.HAPROXY, exact("var(txn.h) -m end -f partners.lst"), partners_lst=".music.example\nradio.example\n")
    assert found == {("haproxy-bare-suffix", 2)}


@pytest.mark.parametrize("line", ["http-request add-header X-MSISDN %[src]", "http-request set-header MSISDN %[src] if known"])
def test_what_is_added_or_set_for_some_needs_to_be_taken_out_for_all(rules_of, line):
    text = "\n".join(["frontend f", f"  {line}", "  acl known src 10.0.0.0/8"])
    assert ("haproxy-add-without-delete", 2) in rules_of(Target.HAPROXY, text)
    assert rules_of(Target.HAPROXY, text.replace("frontend f", "frontend f\n  http-request del-header msisdn -m end")) == set()


def test_what_only_routes_may_be_open(rules_of):
    text = "frontend f\n  use_backend b if { hdr_beg(host) www. }\n  acl static path_beg /static\n  capture request header Host len 40\n"
    assert rules_of(Target.HAPROXY, text) == set()


SET = "    http-request set-var(txn.partner) bool(true) if { hdr_sub(host),rtrim(.) music }\n    http-request set-header"


def test_a_condition_behind_a_variable_is_followed(rules_of):
    text = GOOD.replace("if known exact", "if known { var(txn.partner) -m bool }").replace("    http-request set-header", SET)
    assert rules_of(Target.HAPROXY, text) == {("haproxy-unanchored-match", 7)}


LOGS = [
    'log-format "%[req.hdr(x-msisdn)]"',
    'log-format "%[req.hdr(x-msisdn),sha2(256),hex]"',
    "http-request capture src,map_ip(subs.map) len 20",
]


@pytest.mark.parametrize("line", LOGS)
def test_a_log_that_holds_numbers_is_found(rules_of, line):
    assert {name for name, _ in rules_of(Target.HAPROXY, added(line))} == {"haproxy-clear-log"}
