"""What does somebody see who lints what is there? Each configuration is one as it is found at an operator's, with its old faults."""

import json

import pytest

SQUID = """\
# gateway gw-3, forward proxy for APN wap
http_port 10.20.0.5:3128
visible_hostname gw3.operator.example
acl CONNECT method CONNECT
acl customers src 10.64.0.0/10
acl partners dstdomain "partners.txt"
acl vas url_regex vas-portal
external_acl_type msisdn ttl=300 negative_ttl=10 concurrency=256 %SRC /usr/local/bin/radius-lookup
acl known external msisdn

http_access allow partners known !CONNECT
http_access allow vas known !CONNECT
http_access allow customers
http_access deny all

request_header_add X-MSISDN "%{msisdn}note" partners !CONNECT
request_header_add X-MSISDN "%{msisdn}note" vas !CONNECT
logformat gw %ts.%03tu %>a %rm %ru %{msisdn}note
access_log daemon:/var/log/squid/gw.log gw
via on
forwarded_for delete
"""
HAPROXY = """\
global
    maxconn 50000
defaults
    mode http
    timeout client 30s
frontend wap
    bind 10.20.0.5:8080
    option forwardfor
    capture request header Host len 64
    acl partner hdr(host) -i -m end partner.example
    http-request add-header X-MSISDN %[src,map_ip(/etc/haproxy/msisdn.map)] if partner
    default_backend internet
backend internet
    server out 10.20.1.1:3128
"""
NGINX = """\
user www-data;
events { worker_connections 1024; }
http {
    map $remote_addr $msisdn { default ""; include msisdn.map; }
    map $http_host $is_partner { ~partner 1; default 0; }
    map $is_partner $enrich { default ""; 1 $msisdn; }
    log_format gw '$remote_addr "$request" $status $msisdn';
    include headers.conf;
    server {
        listen 8080;
        location / { proxy_pass http://$http_host$request_uri; }
        location /ws { # since the maintenance of 10 January
            proxy_set_header Upgrade $http_upgrade;
            proxy_pass http://$http_host$request_uri;
        }
    }
}
"""


@pytest.fixture
def old(tmp_path):
    (tmp_path / "squid.conf").write_text(SQUID)
    (tmp_path / "partners.txt").write_text("www.music.example\n.music.example\n.github.io\n")
    (tmp_path / "haproxy.cfg").write_text(HAPROXY)
    (tmp_path / "nginx.conf").write_text(NGINX)
    (tmp_path / "headers.conf").write_text('proxy_set_header X-MSISDN $enrich;\nproxy_set_header X-Up-Calling-Line-ID "";\n')
    (tmp_path / "msisdn.map").write_text("10.64.0.7 447700900123;\n")
    return tmp_path


def rules(said):
    return {(finding["file"].rpartition("/")[2], finding["line"], finding["rule"]) for finding in json.loads(said.out)["findings"]}


def test_an_old_squid_has_its_faults_named(run, old):
    said = run("edge", "lint", "--json", old / "squid.conf")
    assert said.code == 1
    assert rules(said) == {
        ("squid.conf", 7, "squid-unanchored-regex"),
        ("partners.txt", 2, "squid-overlap-fatal"),
        ("partners.txt", 3, "squid-shared-suffix"),
        ("squid.conf", 16, "squid-add-without-deny"),
        ("squid.conf", 17, "squid-add-without-deny"),
        ("squid.conf", 18, "squid-clear-log"),
        ("squid.conf", 20, "squid-via"),
    }


def test_an_old_haproxy_has_its_faults_named(run, old):
    assert rules(run("edge", "lint", "--json", old / "haproxy.cfg")) == {
        ("haproxy.cfg", 8, "haproxy-forwarded-for"),
        ("haproxy.cfg", 10, "haproxy-bare-suffix"),
        ("haproxy.cfg", 10, "haproxy-last-dot"),
        ("haproxy.cfg", 11, "haproxy-add-without-delete"),
    }


def test_an_old_nginx_has_its_faults_named(run, old):
    assert rules(run("edge", "lint", "--json", old / "nginx.conf")) == {
        ("nginx.conf", 5, "nginx-unanchored-regex"),
        ("nginx.conf", 7, "nginx-clear-log"),
        ("nginx.conf", 12, "nginx-inherited-lost"),
    }


def test_people_are_told_the_line_the_rule_and_what_to_do(run, old):
    said = run("edge", "lint", "nginx.conf")
    assert said.out.splitlines()[0] == "2 errors, 1 warning in 1 file"
    assert "nginx.conf:12: error nginx-inherited-lost: a block sets headers of its own" in said.out
    assert "    location /ws: X-MSISDN and 1 more\n    hint: include the whole list" in said.out
    assert "447700900123" not in said.out
    assert said.code == 1


def test_warnings_alone_end_well_and_a_number_in_a_line_is_masked(run, tmp_path):
    (tmp_path / "partners.txt").write_text("music.example\nmusic.example\n+447700900123\n\x1b[31m\n")
    said = run("edge", "lint", "partners.txt")
    assert said.code == 0
    assert said.out.startswith("0 errors, 3 warnings in 1 file")
    assert "447700900123" not in said.out
    assert "\x1b" not in said.out


def test_nothing_found_is_said(run, tmp_path):
    (tmp_path / "hosts").write_text("music.example\n")
    assert run("edge", "lint", "hosts").out == "0 errors, 0 warnings in 1 file\n"


def test_a_target_that_is_named_is_not_guessed(run, tmp_path):
    (tmp_path / "hosts").write_text("music.example\n")
    assert run("edge", "lint", "--target", "policy", "hosts").code == 1


def test_a_file_for_code_scanning_is_written_beside(run, old):
    run("edge", "lint", "--sarif", "lint.sarif", "nginx.conf")
    assert len(json.loads((old / "lint.sarif").read_text())["runs"][0]["results"]) == 3


def test_what_is_no_file_is_refused(run):
    said = run("edge", "lint", "gone.conf")
    assert (said.code, said.message[0]) == (5, "cannot read `gone.conf`")


POLICY = """\
accept = ["cookies", "expiry", "own-number", "pattern-names", "trailers", "unlisted-names"]
[[field]]
name = "msisdn"
header = "X-MSISDN"
[subscribers]
file = "subscribers.csv"
[log]
key_file = "log.key"
[[partner]]
agreement = "PA-7"
hosts = [".music.example", "radio.example"]
until = 2999-01-01T00:00:00Z
fields = ["msisdn"]
"""
AROUND = {
    "squid": "http_port 3128\ninclude whosaw.conf\n",
    "haproxy": "",
    "nginx": "http {\n include maps.conf;\n server { location / { include rules.conf; proxy_pass http://$host; } }\n}\n",
}


@pytest.mark.parametrize("target", AROUND)
def test_what_is_compiled_from_a_policy_has_no_fault(run, tmp_path, target):
    (tmp_path / "edge.toml").write_text(POLICY)
    (tmp_path / "subscribers.csv").write_text("address,msisdn\n10.64.0.7,447700900123\n")
    (tmp_path / "log.key").write_text("5a" * 32 + "\n")
    assert run("edge", "compile", "--target", target, "--out", "compiled", "edge.toml").code == 0
    whole = tmp_path / "compiled" / f"{target}.conf"
    if AROUND[target]:
        whole.write_text(AROUND[target])
    config = whole if AROUND[target] else tmp_path / "compiled" / "whosaw.cfg"
    assert rules(run("edge", "lint", "--json", config)) == set()
