"""What a real nginx writes about visitors who do not behave: every line is read or rejected, none is lost and none is cut wrongly."""

import base64
import socket

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
    log_format portal '{portal}';
    access_log {home}/portal.log portal;
    log_format structured escape=json '{structured}';
    access_log {home}/structured.log structured;
    server {{
        listen 127.0.0.1:{port};
        listen [::1]:{port};
        add_header X-Customer A-1001;
        location / {{ return 200 "page\\n"; }}
    }}
}}
"""

PORTAL = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
    'shown="$sent_http_x_customer"'
)
STRUCTURED = (
    '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","request_method":"$request_method",'
    '"request_uri":"$request_uri","status":"$status","shown":"$sent_http_x_customer","http_user_agent":"$http_user_agent"}'
)

CASE = """\
[[source]]
name = "portal"
files = ["{file}"]
format = "{format}"
layout = '{layout}'
channel = "portal"
recipient_kind = "customer_login"
recipient = "remote_user"
device = "http_user_agent"
customer = "{customer}"

[[entitlement]]
basis = "ownership"
file = "logins.csv"
columns = {{ recipient = "login", customer = "account" }}
"""
CASES = {
    "portal.log": CASE.format(file="portal.log", format="nginx", layout=PORTAL, customer="sent_http_x_customer"),
    "structured.log": CASE.format(file="structured.log", format="nginx_json", layout=STRUCTURED, customer="shown"),
}


def request(path="/account", *, login="ann", agent=b"visitor", method="GET"):
    head = f"{method} {path} HTTP/1.1\r\nHost: my.example\r\nConnection: close\r\n".encode()
    known = b"Authorization: Basic " + base64.b64encode(f"{login}:x".encode()) + b"\r\n" if login else b""
    return head + known + b"User-Agent: " + agent + b"\r\n\r\n"


TLS_HELLO = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(256)) + b"\r\n"

PAGES = {
    "a quiet visitor": request(),
    "quotes in the agent": request(agent=b'Mozilla "5.0" (x) "'),
    "what looks like our own fields in the agent": request(agent=b'x" shown="A-1002'),
    "an escape sign in the agent": request(agent=b"Mozilla \\x22 \\ \\"),
    "UTF-8 in the agent": request(agent="Mozilla (Zürich)".encode()),
    "latin-1 in the agent": request(agent="Mozilla (Zürich)".encode("latin-1")),
    "signs that mean something to a shell or a regular expression": request("/account?q=[x](y)$^*+{1}|'"),
    "an address of 5,000 characters": request("/account?" + "x" * 5000),
    "spaces as %20 and a quote as %22": request("/account%20%22x%22"),
    "another method": request(method="POST"),
}
NO_LOGIN = {"nobody": request(login="")}
SPACED = {
    "a login with a space": request(login="ann smith"),
    "a login that forges a time": request(login="bob [09/Jan/2011:00:00:00 +0000] x"),
}
REFUSED = {
    "a TLS hello on the http port": TLS_HELLO,
    "no HTTP at all": b"\x00\x01\x02\r\n\r\n",
    "a connection that closes in its request": b"GET /acc",
    "a header without a colon": b"GET / HTTP/1.1\r\nnonsense\r\n\r\n",
    "a byte that is no text in the address": request("/account?q=\x7f"),
    "a method that is none": b"get /account\r\n\r\n",
}


def send(port, data, host="127.0.0.1"):
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer


@pytest.fixture
def server(start, tools, tmp_path):
    port = tools.free_port()
    user = f"user {tools.user};" if tools.user == "root" else ""
    (tmp_path / "nginx.conf").write_text(
        CONFIGURATION.format(home=tmp_path, user_line=user, port=port, portal=PORTAL, structured=STRUCTURED)
    )
    start("nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log"), port=port)
    return port


def test_every_line_is_read_or_rejected_and_every_page_goes_to_the_one_who_got_it(server, written, judged, tmp_path):
    answers = {name: send(server, data) for name, data in {**PAGES, **NO_LOGIN, **SPACED}.items()}
    assert [name for name, answer in answers.items() if not answer.startswith(b"HTTP/1.1 200")] == []
    assert send(server, request(), host="::1").startswith(b"HTTP/1.1 200")
    for data in REFUSED.values():
        send(server, data)
    lines = written(tmp_path / "portal.log", len(answers) + 1 + len(REFUSED))
    for name, text in CASES.items():
        result = judged(text, ledger=f"ledger-{name}")
        read = result.read
        assert read.lines == len(lines), name
        assert (read.rejected, read.other) == ({"portal.log": 1, "structured.log": 0}[name], len(REFUSED)), name
        assert read.disclosures + read.rejected + read.other == read.lines, name
        # Ann's own pages, the one over IPv6 among them; the others are nobody's, or of a login that is not in the registry.
        assert result.verdicts.entitled == len(PAGES) + 1, name


def test_a_forged_line_never_moves_a_page_to_another_login_or_time(server, written, judged, tmp_path):
    for data in SPACED.values():
        send(server, data)
    written(tmp_path / "portal.log", len(SPACED))
    combined, structured = (judged(text, ledger=f"ledger-{name}") for name, text in CASES.items())
    assert combined.verdicts.entitled == structured.verdicts.entitled == 0
    assert (combined.read.disclosures, [r.line for r in combined.rejected]) == (1, [2])
    assert structured.read.disclosures == 2
    assert combined.timeline[0][0].year == structured.timeline[0][0].year > 2011
    assert len(combined.timeline) == len(structured.timeline) == 1
