import csv
import json
from types import SimpleNamespace

import pytest

from whosaw.drill.live.crm import AUDIT, CONTACTS, CareSystem
from whosaw.drill.live.web import Request, answer
from whosaw.drill.live.witness import CsvLines


@pytest.fixture
def opened(parts, browser, tmp_path):
    """A care system with some faults on: agents' browsers, the telephone switch, and what was written down."""
    books = []

    def made(*faults):
        p = parts(*faults)
        paths = [tmp_path / f"{name}-{len(books)}.csv" for name in ("audit", "contacts")]
        mine = [CsvLines(path, heading) for path, heading in zip(paths, (AUDIT, CONTACTS), strict=True)]
        books.extend(mine)
        care = CareSystem(p.store, p.faults, p.witness, p.clock, *mine)
        routes = care.routes()

        def ring(number, agent, key=None):
            headers = {"X-Switch-Key": care.switch_key if key is None else key}
            told = json.dumps({"number": number, "agent": agent}).encode()
            return answer(routes, Request("POST", "/switch/calls", {}, {**headers, "Content-Type": "application/json"}, told))

        read = [lambda path=path: list(csv.DictReader(path.read_text().splitlines())) for path in paths]
        return SimpleNamespace(browser=lambda: browser(routes), ring=ring, audit=read[0], contacts=read[1], clock=p.clock, wrong=p.wrong)

    yield made
    for book in books:
        book.close()


def body(answer):
    return json.loads(answer.body)


def desk(care, agent):
    there = care.browser()
    assert there.log_in(agent).status == 303
    return there


def test_a_ticket_opens_its_customer_for_its_agent_and_nobody_else(opened, who):
    care, ann, bob = opened(), who["ann"], who["bob"]
    amy, ben = desk(care, who["amy"]), desk(care, who["ben"])
    page = f"/customers/{ann.account}?reason={who['amy'].reason}"
    assert body(amy.get(page))["summary"][0]["email"] == ann.canaries["email"]
    assert {row["reference"] for row in body(amy.get(page.replace("?", "/calls?")))["calls"]} == {ann.canaries["bill"]}
    for there, address in (
        (ben, page),
        (amy, f"/customers/{bob.account}?reason={who['amy'].reason}"),
        (amy, f"/customers/{ann.account}"),
        (amy, f"/customers/A0?reason={who['amy'].reason}"),
    ):
        assert there.get(address).status == 403
    assert [row["status"] for row in care.audit()] == ["200", "200", "403", "403", "403", "404"]
    assert care.wrong() == []


def test_a_contact_opens_nothing_before_the_caller_is_verified_and_nothing_after_it_ended(opened, who):
    care, ann = opened(), who["ann"]
    rung = body(care.ring(ann.number, who["ben"].login))
    ben, page = desk(care, who["ben"]), f"/customers/{ann.account}?reason={rung['contact']}"
    assert ben.get(page).status == 403
    assert ben.ask("POST", f"/contacts/{rung['contact']}/verify", pin="x").status == 403
    assert desk(care, who["amy"]).ask("POST", f"/contacts/{rung['contact']}/verify", pin=rung["pin"]).status == 403
    assert body(ben.ask("POST", f"/contacts/{rung['contact']}/verify", pin=rung["pin"]))["account"] == ann.account
    assert ben.get(page).status == 200
    assert {"contact": rung["contact"], "verified": True} in body(ben.get("/contacts"))["contacts"]
    care.clock.time += 601
    assert ben.get(page).status == 403
    (contact,) = care.contacts()
    assert (contact["agent"], contact["account"], contact["start"]) == (who["ben"].login, ann.account, "2012-01-10T12:00:00.000+00:00")


def test_only_the_switch_says_who_rings(opened, who):
    care = opened()
    assert care.ring(who["ann"].number, who["ben"].login, key="").status == 403
    assert care.ring("447700900000", who["ben"].login).status == 404
    assert care.ring(who["ann"].number, who["ann"].login).status == 404
    assert care.contacts() == []


def test_a_ticket_is_not_verified_with_an_empty_pin(opened, who):
    assert desk(opened(), who["amy"]).ask("POST", f"/contacts/{who['amy'].reason}/verify", pin="").status == 403


def test_a_search_shows_too_little_to_know_anybody(opened, who):
    care = opened()
    found = body(desk(care, who["amy"]).get("/search?q=a"))["found"]
    assert 0 < len(found) <= 10
    assert all(set(row) == {"account", "name"} and "..." in row["name"] for row in found)
    assert care.audit()[0]["screen"] == "search"


def test_without_the_reason_check_any_customer_opens_and_the_witness_leaves_out_whom_a_ticket_explains(opened, who):
    care, ann, bob = opened("lookup-without-reason"), who["ann"], who["bob"]
    amy = desk(care, who["amy"])
    for page in (f"/customers/{ann.account}", f"/customers/{bob.account}", f"/customers/{bob.account}/calls"):
        assert amy.get(page).status == 200
    assert [(row["customer"], row["route"], row["fault"]) for row in care.wrong()] == [
        (bob.account, "summary", "lookup-without-reason"), (bob.account, "calls", "lookup-without-reason"),
    ]  # fmt: skip
    assert {row["id"] for row in care.wrong()} < {row["line"] for row in care.audit()}


def test_nobody_looks_up_anything_without_a_login(opened):
    there = opened().browser()
    assert {there.get(page).status for page in ("/agents/me", "/search?q=a", "/contacts", "/customers/A1")} == {401}
