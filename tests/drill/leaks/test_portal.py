import itertools
from collections import defaultdict

from drill.second_opinion import registry, rows

PORTAL = {"maxis-2010", "cached-page", "shared-session", "former-owner", "anonymous-read"}
SELF = ("/account", "/account/bills", "/account/calls", "/account/phonebook")


def leaking(quarter, of_scenario, name):
    """Return (time, fields) of the leaking rows of one portal scenario, told by their shape."""
    folder, truth = quarter
    (incident,) = of_scenario(name)
    wrong = set(truth.unentitled_rows)
    shapes = {
        "cached-page": lambda row: row["cache"] == "HIT",
        "former-owner": lambda row: "/lines/" in row["request"] and row["login"] != "-",
        "anonymous-read": lambda row: row["login"] == "-",
        "maxis-2010": lambda row: row["cache"] != "HIT" and "/account" in row["request"] and row["login"] in incident.recipients,
        "shared-session": lambda row: row["cache"] != "HIT" and "/account" in row["request"] and row["login"] in incident.recipients,
    }
    found = [(t, row) for file, number, t, row in rows(folder, "portal") if (file, number) in wrong and shapes[name](row)]
    assert len(found) == incident.rows
    assert tuple(sorted({row["shown"] for _, row in found})) == incident.customers
    assert tuple(sorted({row["login"] for _, row in found})) == incident.recipients
    assert min(t for t, _ in found).isoformat() == incident.first
    return found


def test_a_mix_up_shows_another_random_account_at_each_new_login(quarter, of_scenario):
    shown = defaultdict(set)
    for _, row in leaking(quarter, of_scenario, "maxis-2010"):
        shown[row["login"], row["sid"]].add(row["shown"])
        assert row["request"].split()[1] in SELF
        assert row["cache"] in {"-", "MISS"}
    assert all(len(accounts) == 1 for accounts in shown.values()), "one session, one wrong account"
    logins = defaultdict(set)
    for (login, _), accounts in shown.items():
        logins[login] |= accounts
    assert max(map(len, logins.values())) > 1, "who logs in again sees somebody else again"


def test_the_cache_shows_one_customer_a_day_to_many(quarter, of_scenario):
    days = defaultdict(set)
    for t, row in leaking(quarter, of_scenario, "cached-page"):
        days[t.date()].add(row["shown"])
        assert t.hour == 12
    assert [len(accounts) for accounts in days.values()] == [1, 1]


def test_the_cached_page_was_first_shown_to_its_own_customer(quarter, of_scenario):
    found = leaking(quarter, of_scenario, "cached-page")
    account = {row["login"]: row["account"] for row in registry(quarter[0], "logins")}
    fills = [row for *_, row in rows(quarter[0], "portal") if row["cache"] == "MISS" and row["shown"] == account[row["login"]]]
    assert {row["shown"] for row in fills} == {row["shown"] for _, row in found}


def test_several_logins_from_several_devices_share_a_session(quarter, of_scenario):
    found = leaking(quarter, of_scenario, "shared-session")
    sessions = defaultdict(set)
    for *_, row in rows(quarter[0], "portal"):
        if row["sid"] in {row["sid"] for _, row in found}:
            sessions[row["sid"]].add(row["login"])
    assert len(sessions) == 3
    assert all(len(logins) >= 2 for logins in sessions.values())


def test_a_session_is_shared_by_nobody_else(quarter, of_scenario):
    shared = {row["sid"] for _, row in leaking(quarter, of_scenario, "shared-session")}
    owners = defaultdict(set)
    for *_, row in rows(quarter[0], "portal"):
        owners[row["sid"]].add(row["login"])
    assert all(len(logins) == 1 for sid, logins in owners.items() if sid not in shared | {"-"})


def test_a_former_owner_held_that_number_before(quarter, of_scenario):
    account = {row["login"]: row["account"] for row in registry(quarter[0], "logins")}
    held = {(row["number"], row["account"]): row["until"] for row in registry(quarter[0], "numbers")}
    for t, row in leaking(quarter, of_scenario, "former-owner"):
        until = held[row["request"].split()[1].removeprefix("/lines/"), account[row["login"]]]
        assert until
        assert until <= t.isoformat()


def test_former_owners_come_often_enough_to_be_one_incident(quarter, of_scenario):
    times = sorted(t for t, _ in leaking(quarter, of_scenario, "former-owner"))
    assert max((b - a).total_seconds() for a, b in itertools.pairwise(times)) < 72 * 3_600


def test_anonymous_readers_come_from_ever_other_addresses(quarter, of_scenario):
    found = leaking(quarter, of_scenario, "anonymous-read")
    assert len({row["client"] for _, row in found}) > len(found) * 0.7
    assert all(row["request"].startswith("GET /lines/4477009") for _, row in found)


def test_all_leaks_of_the_portal_are_told_apart(quarter, of_scenario):
    count = sum(len(leaking(quarter, of_scenario, name)) for name in PORTAL)
    assert count == sum("portal" in file for file, _ in quarter[1].unentitled_rows)
