"""A real Squid and a real HAProxy add a customer's number on the way; a real browser, with and without scripts, is shown it by the check page."""

import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from edge.check_page.conftest import nothing_clear, served  # noqa: F401 - fixtures
from wire.serving import raw

NUMBER = "447700900123"
BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
NOBODY = "proxy"

SQUID = """\
http_port 127.0.0.1:{port}
visible_hostname gateway.example
cache_effective_user {user}
pid_filename {home}/squid.pid
cache_log {home}/cache.log
access_log none
coredump_dir {home}
shutdown_lifetime 0 seconds
pinger_enable off
cache deny all
via off
forwarded_for delete
http_access allow all
request_header_add X-MSISDN "{number}" all
request_header_add X-Gateway-Extra "{number}" all
"""
HAPROXY = """\
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend gateway
    bind 127.0.0.1:{port}
    http-request set-header X-Up-Calling-Line-ID {number} if {{ path_beg /v/ }}
    http-request set-query msisdn={number} if {{ path_beg /v/ }}
    default_backend page
backend page
    server page 127.0.0.1:{page}
"""


@pytest.fixture
def squid(start, tools):
    """A Squid that adds the number to all that passes in clear, in a folder its user may write."""
    home = Path(tempfile.mkdtemp(prefix="whosaw-squid-"))
    user = NOBODY if tools.user == "root" else tools.user
    port = tools.free_port()
    (home / "squid.conf").write_text(SQUID.format(port=port, home=home, user=user, number=NUMBER))
    if tools.user == "root":
        shutil.chown(home, user)
    start("squid", "-N", "-f", str(home / "squid.conf"), port=port, trouble=home / "cache.log")
    yield port
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as play:
        yield play.chromium


@pytest.fixture
def visiting(chromium):
    """Open a browser whose clear traffic goes through a gateway, as on a phone, and whose encrypted traffic does not."""
    browsers = []

    def opened(gateway=None, **options):
        proxy = [f"--proxy-server=http=127.0.0.1:{gateway}", "--proxy-bypass-list=<-loopback>"] if gateway else []
        browser = chromium.launch(executable_path="/usr/bin/chromium", args=[*BROWSER, *proxy])
        browsers.append(browser)
        page, said = browser.new_context(ignore_https_errors=True, **options).new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        return page, said

    yield opened
    for browser in browsers:
        browser.close()


def rows(page):
    return {row.locator("code").first.inner_text(): row.locator("code").last.inner_text() for row in page.locator("tbody tr").all()}


def test_a_browser_without_scripts_is_led_to_what_squid_added(served, squid, visiting, nothing_clear):  # noqa: F811
    page, _ = visiting(squid, java_script_enabled=False)
    page.goto(f"http://127.0.0.1:{served.clear}/")
    page.get_by_role("link", name="Ask again, encrypted").click()
    assert page.url.startswith(f"https://127.0.0.1:{served.secure}/r/")
    assert page.locator("h1").inner_text() == "The network tells web sites who you are"
    found = rows(page)
    assert (found["X-MSISDN"], found["X-Gateway-Extra"]) == ("4477…23", "4477…23")
    page.get_by_label("What you want to say").fill(f"my number is {NUMBER}")
    page.get_by_role("button").click()
    assert page.locator("h1").inner_text() == "Thank you"
    (report,) = (served.state / "reports").glob("R-*.json")
    assert {"X-MSISDN", "X-Gateway-Extra"} <= {item["header"] for item in json.loads(report.read_text())["seen"]}
    assert nothing_clear(NUMBER, "my number is") == []


def test_a_browser_with_scripts_goes_on_by_itself(served, squid, visiting):  # noqa: F811
    page, said = visiting(squid)
    page.goto(f"http://127.0.0.1:{served.clear}/")
    page.wait_for_url(re.compile("/r/"))
    assert {"X-MSISDN", "X-Gateway-Extra"} <= set(rows(page))
    assert said == []
    assert page.context.cookies() == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_no_page_has_an_accessibility_fault(served, squid, visiting, scheme, width):  # noqa: F811
    page, _ = visiting(squid, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.route("**/page.js", lambda route: route.abort())
    page.goto(f"http://127.0.0.1:{served.clear}/")
    faults = Axe().run(page).response["violations"]
    page.get_by_role("link", name="Ask again, encrypted").click()
    faults += Axe().run(page).response["violations"]
    page.get_by_role("button").click()
    faults += Axe().run(page).response["violations"]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_browser_on_another_network_is_told_that_nothing_was_added(served, visiting):  # noqa: F811
    page, said = visiting()
    page.goto(f"http://127.0.0.1:{served.clear}/")
    page.wait_for_url(re.compile("/r/"))
    assert page.locator("h1").inner_text() == "The network added nothing to this request"
    assert said == []


def test_a_browser_that_cannot_reach_the_encrypted_page_is_told(served, visiting):  # noqa: F811
    served.page.secure_port = 9
    page, _ = visiting()
    page.goto(f"http://127.0.0.1:{served.clear}/")
    page.locator("#unreachable").wait_for()
    page.get_by_role("link", name="see what can be said without it").click()
    assert page.locator("h1").inner_text().startswith("Inconclusive")


def test_what_haproxy_adds_to_head_and_address_is_found(served, start, tools, tmp_path, nothing_clear):  # noqa: F811
    port = tools.free_port()
    path = tmp_path / "haproxy.cfg"
    path.write_text(HAPROXY.format(port=port, number=NUMBER, page=served.clear))
    start("haproxy", "-db", "-f", str(path), port=port)
    begun = raw(port, "GET / HTTP/1.1", "Host: check.example", "Connection: close")[1]
    nonce = {name.lower(): value for name, value in begun.items()}["location"].rpartition("/")[2]
    raw(port, f"GET /v/{nonce} HTTP/1.1", "Host: check.example", "Connection: close")
    raw(served.secure, f"GET /s/{nonce} HTTP/1.1", "Host: check.example", secure=True)
    page = raw(served.secure, f"GET /r/{nonce} HTTP/1.1", "Host: check.example", secure=True)[2]
    assert "x-up-calling-line-id" in page
    assert "in the address" in page
    assert NUMBER not in page
    assert nothing_clear(NUMBER) == []
