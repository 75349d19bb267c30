from pathlib import Path

import pytest

from whosaw.drill.live.faults import switches
from whosaw.drill.live.nginx import Front, configuration

FRONTS = [Front("portal", 8001, 9001), Front("bills", 8002, 9002)]


def text(*faults):
    return configuration(Path("/run/here"), Path("/run/logs"), address="127.0.0.1", fronts=FRONTS, faults=switches(faults))


def test_every_listener_is_on_loopback_and_every_placeholder_is_filled():
    lines = [line.strip() for line in text("cached-page", "cached-cookie").splitlines()]
    assert [line for line in lines if line.startswith("listen")] == ["listen 127.0.0.1:8001;", "listen 127.0.0.1:8002;"]
    assert "@" not in text("cached-page", "cached-cookie")


def test_without_a_fault_nothing_personal_is_kept():
    assert "proxy_ignore_headers" not in text()
    assert "phonebook" not in text()


@pytest.mark.parametrize(("fault", "place"), [("cached-page=7", "location = /me/phonebook"), ("cached-cookie=7", "location /help")])
def test_a_fault_changes_its_own_place_alone_for_as_long_as_its_dial_says(fault, place):
    faulty = text(fault)
    assert faulty.count("proxy_ignore_headers Cache-Control Set-Cookie;") == faulty.count("proxy_cache_valid 200 7s;") == 1
    assert "proxy_ignore_headers" in faulty.partition(place)[2].partition("}")[0]


def test_no_secret_of_a_session_stands_in_the_log():
    layout = text().partition("log_format portal '")[2].partition("'")[0]
    assert "$cookie_" not in layout
    assert "$http_authorization" not in layout


def test_what_the_application_tells_its_proxy_is_told_to_nobody_else():
    faulty = text("cached-page")
    assert faulty.count("proxy_hide_header X-Customer; proxy_hide_header X-Session;") == 2, "a place with a list of its own needs it again"
