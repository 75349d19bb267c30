import pytest

from whosaw.drill.live.sessions import TOKEN_SECONDS, Sessions


@pytest.fixture
def opened(parts):
    made = parts()
    return Sessions("portal", made.store, made.clock), made.clock


def test_a_password_opens_the_application_it_is_for_and_no_other(parts, who):
    made = parts()
    assert [Sessions(app, made.store, made.clock).knows(who["ann"].login, who["ann"].password) for app in ("portal", "bills")] == [
        True,
        False,
    ]
    assert not Sessions("portal", made.store, made.clock).knows(who["ann"].login, who["bob"].password)


def test_a_token_runs_out_and_its_renewal_opens_the_same_session_once(opened):
    sessions, clock = opened
    session = sessions.open("ann", "A1")
    token, renewal = sessions.tokens(session)
    assert sessions.by_token(token) == session
    clock.time += TOKEN_SECONDS
    assert sessions.by_token(token) is None
    fresh, _ = sessions.renewed(renewal)
    assert sessions.by_token(fresh) == session
    assert sessions.renewed(renewal) is None


def test_no_key_opens_what_another_kind_of_key_opens(opened):
    sessions, _ = opened
    session = sessions.open("ann", "A1")
    cookie, (token, renewal) = sessions.cookie(session), sessions.tokens(session)
    assert (sessions.by_cookie(token), sessions.by_token(cookie), sessions.by_token(renewal), sessions.renewed(token)) == (None,) * 4


def test_a_session_that_ends_takes_all_its_keys_along(opened):
    sessions, _ = opened
    mine, other = sessions.open("ann", "A1"), sessions.open("ann", "A1")
    keys = {session: (sessions.cookie(session), sessions.tokens(session)[0]) for session in (mine, other)}
    sessions.close_others(mine)
    assert [sessions.by_cookie(keys[s][0]) for s in (mine, other)] == [mine, None]
    sessions.close(mine)
    assert sessions.by_token(keys[mine][1]) is None


def test_a_browsers_mark_names_who_logged_in_and_cannot_be_made_up(opened):
    sessions, _ = opened
    mark = sessions.mark("ann")
    assert sessions.marked(mark) == "ann"
    assert sessions.mark("ann") != mark, "two browsers are told apart"
    assert [sessions.marked(text) for text in (mark.replace("ann", "bob"), mark[:-1], "ann", "")] == [""] * 4
