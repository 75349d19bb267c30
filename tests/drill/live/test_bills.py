import csv
import io
import json

import pytest

from whosaw.drill.live.bills import BillManager
from whosaw.drill.live.witness import JsonLines

QUERY = "query($id: ID!) { bill(id: $id) { bill account total } }"


@pytest.fixture
def opened(parts, browser, tmp_path):
    """A bill manager with some faults on, and somebody logged in."""
    trails = []

    def made(who, *faults):
        p = parts(*faults)
        path = tmp_path / f"bills-{len(trails)}.json"
        trails.append(JsonLines(path))
        there = browser(BillManager(p.store, p.faults, p.witness, p.clock, trails[-1]).routes())
        there.log_in(who)
        there.wrong = p.wrong
        there.trail = lambda: [json.loads(line) for line in path.read_text().splitlines()]
        return there

    yield made
    for trail in trails:
        trail.close()


def body(answer):
    return json.loads(answer.body)


def graphql(there, query=QUERY, **variables):
    return body(there.ask("POST", "/graphql", query=query, variables=variables))


def test_an_administrator_sees_all_bills_of_the_company_and_each_is_in_the_trail(opened, who):
    there = opened(who["ada"])
    assert body(there.get("/company")) == {"login": who["ada"].login, "account": "", "companies": ["C9001"]}
    bills = {bill["bill"] for bill in body(there.get("/company/bills"))["bills"]}
    assert bills == set(who["ada"].bills) == {line["bill"] for line in there.trail()}
    assert {bill["bill"] for bill in body(there.get("/company/bills?company=C9001"))["bills"]} == bills
    assert there.wrong() == []


def test_a_bill_has_its_calls_and_its_total(opened, who):
    there = opened(who["eva"])
    bill = body(there.get(f"/company/bills/{who['eva'].bills[0]}"))
    assert bill["total"] == sum(7 * ((call["seconds"] + 59) // 60) for call in bill["calls"]) > 0
    assert bill["reference"] == who["eva"].canaries["bill"]
    assert graphql(there, id=bill["bill"]) == {"data": {"bill": bill}}


def test_a_query_may_ask_twice_and_write_the_bill_into_itself(opened, who):
    there, (one, two, _) = opened(who["eva"]), who["eva"].bills
    found = graphql(there, f'{{ a: bill(id: "{one}") {{ bill }} b: bill(id: "{two}") {{ bill }} c: bill(id: "B0") {{ bill }} }}')
    assert [found["data"][name] and found["data"][name]["bill"] for name in "abc"] == [one, two, None]
    assert found["errors"] == [{"message": "not found", "path": ["c"]}]
    assert [line["bill"] for line in there.trail()] == [one, two]


def test_the_export_has_every_call_of_every_bill(opened, who):
    there = opened(who["eva"])
    rows = list(csv.DictReader(io.StringIO(there.get("/company/export").body.decode())))
    assert {row["bill"] for row in rows} == set(who["eva"].bills)
    assert len(rows) == 12
    assert {row["bill"] for row in there.trail()} == set(who["eva"].bills)


def pages_of(other):
    bill = other.bills[0]
    return {
        "bill": lambda there: there.get(f"/company/bills/{bill}"),
        "line": lambda there: there.get(f"/company/lines/{other.number}"),
        "list": lambda there: there.get(f"/company/bills?company={other.company}"),
        "export": lambda there: there.get(f"/company/export?company={other.company}"),
        "query": lambda there: there.ask("POST", "/graphql", query=QUERY, variables={"id": bill}),
    }


def test_colleagues_without_a_delegation_and_other_companies_are_refused_and_the_trail_shows_nobody(opened, who):
    for asker in ("fay", "max"):
        there = opened(who[asker])
        for name, ask in pages_of(who["eva"]).items():
            answer = ask(there)
            refused = answer.status == 404 or b'"data": {"bill": null}' in answer.body
            own = asker == "fay" and name in {"list", "export"}
            assert refused != own, (asker, name)
            assert who["eva"].account not in answer.body.decode()
        assert there.wrong() == []
        assert {line["bill"] for line in there.trail() if line["status"] == 404} == {""}


@pytest.mark.parametrize("page", ["bill", "line", "list", "export", "query"])
def test_without_the_tenant_check_every_way_leads_to_every_bill_and_the_witness_names_each(opened, who, page):
    there = opened(who["max"], "missing-tenant-check")
    assert who["eva"].account in pages_of(who["eva"])[page](there).body.decode()
    wrong, names = there.wrong(), {line["line"] for line in there.trail()}
    assert {row["recipient"] for row in wrong} == {who["max"].login}
    assert {row["fault"] for row in wrong} == {"missing-tenant-check"}
    assert who["eva"].account in {row["customer"] for row in wrong}
    assert {row["id"] for row in wrong} == names, "every row is a line of the trail"


def test_nobody_is_shown_anything_without_a_login(opened, who):
    there = opened(who["max"])
    there.cookies = {}
    assert {there.get(page).status for page in ("/company", "/company/bills", "/company/export", "/company/bills/B1")} == {401}
    assert there.ask("POST", "/graphql", query=QUERY, variables="odd").status == 401
