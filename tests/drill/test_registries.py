import pytest

from drill.second_opinion import registry

HEADINGS = {
    "logins": "login,account,since,until",
    "numbers": "number,account,since,until",
    "bills": "bill,account,since,until",
    "company_users": "login,company,since,until",
    "company_accounts": "company,account,since,until",
    "contacts": "agent,account,start,end",
    "tickets": "agent,account,opened,closed,ticket",
    "duties": "agent,account,since,until,job",
    "portfolio": "agent,company,since,until",
    "partners": "site,since,until,agreement",
    "lawful_requests": "agent,account,since,until,request",
    "test_accounts": "account",
    "canaries": "account",
}


@pytest.mark.parametrize(("name", "heading"), HEADINGS.items())
def test_a_registry_has_its_heading_and_rows(name, heading, quarter):
    rows = registry(quarter[0], name)
    assert rows
    assert ",".join(rows[0]) == heading
    assert all(None not in row and None not in row.values() for row in rows), "every row has as many fields as the heading"


def test_there_is_no_registry_that_is_not_described(quarter):
    assert {path.stem for path in (quarter[0] / "registry").iterdir()} == set(HEADINGS)


def test_an_open_end_is_empty_and_a_closed_one_is_a_time(quarter):
    ends = {row["until"] for row in registry(quarter[0], "numbers")}
    assert "" in ends
    assert all(end.endswith("+00:00") for end in ends - {""})
