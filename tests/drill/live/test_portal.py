import json

import pytest

from whosaw.drill.live.portal import Portal
from whosaw.drill.live.sessions import TOKEN_SECONDS

OWN = ("/me", "/api/v1/me", "/me/phonebook", "/bills")


@pytest.fixture
def opened(parts, browser):
    """A portal with some faults on, and as many browsers as are asked for."""

    def made(*faults):
        p = parts(*faults)
        routes = Portal(p.store, p.faults, p.witness, p.clock).routes()
        p.browser = lambda: browser(routes)
        return p

    return made


def body(answer):
    return json.loads(answer.body)


def test_a_customer_sees_his_own_pages_and_every_canary_on_them(opened, who):
    p, ann = opened(), who["ann"]
    there = p.browser()
    assert (there.log_in(ann).status, set(there.cookies)) == (303, {"sid", "me"})
    pages = [*OWN, f"/bills/{ann.bills[0]}", f"/api/v1/numbers/{ann.number}", f"/profiles/{ann.account}"]
    answers = [there.get(page) for page in pages]
    assert [answer.status for answer in answers] == [200] * len(pages)
    assert all(("X-Customer", ann.account) in answer.headers for answer in answers)
    text = b"".join(answer.body for answer in answers).decode()
    assert [kind for kind, word in ann.canaries.items() if word not in text] == []
    assert p.wrong() == []


def test_nobody_else_sees_any_of_it(opened, who):
    p, ann = opened(), who["ann"]
    there, stranger = p.browser(), p.browser()
    there.log_in(who["bob"])
    for page in (f"/bills/{ann.bills[0]}", f"/api/v1/numbers/{ann.number}", f"/profiles/{ann.account}", f"/export/customers/{ann.account}"):
        assert (there.get(page).status, stranger.get(page).status in {401, 404}) == (404, True)
    assert there.ask("PUT", f"/profiles/{ann.account}", note="mine now").status == 404
    assert [stranger.get(page).status for page in OWN] == [303, 401, 401, 401]
    assert there.get("/bills/B0000000").body == there.get(f"/bills/{ann.bills[0]}").body, "absent and foreign look alike"
    assert p.wrong() == []


def test_a_profile_is_changed_by_form_and_by_json(opened, who):
    there, ann = opened().browser(), who["ann"]
    there.log_in(ann)
    assert body(there.ask("PUT", f"/profiles/{ann.account}", note="first"))["note"] == "first"
    there.ask("POST", f"/profiles/{ann.account}", form={"note": "second", "account": "X", "tariff": "free"})
    assert body(there.get(f"/profiles/{ann.account}")) == {
        "account": ann.account, "email": ann.canaries["email"], "address": ann.canaries["address"], "note": "second",
    }  # fmt: skip


def test_a_token_lives_a_minute_and_is_renewed(opened, who):
    p, ann = opened(), who["ann"]
    there = p.browser()
    first = body(there.ask("POST", "/api/v1/token", login=ann.login, password=ann.password))
    assert body(there.get("/api/v1/me", token=first["access_token"]))["account"] == ann.account
    p.clock.time += TOKEN_SECONDS
    assert there.get("/api/v1/me", token=first["access_token"]).status == 401
    second = body(there.ask("POST", "/api/v1/token/refresh", refresh_token=first["refresh_token"]))
    assert there.get("/api/v1/me", token=second["access_token"]).status == 200
    assert there.ask("POST", "/logout", token=second["access_token"]).status == 204
    assert there.get("/api/v1/me", token=second["access_token"]).status == 401


def test_a_wrong_password_opens_nothing(opened, who):
    there, ann = opened().browser(), who["ann"]
    assert there.ask("POST", "/login", form={"login": ann.login, "password": "x"}).status == 401
    assert there.ask("POST", "/api/v1/token", login=ann.login, password="x").status == 401
    assert there.ask("POST", "/api/v1/token/refresh", refresh_token="x").status == 401
    assert there.cookies == {}


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(opened, who):
    p, ann = opened(), who["ann"]
    here, there = p.browser(), p.browser()
    here.log_in(ann)
    there.log_in(ann)
    assert here.ask("POST", "/password", old="wrong", new="n").status == 400
    assert here.ask("POST", "/password", old=ann.password, new="n").status == 204
    assert [here.get("/bills").status, there.get("/bills").status] == [200, 401]
    assert here.ask("POST", "/login", form={"login": ann.login, "password": "n"}).status == 303


