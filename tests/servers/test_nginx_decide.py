"""A real nginx asks before each page (`auth_request`), and lets through exactly what the judge calls entitled afterwards."""

from base64 import b64encode
from http.client import HTTPConnection

import pytest

import decisions
from small_operator import BILL_OWNER, BILLS, LOGINS, OWNERSHIP, counts, portal, read_counts
from small_operator import judged as answer

CONF = """
daemon off;
worker_processes 1;
{user}
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    proxy_cache_path {folder}/cache keys_zone=answers:1m;
    upstream decide {{ server 127.0.0.1:{service}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        access_log {folder}/portal.log;
        location / {{
            auth_request /decide;
            auth_request_set $verdict $upstream_http_x_decide_verdict;
            add_header X-Verdict $verdict always;
            root {folder};
            try_files /page =404;
        }}
        location = /decide {{
            internal;
            proxy_pass http://decide/auth/nginx;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Recipient $remote_user;
            {more}
        }}
    }}
}}
"""
A_WRONG_CACHE = "proxy_cache answers; proxy_cache_key $request_uri; proxy_cache_valid any 1m;"


def settings():
    source = portal(
        format="nginx", recipient="remote_user", files=["portal.log"], route=[*portal()["route"], {"template": "/help", "public": True}]
    )
    source = {key: value for key, value in source.items() if key not in {"customer", "session"}}
    return {"source": [source], "owner": [BILL_OWNER], "entitlement": [OWNERSHIP]}


@pytest.fixture
def asking(tmp_path, start, tools):
    """Start the service and an nginx before it; `get` is a visitor's request."""
    running = []

    def starts(more=""):
        (tmp_path / "logins.csv").write_text(LOGINS)
        (tmp_path / "bills.csv").write_text(BILLS)
        (tmp_path / "page").write_text("a bill\n")
        context = decisions.serving(tmp_path, settings())
        running.append(context)
        service = context.__enter__()
        port = tools.free_port()
        user = f"user {tools.user};" if tools.user == "root" else ""
        conf = CONF.format(folder=tmp_path, service=service.port, port=port, user=user, more=more)
        (tmp_path / "nginx.conf").write_text(conf)
        start("nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path), port=port, trouble=tmp_path / "error.log")
        return service, port

    yield starts
    for context in running:
        context.__exit__(None, None, None)


def get(port, address, who="", method="GET", **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    login = {"Authorization": "Basic " + b64encode(f"{who}:secret".encode()).decode()} if who else {}
    connection.putrequest(method, address)
    for name, value in {**login, **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    found = connection.getresponse()
    body = found.read()
    connection.close()
    return found.status, body, found.headers.get("X-Verdict", "")


def test_a_visitor_is_shown_their_own_bill_and_no_other(asking):
    _, port = asking()
    assert get(port, "/bill/B1", "anna") == (200, b"a bill\n", "entitled")
    status, body, verdict = get(port, "/bill/B2", "anna")
    assert (status, b"a bill" in body, verdict) == (403, False, "unentitled")
    assert get(port, "/bill/B1")[0] == 401
    assert get(port, "/help")[0] == 200


@pytest.mark.parametrize(
    "address", ["/bill/B2%2F..%2FB1", "/bill/./B1", "//bill/B1", "/bill/B1/", "/bill/B1%00", "/BILL/B1", "/x/../bill/B1"]
)
def test_an_address_that_nginx_reads_as_a_page_but_that_is_not_configured_is_refused(asking, address):
    _, port = asking()
    assert get(port, address, "anna")[0] in {400, 403}


def test_what_a_visitor_says_about_themselves_or_the_address_counts_for_nothing(asking):
    _, port = asking()
    assert get(port, "/bill/B1", "bert", X_Recipient="anna", X_Original_URI="/bill/B2")[0] == 403
    assert get(port, "/bill/B1", X_Recipient="anna")[0] == 401


def test_no_answer_is_kept_for_somebody_else_even_under_a_wrong_key(asking):
    _, port = asking(A_WRONG_CACHE)
    assert [get(port, "/bill/B1", who)[0] for who in ("anna", "bert", "anna")] == [200, 403, 200]


def test_nobody_is_shown_anything_when_the_service_is_gone(asking):
    service, port = asking()
    assert get(port, "/bill/B1", "anna")[0] == 200
    service.stop()
    assert get(port, "/bill/B1", "anna")[0] == 500


def test_what_was_let_through_is_what_the_judge_calls_entitled_afterwards(asking, tmp_path, written):
    service, port = asking()
    visits = [(f"/bill/B{n}", who) for n in (1, 2, 9) for who in ("anna", "bert", "carl")] * 2
    shown = [get(port, address, who)[0] == 200 for address, who in visits]
    written(tmp_path / "portal.log", len(visits))
    result = answer(tmp_path, settings())
    assert shown.count(True) == 4
    assert counts(result) == (4, 0, 0)
    assert read_counts(result)[:2] == (len(visits), 4)
    assert len(service.recorded("shown")) == 4
    assert len(service.recorded("stopped")) == len(visits) - 4
