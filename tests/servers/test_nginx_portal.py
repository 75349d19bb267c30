"""A portal behind a real nginx whose cache forgets that pages are personal: the fault of Steam (2015) and Klarna (2021)."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

CONFIGURATION = """\
daemon off;
{user_line}
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    proxy_cache_path {home}/pages keys_zone=pages:1m;
    map $cookie_sid $login {{ default ""; "~^(?<name>[a-z]+)-[0-9]+$" $name; }}
    log_format portal '{portal}';
    log_format unnamed '{unnamed}';
    log_format structured escape=json '{structured}';
    access_log {home}/portal.log portal;
    access_log {home}/unnamed.log unnamed;
    access_log {home}/portal.json structured;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{portal_port};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_cache pages;
            proxy_cache_key $scheme$host$request_uri;
            {cache}
        }}
    }}
}}
"""

FAULTY = "proxy_ignore_headers Cache-Control Set-Cookie; proxy_cache_valid 200 1h;"
CORRECT = "proxy_no_cache $cookie_sid; proxy_cache_bypass $cookie_sid;"

FACTS = 'sid="$cookie_sid" shown="$sent_http_x_customer" cache="$upstream_cache_status"'
COMBINED = '$remote_addr - {login} [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
PORTAL = COMBINED.format(login="$login") + " " + FACTS
UNNAMED = COMBINED.format(login="$remote_user") + ' $request_time login="$login" ' + FACTS
STRUCTURED = (
    '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","login":"$login","request_method":"$request_method",'
    '"request_uri":"$request_uri","status":$status,"sid":"$cookie_sid","shown":"$sent_http_x_customer",'
    '"upstream_cache_status":"$upstream_cache_status","http_user_agent":"$http_user_agent"}'
)

CASE = """\
[[source]]
name = "portal"
files = ["{file}"]
{format}
channel = "portal"
recipient_kind = "customer_login"
recipient = "{login}"
session = "{session}"
customer = "{customer}"
cache = "{cache}"

[[source.route]]
template = "/account"
self = true
data = ["identity", "account"]

[[source.route]]
template = "/help"
public = true

[[entitlement]]
basis = "ownership"
file = "logins.csv"
columns = {{ recipient = "login", customer = "account" }}
"""

NAMED = CASE.format(
    file="portal.log", format=f"format = \"nginx\"\nlayout = '{PORTAL}'",
    login="login", session="cookie_sid", customer="sent_http_x_customer", cache="upstream_cache_status",
)  # fmt: skip
CASES = {
    "format string": NAMED,
    "nobody named it": CASE.format(file="unnamed.log", format="", login="login", session="sid", customer="shown", cache="cache"),
    "escape=json": CASE.format(
        file="portal.json", format="", login="login", session="sid", customer="shown", cache="upstream_cache_status"
    ),
}


@pytest.fixture
def visited(start, portal, visit, written, tools, tmp_path):
    """A day at the portal, with a given cache: three customers and a stranger look at their pages. What they received is the truth."""

    def day(cache):
        port = tools.free_port()
        user = f"user {tools.user};" if tools.user == "root" else ""
        (tmp_path / "nginx.conf").write_text(
            CONFIGURATION.format(
                home=tmp_path, user_line=user, port=port, portal_port=portal.port, cache=cache,
                portal=PORTAL, unnamed=UNNAMED, structured=STRUCTURED,
            )
        )  # fmt: skip
        start("nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log"), port=port)
        there = visit(port)
        for who in ("ann", "bob", "cat"):
            there.log_in(who)
        for who, path in (
            ("ann", "/account"), ("ann", "/account"), ("bob", "/help"), ("bob", "/account"), ("cat", "/account?from=mail"),
            ("ann", "/account?from=mail"), ("stranger", "/account"), ("bob", "/account"), ("cat", "/account?from=app"), ("bob", "/help"),
        ):  # fmt: skip
            there.get(who, path)
        for name in ("portal.log", "unnamed.log", "portal.json"):
            written(tmp_path / name, len(there.seen))
        return there

    return day


@pytest.mark.parametrize("case", CASES)
def test_a_cache_without_the_cookie_in_its_key_is_found_with_exactly_the_rows_that_went_wrong(visited, judged, tmp_path, case):
    there = visited(FAULTY)
    assert [seen.who for seen in there.wrong] == ["bob", "ann", "stranger", "bob"], "the fault itself"
    result = judged(CASES[case])
    (incident,) = result.incidents
    log = {"format string": "portal.log", "nobody named it": "unnamed.log", "escape=json": "portal.json"}[case]
    assert (incident.detector, incident.evidence_kind) == ("cached-page", "certain")
    assert incident.evidence == [f"{log}:{seen.line}" for seen in there.wrong]
    assert incident.customers.at_least == len({seen.shown for seen in there.wrong})
    assert incident.recipients.kinds == {"customer_login": 2, "anonymous": 1}
    assert result.read.lines == len(there.seen)
    assert result.read.disclosures == len(there.shown)
    assert result.verdicts.unentitled == len(there.wrong)


def test_the_first_seen_second_is_the_second_in_which_the_first_wrong_page_went_out(visited, judged, tmp_path):
    there = visited(FAULTY)
    (incident,) = judged(NAMED).incidents
    for seen, told in ((there.wrong[0], incident.since), (there.wrong[-1], incident.until)):
        text = (tmp_path / "portal.log").read_text().splitlines()[seen.line - 1].split("[")[1].split("]")[0]
        assert told == datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
        assert timedelta(0) <= seen.moment - told < timedelta(seconds=2)


@pytest.mark.parametrize("case", CASES)
def test_a_cache_that_leaves_personal_pages_alone_is_clean(visited, judged, case):
    there = visited(CORRECT)
    assert there.wrong == []
    result = judged(CASES[case])
    assert result.incidents == []
    assert result.repairs == []
    assert (result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge) == (len(there.shown), 0, 0)
    assert len(there.shown) >= 6


def test_the_same_day_judged_from_three_formats_gives_the_same_answer(visited, judged):
    visited(FAULTY)
    answers = [judged(text, ledger=f"ledger{i}") for i, text in enumerate(CASES.values())]
    assert len({(a.read.lines, a.read.disclosures, a.read.rejected, a.verdicts, a.incidents[0].customers.at_least) for a in answers}) == 1


def test_the_commands_answer_about_a_page_that_went_to_the_wrong_customer(visited, tmp_path, tools):
    there = visited(FAULTY)
    (tmp_path / "whosaw.toml").write_text(NAMED)
    (tmp_path / "logins.csv").write_text("login,account\n" + "".join(f"{who},{account}\n" for who, account in tools.accounts.items()))

    def whosaw(*arguments):
        path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run(
            [sys.executable, "-m", "whosaw", *arguments], cwd=tmp_path, env=path, capture_output=True, text=True, check=False
        )
        return run.returncode, run.stdout

    assert whosaw("judge", "--fail-on", "unentitled")[0] == 1
    code, told = whosaw("explain", f"portal.log:{there.wrong[0].line}")
    assert (code, "unentitled: no entitlement covers it" in told, "cached-page, part of INC-1" in told) == (0, True, True)
    code, told = whosaw("saw", there.wrong[0].shown)
    assert (code, told.count("unentitled")) == (0, sum(seen.shown == there.wrong[0].shown for seen in there.wrong))