def test_who_logs_out_is_out(opened, who):
    there = opened().browser()
    there.log_in(who["ann"])
    old = dict(there.cookies)
    there.ask("POST", "/logout")
    there.cookies = old
    assert there.get("/bills").status == 401


def test_a_help_page_for_somebody_logged_in_must_not_be_kept(opened, who):
    p = opened()
    there = p.browser()
    assert there.get("/help").headers == (("Cache-Control", "public, max-age=60"),)
    there.log_in(who["ann"])
    assert {name for name, _ in there.get("/help/bills").headers} == {"Set-Cookie", "Cache-Control"}


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        ("missing-object-check", lambda there, bob: there.get(f"/bills/{bob.bills[0]}")),
        ("writable-profile", lambda there, bob: there.ask("PUT", f"/profiles/{bob.account}", note="x")),
        ("writable-profile", lambda there, bob: there.ask("POST", f"/profiles/{bob.account}", form={"note": "x"})),
        ("anonymous-export", lambda there, bob: there.get(f"/export/customers/{bob.account}")),
    ],
)
def test_each_fault_opens_its_page_alone_and_the_witness_says_so(opened, who, fault, asked):
    p, ann, bob = opened(fault), who["ann"], who["bob"]
    there = p.browser()
    there.log_in(ann)
    assert asked(there, bob).status == 200
    (wrong,) = p.wrong()
    assert (wrong["fault"], wrong["recipient"], wrong["customer"], wrong["channel"]) == (fault, ann.login, bob.account, "portal")
    assert there.get(f"/profiles/{bob.account}").status == 404


def test_who_held_a_number_before_sees_who_holds_it_now(opened, who):
    p, old = opened("former-owner"), who["old"]
    there = p.browser()
    there.log_in(old)
    assert body(there.get(f"/api/v1/numbers/{old.former_number}"))["account"] == who["bob"].account
    assert there.get(f"/api/v1/numbers/{who['ann'].number}").status == 404
    assert [wrong["fault"] for wrong in p.wrong()] == ["former-owner"]


def test_each_third_login_opens_another_account_on_the_own_pages_only(opened, who):
    p, ann = opened("relogin-mixup"), who["ann"]
    there, shown = p.browser(), []
    for _ in range(6):
        there.log_in(ann)
        shown.append(body(there.get("/api/v1/me"))["account"])
    assert [account == ann.account for account in shown] == [True, True, False] * 2
    assert there.get(f"/bills/{ann.bills[0]}").status == 200, "what is asked for by name is still checked rightly"
    assert [wrong["customer"] for wrong in p.wrong()] == [shown[2], shown[5]]


def test_a_reply_that_was_left_behind_is_shown_to_the_next_session(opened, who):
    p = opened("session-mixup=1")
    ann, bob = p.browser(), p.browser()
    ann.log_in(who["ann"])
    bob.log_in(who["bob"])
    ann.get("/bills", gone=lambda: True)
    assert body(bob.get("/bills"))["account"] == who["ann"].account
    assert [(w["fault"], w["recipient"]) for w in p.wrong()] == [("session-mixup", who["bob"].login)]


def test_whoever_uses_another_ones_cookie_is_known_by_the_mark_of_the_own_browser(opened, who):
    p = opened("cached-cookie")
    ann, bob, stranger = p.browser(), p.browser(), p.browser()
    ann.log_in(who["ann"])
    bob.log_in(who["bob"])
    bob.cookies["sid"] = stranger.cookies["sid"] = ann.cookies["sid"]
    assert body(bob.get("/bills"))["account"] == body(stranger.get("/bills"))["account"] == who["ann"].account
    assert [(w["fault"], w["recipient"]) for w in p.wrong()] == [("cached-cookie", who["bob"].login), ("cached-cookie", "")]
