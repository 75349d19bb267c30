"""What does each rule for nginx find, and what does it leave alone?"""

import pytest

from whosaw.edge.lint import Target
from whosaw.edge.lint.rules.nginx import LINTS

GOOD = """\
events {}
http {
    map $host $partner { hostnames; default 0; .music.example 1; }
    map $remote_addr $sub { default ""; 10.0.0.7 447700900123; }
    map $partner $told { default ""; 1 $sub; }
    log_format own '$remote_addr $token';
    proxy_set_header X-MSISDN $told;
    proxy_set_header X-Forwarded-For "";
    server {
        listen 3128;
        location / { proxy_pass http://$host; }
        location /static { return 204; }
    }
}
"""


def row(entry):
    return GOOD.replace(".music.example 1;", f"{entry} 1;")


def location(lines):
    return GOOD.replace("location / {", "location / { " + lines)


BAD = {
    "nginx-unanchored-regex": row(r"~music\.example$"),
    "nginx-bare-dot": row("~^music.example$"),
    "nginx-shared-suffix": row(".github.io"),
    "nginx-inherited-lost": location("proxy_set_header Upgrade $http_upgrade;"),
    "nginx-unguarded-pass": GOOD.replace("    server {", "    server {")
    .replace('    proxy_set_header X-MSISDN $told;\n    proxy_set_header X-Forwarded-For "";\n', "")
    .replace("location /static { return 204; }", "location /p { proxy_set_header X-MSISDN $told; proxy_pass http://$host; }"),
    "nginx-passed-on": GOOD.replace("X-MSISDN $told", "X-MSISDN $http_x_msisdn"),
    "nginx-underscores": GOOD.replace("    server {", "    underscores_in_headers on;\n    server {"),
    "nginx-clear-log": GOOD.replace("$token", "$sub"),
    "nginx-forwarded-for": GOOD.replace('X-Forwarded-For ""', "X-Forwarded-For $proxy_add_x_forwarded_for"),
    "nginx-unread": GOOD.replace("    server {", "    include gone.conf;\n    server {"),
}


def test_every_rule_is_tried():
    assert set(BAD) == {rule.id for rule in LINTS}


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_finds_its_fault_and_no_other_does(rules_of, rule):
    assert {name for name, _ in rules_of(Target.NGINX, BAD[rule])} == {rule}


def test_a_good_configuration_has_no_fault(rules_of):
    assert rules_of(Target.NGINX, GOOD) == set()


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("proxy_set_header X-A a;", {("nginx-inherited-lost", 11)}),
        ("if ($host = x) { proxy_set_header X-A a; }", {("nginx-inherited-lost", 11)}),
        ("proxy_set_header X-A a; proxy_set_header x-msisdn $told;", set()),
        ("location /in { proxy_set_header X-A a; }", {("nginx-inherited-lost", 11)}),
        ("include own.inc;", {("nginx-inherited-lost", 11)}),
    ],
)
def test_a_block_that_sets_a_header_of_its_own_loses_those_around_it(rules_of, lines, found):
    assert rules_of(Target.NGINX, location(lines), own_inc="proxy_set_header X-A a;\n") == found


def test_a_block_that_includes_the_whole_list_loses_nothing(rules_of):
    text = location("include own.inc; proxy_set_header X-A a;")
    assert rules_of(Target.NGINX, text, own_inc='proxy_set_header X-MSISDN "";\n') == set()


@pytest.mark.parametrize("format", ["$http_x_msisdn", "${http_msisdn}", "$told"])
def test_a_log_that_holds_numbers_is_found(rules_of, format):  # noqa: A002
    assert {name for name, _ in rules_of(Target.NGINX, GOOD.replace("$token", format))} == {"nginx-clear-log"}


def test_a_portal_that_tells_nobody_who_the_customer_is_has_no_fault(rules_of):
    text = "http { server { location / { proxy_set_header X-Forwarded-For $remote_addr; proxy_pass http://app; } } }"
    assert rules_of(Target.NGINX, text) == set()


def test_a_condition_on_the_host_is_looked_at_like_a_map(rules_of):
    text = location("if ($http_host ~* music) { set $partner 1; }")
    assert rules_of(Target.NGINX, text) == {("nginx-unanchored-regex", 11)}


def test_what_only_routes_may_be_open(rules_of):
    assert rules_of(Target.NGINX, location("if ($http_host ~* ^www) { return 301 /; }")) == set()
    assert (
        rules_of(Target.NGINX, GOOD.replace("    server {", "    map $host $backend { ~shop 10.0.0.1; default 10.0.0.2; }\n    server {"))
        == set()
    )


def test_a_part_that_tells_nobody_is_looked_at_as_a_whole_but_a_port_is_no_host(rules_of):
    text = 'map $host $x { ~music 1; }\nmap $http_host $port { default 80; "~:(?<digits>[0-9]+)$" $digits; }\n'
    assert rules_of(Target.NGINX, text) == {("nginx-unanchored-regex", 1)}
