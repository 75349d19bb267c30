from whosaw.drill.live.cast import make_cast


def test_the_same_seed_gives_the_same_people_with_new_passwords_and_canaries(cast):
    again = make_cast(7, now=cast.now)
    assert [m.login for m in again.members] == [m.login for m in cast.members]
    assert again.lines() == cast.lines()
    assert not {m.password for m in again.members} & {m.password for m in cast.members}
    assert not words(again) & words(cast)


def words(cast):
    return {word for identity in cast.identities for word in identity.canaries.values()}


def test_a_canary_stands_in_the_data_of_its_own_account_and_nowhere_else(cast, who):
    texts = [(a.account, text) for a in cast.accounts for text in a]
    texts += [(entry.account, entry.name) for entry in cast.phonebook] + [(i.account, i.reference) for i in cast.invoices]
    for identity in who.values():
        for word in identity.canaries.values():
            assert {account for account, text in texts if word in text} == {identity.account}
    assert len(words(cast)) == 5 * sum(bool(identity.canaries) for identity in who.values()) == 25


def test_every_part_that_a_probe_needs_is_played(who):
    assert {name: identity.app for name, identity in who.items()} == {
        "ann": "portal", "bob": "portal", "old": "portal",
        "eva": "bills", "fay": "bills", "ada": "bills", "max": "bills", "amy": "crm", "ben": "crm",
    }  # fmt: skip
    assert who["eva"].tenant == who["fay"].tenant == who["ada"].tenant != who["max"].tenant
    assert (who["ada"].role, who["eva"].role, who["amy"].account) == ("administrator", "employee", who["ann"].account)


def test_a_number_has_one_owner_at_a_time_and_the_recycled_one_moved_to_bob(cast, who):
    moved = [line for line in cast.lines() if line.number == who["old"].former_number]
    assert [(line.account, line.until is None) for line in moved] == [(who["old"].account, False), (who["bob"].account, True)]
    assert moved[0].until < moved[1].since < cast.now
    open_lines = [line.number for line in cast.lines() if line.until is None]
    assert len(open_lines) == len(set(open_lines))


def test_every_open_account_has_three_bills_and_no_bill_two_owners(cast):
    bills = [i.bill for i in cast.invoices]
    assert len(bills) == len(set(bills)) == 3 * len(cast.accounts)
    assert {line.account for line in cast.lines() if line.until is None} == {a.account for a in cast.accounts}


def test_numbers_and_hosts_are_invented(cast):
    assert all(line.number.startswith("4477009") for line in cast.lines())
    assert all(account.email.endswith(".example") for account in cast.accounts)
