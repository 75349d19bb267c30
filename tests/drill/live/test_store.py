from whosaw.drill.live.store import month, scrambled


def test_passwords_are_not_kept_in_clear(parts, who):
    kept = parts().store.one("select password from logins where login = ?", who["ann"].login)["password"]
    assert kept == scrambled(who["ann"].login, who["ann"].password)
    assert who["ann"].password not in kept


def test_what_is_changed_is_there_for_the_next_question(parts, who):
    store = parts().store
    store.change("update accounts set note = ? where account = ?", "new", who["ann"].account)
    assert store.one("select note from accounts where account = ?", who["ann"].account) == {"note": "new"}
    assert store.one("select note from accounts where account = 'nobody'") is None


def test_a_login_without_an_account_of_its_own_has_none(parts, who):
    store = parts().store
    assert [store.account_of(login) for login in (who["ann"].login, who["ada"].login, "nobody")] == [who["ann"].account, "", ""]


def test_months_count_back_over_the_turn_of_the_year():
    march = 1_331_640_000
    assert [month(march, back) for back in range(3)] == ["2012-02", "2012-01", "2011-12"]
