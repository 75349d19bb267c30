import json

import pytest

from whosaw.drill.live.entrance import PRIVATE, Entrance
from whosaw.drill.live.sessions import TOKEN_SECONDS, Sessions
from whosaw.drill.live.web import Route, data


@pytest.fixture
def door(parts, browser):
    p = parts()
    sessions = Sessions("bills", p.store, p.clock)
    entrance = Entrance(sessions, "bsid", "/api/token", "/company", lambda login: sessions.open(login, ""))
    inside = Route("GET", "/who", lambda request: data({"login": getattr(entrance.session(request), "login", None)}))
    return browser([*entrance.routes(), inside]), p.clock


def who_is(browser, **more):
    return json.loads(browser.get("/who", **more).body)["login"]


def test_a_form_leaves_a_cookie_and_leads_to_the_first_page(door, who):
    browser, _ = door
    answer = browser.log_in(who["ada"])
    assert (answer.status, dict(answer.headers)["Location"]) == (303, "/company")
    assert PRIVATE in answer.headers
    assert who_is(browser) == who["ada"].login
    browser.ask("POST", "/logout")
    assert (browser.cookies, who_is(browser)) == ({}, None)


def test_json_gives_a_token_that_counts_before_the_cookie(door, who):
    browser, clock = door
    browser.log_in(who["ada"])
    got = json.loads(browser.ask("POST", "/api/token", login=who["max"].login, password=who["max"].password).body)
    assert got["expires_in"] == TOKEN_SECONDS
    assert who_is(browser, token=got["access_token"]) == who["max"].login
    clock.time += TOKEN_SECONDS
    assert who_is(browser, token=got["access_token"]) is None, "a token that ran out is not made good by a cookie"
    renewed = browser.ask("POST", "/api/token/refresh", refresh_token=got["refresh_token"])
    assert renewed.status == 200
    assert browser.ask("POST", "/api/token/refresh", refresh_token=got["refresh_token"]).status == 401


def test_a_login_of_another_application_stays_outside(door, who):
    browser, _ = door
    assert browser.log_in(who["ann"]).status == 401
    assert browser.ask("POST", "/logout", token="none").status == 401
