"""An identity logs in by any recipe, keeps only its own cookies, gets new tokens, and says plainly at which step it fails."""

import pytest

import selfcare
from whosaw.config.probing import Login, Oidc
from whosaw.probes.asking.session import Jar, NotIn, Session, enter, leave, recipe, refresh
from whosaw.probes.asking.wire import Answer, Request

URL = "http://portal.example/"


def entered(portal, tmp_path, document=None, *, password=selfcare.PASSWORD):
    run = selfcare.run_on(portal, tmp_path, changed=document, environ={"PASSWORD": password})
    target = run.target
    try:
        session = enter(run.gate, target, target.identity[0], tmp_path, run.environ)
        return run, session, run.gate.send(session.dressed(Request("GET", f"{portal.url}/me")))
    finally:
        run.gate.close()


def with_login(portal, login, **more):
    document = selfcare.document(portal)
    document["login"]["other"] = login
    document["identity"][0] |= {"login": "other", **more}
    return document


def test_a_form_with_a_token_taken_from_its_page(portal, tmp_path):
    _, session, answer = entered(portal(), tmp_path)
    assert "A-1001" in answer.text
    assert dict(session.credentials(session.base)).keys() == {"Cookie"}


def test_json_tokens_that_are_renewed(portal, tmp_path):
    started = portal()
    document = with_login(started, selfcare.document(started)["login"]["json"])
    run, session, answer = entered(started, tmp_path, document)
    assert "A-1001" in answer.text
    old = session.values["access"]
    assert refresh(run.gate, session)
    assert session.values["access"] != old
    run.gate.close()


def test_a_fixed_header_and_a_fixed_cookie_need_no_step(portal, tmp_path):
    started = portal()
    started.tokens["fixed"] = ("ann", 1e12)
    started.sessions["kept-cookie"] = "ann"
    secrets = {"secrets": {"key": "env:PASSWORD"}}
    header = with_login(started, {"headers": {"Authorization": "Bearer {key}"}}, **secrets)
    cookie = with_login(started, {"cookies": {"sid": "{key}"}}, **secrets)
    assert "A-1001" in entered(started, tmp_path, header, password="fixed")[2].text
    assert "A-1001" in entered(started, tmp_path, cookie, password="kept-cookie")[2].text


def test_a_token_of_an_identity_provider_is_a_step_like_any_other():
    made = recipe(Login(oidc=Oidc(token="/token", client="probe", grant="password", scope="read")))
    (step,) = made.steps
    assert step.form["grant_type"] == "password"
    assert step.form["username"] == "{name}"
    assert made.headers == {"Authorization": "Bearer {access_token}"}
    assert made.refresh[0].form["grant_type"] == "refresh_token"
    assert recipe(Login(oidc=Oidc(token="/token", client="probe"))).refresh == []


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"path": "/login", "form": {"login": "{name}", "password": "wrong", "csrf": "x"}}, "status 401, expected less than 400"),
        ({"path": "/help", "method": "GET", "take": {"t": "json:$.access"}}, "has nothing at its json for `t` (answer: text/html)"),
        ({"path": "http://evil.example/token"}, "leads to another host, `evil.example`"),
        ({"path": "/broken", "method": "GET", "expect": [200]}, "status 500, expected 200"),
    ],
)
def test_a_login_that_fails_names_its_step_and_no_secret(portal, tmp_path, step, said):
    started = portal()
    with pytest.raises(NotIn) as problem:
        entered(started, tmp_path, with_login(started, {"steps": [step]}))
    assert said in str(problem.value)
    assert "step 1 of the login of `ann`" in str(problem.value)
    assert selfcare.PASSWORD not in str(problem.value)


def test_a_redirect_to_another_host_is_not_followed(portal, tmp_path):
    started = portal()
    with pytest.raises(NotIn, match=r"leads to another host, `evil\.example`"):
        entered(started, tmp_path, with_login(started, {"steps": [{"path": "/elsewhere", "method": "GET"}]}))


def test_a_logout_leaves_the_credentials_to_be_tried(portal, tmp_path):
    started = portal()
    run, session, _ = entered(started, tmp_path)
    before = session.credentials(session.base)
    assert leave(run.gate, session)
    assert session.credentials(session.base) == before
    run.gate.close()
    assert started.sessions == {}


def test_credentials_go_to_no_other_host():
    session = Session(URL, login=Login(headers={"Authorization": "Bearer {t}"}), values={"t": "secret"})
    session.jar.put(URL, {"sid": "abcdefgh"})
    assert dict(session.credentials(URL)) == {"Cookie": "sid=abcdefgh", "Authorization": "Bearer secret"}
    assert session.credentials("http://evil.example/") == ()
    assert "secret" not in repr(session)


def test_a_jar_takes_no_foreign_value_and_lets_go_of_what_is_taken_away():
    jar = Jar()
    jar.absorb(URL, Answer(200, (("Set-Cookie", "sid=mine-mine; Path=/"), ("Set-Cookie", "other=theirs-1"))), foreign={"theirs-1"})
    assert jar.line(URL) == "sid=mine-mine"
    jar.absorb(URL, Answer(200, (("Set-Cookie", "sid=; Max-Age=0"),)))
    assert jar.line(URL) == ""


def test_spoiled_credentials_differ_in_one_sign_away_from_the_end():
    session = Session(URL, login=Login(headers={"Authorization": "{t}"}), values={"t": "aaaa.bbbb.cccccccc"})
    assert dict(session.spoiled().credentials(URL))["Authorization"] == "aaaa.bbbb.ccccAccc"
