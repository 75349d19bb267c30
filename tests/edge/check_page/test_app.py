"""Does a visit lead from one request to the next, and take only what it should?"""

import json
import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from wire.serving import raw

NUMBER = "447700900123"


@pytest.fixture
def ask(served):
    """Ask the page as a browser does, with whatever a network has added."""

    def asked(path, *added, secure=False, method="GET", form=None):
        body = urlencode(form).encode() if form is not None else b""
        extra = [f"Content-Length: {len(body)}"] if body else []
        port = served.secure if secure else served.clear
        lines = [f"{method} {path} HTTP/1.1", "Host: check.example:1", "User-Agent: phone", *added, *extra]
        return raw(port, *lines, body=body, secure=secure)

    return asked


def path_of(url):
    return "/" + url.split("/", 3)[3]


@pytest.fixture
def walk(ask, served):
    """Go through a whole visit, and return its result's path and page."""

    def walked(*added):
        path = ask("/", *added)[1]["Location"]
        page = ask(path, *added)[2]
        link = re.search(r'class="next" href="([^"]+)"', page)[1]
        assert link.startswith(f"https://check.example:{served.secure}/s/")
        result = ask(path_of(link), secure=True)[1]["Location"]
        return result, ask(result, secure=True)[2]

    return walked


def test_what_came_in_clear_only_was_added(walk, served):
    _, page = walk(f"X-MSISDN: {NUMBER}", f"X-Foo: {NUMBER}", "Via: 1.1 gw.example")
    assert "The network tells web sites who you are" in page
    assert "4477…23" in page
    assert NUMBER not in page
    assert [word in page for word in ("X-MSISDN", "X-Foo", "Via")] == [True] * 3
    seen = [json.loads(line) for line in (served.state / "counts" / "seen-2026-01-01.jsonl").read_text().splitlines()]
    assert [(line["header"], line["distinct"]) for line in seen] == [("X-MSISDN", 1), ("X-Foo", 1)]


def test_nothing_added_is_said_and_nothing_is_kept(walk, served):
    assert "The network added nothing to this request" in walk()[1]
    assert not (served.state / "counts").exists()


def test_a_visit_is_counted_once_however_often_it_is_looked_at(walk, ask, served):
    result, _ = walk(f"X-MSISDN: {NUMBER}")
    ask(result, secure=True)
    assert len((served.state / "counts" / "seen-2026-01-01.jsonl").read_text().splitlines()) == 1


def test_https_only_and_a_missing_encrypted_leg_are_inconclusive(ask):
    path = ask("/")[1]["Location"]
    assert "Inconclusive" in ask(path, secure=True)[2]
    assert "over https only" in ask(path, secure=True)[2]
    ask(path)
    assert "the encrypted request did not arrive" in ask(path.replace("/v/", "/r/"))[2]
    assert "begins without https" in ask("/", secure=True)[2]


def test_a_listed_name_is_certain_without_an_encrypted_leg(ask):
    path = ask("/")[1]["Location"]
    ask(path, f"X-MSISDN: {NUMBER}", "X-Foo: 1")
    page = ask(path.replace("/v/", "/r/"))[2]
    assert "who you are" in page
    assert "X-Foo" not in page


def test_an_encrypted_leg_that_comes_in_clear_is_none(ask):
    path = ask("/")[1]["Location"]
    ask(path)
    assert "Inconclusive" in ask(path.replace("/v/", "/s/"))[2]


def test_a_visit_is_over_after_ten_minutes_and_a_guess_finds_none(ask, served):
    path = ask("/")[1]["Location"]
    assert ask("/r/" + "A" * 32)[0] == 404
    served.now += timedelta(minutes=11)
    assert ask(path)[0] == 404


def test_a_report_is_taken_once_for_a_visit(walk, ask, served):
    result, page = walk(f"X-MSISDN: {NUMBER}")
    assert f'action="{result}"' in page
    status, _, said = ask(result, secure=True, method="POST", form={"message": f"I am {NUMBER}" + "x" * 5000})
    assert (status, "The operator has your report" in said) == (200, True)
    assert ask(result, secure=True, method="POST", form={"message": "again"})[0] == 429
    assert "<form" not in ask(result, secure=True)[2]
    (report,) = (served.state / "reports").glob("R-*.json")
    assert NUMBER not in report.read_text()
    assert json.loads(report.read_text())["operator"] == "Small Operator"


def test_a_report_needs_the_nonce_and_a_form(walk, ask):
    assert ask("/r/" + "A" * 32, method="POST", form={"message": "x"})[0] == 404
    result, _ = walk()
    assert ask(result, method="POST", form={str(i): "x" for i in range(9)})[0] == 400
    assert ask(result, method="PUT")[0] == 405


def test_what_cannot_be_kept_is_counted_and_the_visitor_is_told(walk, ask, served):
    (served.state / "counts").parent.mkdir(exist_ok=True)
    (served.state / "counts").write_text("a file")
    result, page = walk(f"X-MSISDN: {NUMBER}")
    assert "who you are" in page
    assert ask(result, secure=True, method="POST", form={"message": "x"})[0] == 503
    assert served.page.lost == 2


@pytest.mark.parametrize("host", ['a"b', "evil.example/x", "[::1]", "a b", "x" * 300])
def test_links_go_to_a_host_or_nowhere_strange(served, host):
    _, headers, _ = raw(served.clear, "GET / HTTP/1.1", f"Host: {host}")
    page = raw(served.clear, f"GET {headers['Location']} HTTP/1.1", f"Host: {host}")[2] if headers.get("Location") else ""
    assert re.findall(r'href="https://([^/]+)/', page) in ([], [f"localhost:{served.secure}"], [f"[::1]:{served.secure}"])


def test_a_proxy_may_ask_in_absolute_form_and_the_script_reaches_the_encrypted_page(served):
    assert raw(served.clear, "GET http://check.example/ HTTP/1.1", "Host: check.example")[0] == 303
    status, headers, _ = raw(served.secure, "GET /p HTTP/1.1", "Host: check.example", secure=True)
    assert (status, headers["Cross-Origin-Resource-Policy"]) == (204, "cross-origin")
    assert raw(served.clear, "GET /p HTTP/1.1", "Host: check.example")[0] == 404
    assert raw(served.clear, "GET /page.js HTTP/1.1", "Host: check.example")[0] == 200
