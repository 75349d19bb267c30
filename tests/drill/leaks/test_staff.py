import itertools

from drill.second_opinion import registry, rows


def look_ups(quarter, agent):
    """Return (time, account, screen) of what one agent was shown without a reason."""
    folder, truth = quarter
    wrong = set(truth.unentitled_rows) - set(truth.mistakes)
    return [
        (t, row["account"], row["screen"])
        for file, number, t, row in rows(folder, "crm")
        if row["agent"] == agent and (file, number) in wrong
    ]


def test_an_insider_looks_at_one_customer_on_two_to_four_days(quarter, of_scenario):
    for incident in of_scenario("ooredoo-insider"):
        (agent,), (account,) = incident.recipients, incident.customers
        seen = look_ups(quarter, agent)
        days = sorted({t.date() for t, _, _ in seen})
        assert {customer for _, customer, _ in seen} == {account}
        assert [screen for _, _, screen in seen] == ["summary", "calls"] * len(days)
        assert 2 <= len(days) <= 4
        assert all((b - a).days <= 2 for a, b in itertools.pairwise(days)), "close enough to be one incident"


def test_an_insider_never_has_any_reason_for_that_customer(quarter, of_scenario):
    pairs = {(incident.recipients[0], incident.customers[0]) for incident in of_scenario("ooredoo-insider")}
    assert len(pairs) == 4
    for name in ("contacts", "tickets", "duties", "lawful_requests"):
        assert not pairs & {(row["agent"], row["account"]) for row in registry(quarter[0], name)}


def test_a_bulk_reader_opens_many_customers_in_one_night(quarter, of_scenario):
    for incident in of_scenario("bulk-read"):
        seen = look_ups(quarter, incident.recipients[0])
        assert len({account for _, account, _ in seen}) == incident.rows >= 150
        assert {screen for _, _, screen in seen} == {"summary"}
        assert {t.hour for t, _, _ in seen} <= {1, 2, 3, 4}
        assert len({t.date() for t, _, _ in seen}) == 1


def test_canaries_are_touched_by_an_agent_and_by_a_company_user(quarter, of_scenario):
    touched = of_scenario("canary-touch")
    canaries = {row["account"] for row in registry(quarter[0], "canaries")}
    assert {incident.channel for incident in touched} == {"crm", "bills"}
    assert all(incident.rows == 1 and set(incident.customers) <= canaries for incident in touched)


def test_nothing_else_ever_shows_a_canary(quarter):
    canaries = {row["account"] for row in registry(quarter[0], "canaries")}
    assert sum(row["account"] in canaries for *_, row in rows(quarter[0], "crm")) == 1
    assert not any(row["shown"] in canaries for *_, row in rows(quarter[0], "portal"))
    numbers = {row["number"] for row in registry(quarter[0], "numbers") if row["account"] in canaries}
    assert not any(row["note"] in numbers for *_, row in rows(quarter[0], "gateway"))
