"""A Django portal's pages are noted, by its own word and by the rows it loads, reported and refused."""

import asyncio

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings

import django_portal
from django_portal import Account, Bill, PaidBill
from whosaw.middleware import Portal, SettingError
from whosaw.middleware.django import Middleware, note_loads, portal
from whosaw.middleware.note import Notebook, opened
from whosaw.middleware.portal import REFUSED

SECRET = b"k" * 32


@pytest.fixture(scope="module", autouse=True)
def _portal():
    connection.ensure_connection()  # the database lives as long as somebody is connected
    django_portal.make()
    yield
    connection.close()


@pytest.fixture
def site():
    """Sets the portal up anew: a browser for each login, and the lines that are left."""
    kept = []

    def make(**changes):
        settings = {"sink": kept.append, "key": SECRET, "owners": {}} | changes
        override = override_settings(WHOSAW=settings)
        override.enable()
        overrides.append(override)

        def lines():
            portal().flush()
            return kept

        return lines

    overrides = []
    yield make
    portal().close()
    for override in overrides:
        override.disable()


def browser(login, kind=Client):
    client = kind(headers={"user-agent": "B", "host": "p.example"})
    client.force_login(django_portal.User.objects.get(username=login))
    return client


def loaded(work):
    notebook = Notebook()
    with opened(notebook):
        work()
    return {customer: (note.loaded, note.places, note.data) for customer, note in notebook.notes.items()}


def test_a_mix_up_is_refused_and_judging_the_report_finds_exactly_the_wrong_pages(case, site):
    site(sink=case.lines, key=b"", key_file=case.key_file, own="django_portal.own")
    anna, bert = browser("anna"), browser("bert")
    for i in range(20):
        client, other = (anna, "bert") if i % 2 else (bert, "anna")
        assert client.get("/account", {"as": other} if i in {3, 12} else {}).status_code == 200
    portal().close()
    site(sink=case.folder / "block", key=b"", key_file=case.key_file, own="django_portal.own", grade="block")
    anna = browser("anna")  # a browser of Django's tests keeps the portal it has visited
    refused = anna.get("/account", {"as": "bert"})
    assert (refused.status_code, refused.content) == (403, REFUSED)
    assert anna.get("/account").content == b"account A1"
    result = case.judged()
    assert (result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge) == (18, 2, 0)
    (incident,) = result.incidents
    assert (incident.detector, sorted(incident.evidence)) == ("account-mixup", ["lines/shown.jsonl:13", "lines/shown.jsonl:4"])


def test_a_line_says_who_asked_and_what_was_answered(site, key):
    lines = site()
    anna = browser("anna")
    sid = anna.cookies["sessionid"].value
    anna.get("/account")
    (line,) = lines()
    expected = {"recipient": "anna", "session": sid, "client": "127.0.0.1", "device": "B", "customer": "A1"}
    assert {name: line[name] for name in expected} == {name: key(name, value) for name, value in expected.items()}
    assert (line["site"], line["route"], line["method"], line["status"], line["data"]) == ("p.example", "/account", "GET", 200, "account")


def test_rows_that_are_loaded_are_noted_and_a_page_with_foreign_rows_is_refused(site, key):
    lines = site(owners={"portal.Bill": {"owner": "account", "data": "bill"}}, own="django_portal.own", grade="block")
    anna = browser("anna")
    assert anna.get("/bills", {"as": "anna"}).content == b"0,1,2"
    assert anna.get("/bills", {"as": "bert"}).status_code == 403
    own, foreign = lines()
    assert (own["customer"], own["place"], own["records"], own["data"]) == (key("customer", "A1"), "used:portal.Bill", 3, "bill")
    assert (foreign["customer"], foreign["outcome"]) == (key("customer", "A2"), "stopped")


def test_a_route_is_its_template_and_a_pattern_is_none(site):
    lines = site(owners={"portal.Bill": "account_id"})
    anna = browser("anna")
    number = Bill.objects.filter(account="A1").values_list("pk", flat=True)[0]
    anna.get(f"/bills/{number}/")
    anna.get(f"/old/{number}")
    assert [line["route"] for line in lines()] == ["/bills/{bill}/", "/old/{id}"]


def test_a_stream_is_held_until_its_first_chunk_and_noted_to_its_end(site):
    lines = site(own="django_portal.own", grade="block")
    anna = browser("anna")
    assert anna.get("/streamed", {"as": "bert"}).status_code == 403
    page = anna.get("/streamed")
    assert b"".join(page.streaming_content) == b"secret"
    page.close()
    assert [line["outcome"] for line in lines()] == ["stopped", "shown"]


def test_a_fault_of_the_portal_is_its_own_and_still_leaves_a_line(site):
    lines = site()
    client = browser("anna")
    client.raise_request_exception = False
    assert client.get("/broken").status_code == 500
    assert [line["status"] for line in lines()] == [500]


def test_an_asynchronous_portal_is_watched_too(site, key):
    lines = site(own="django_portal.own_async", grade="block")

    async def visits():
        anna = AsyncClient(headers={"user-agent": "B"})
        await anna.aforce_login(await django_portal.User.objects.aget(username="anna"))
        refused = await anna.get("/async/account", {"as": "bert"})
        own = await anna.get("/async/account")
        stopped = await anna.get("/async/streamed", {"as": "A2"})
        stream = await anna.get("/async/streamed", {"as": "A1"})
        body = b"".join([chunk async for chunk in stream.streaming_content])
        return refused.status_code, own.content, stopped.status_code, body

    assert asyncio.run(visits()) == (403, b"account A1", 403, b"secret more")
    assert [line["outcome"] for line in lines()] == ["stopped", "shown", "stopped", "shown"]
    assert {line["recipient"] for line in lines()} == {key("recipient", "anna")}
    assert lines()[-1]["records"] == 1


def test_a_declared_model_notes_rows_of_the_database_and_nothing_else():
    note_loads("portal.Bill", "account", data="bill")
    assert loaded(lambda: list(Bill.objects.filter(account="A2"))) == {"A2": (3, ["portal.Bill"], {"bill"})}
    assert loaded(lambda: list(PaidBill.objects.filter(account="A2"))) == {"A2": (3, ["portal.Bill"], {"bill"})}
    assert loaded(lambda: Bill(account_id="A9")) == {}
    assert loaded(lambda: list(Bill.objects.only("amount"))) == {}
    assert loaded(lambda: list(Bill.objects.values("account"))) == {}


def test_an_owner_may_be_a_function_and_the_last_word_counts():
    note_loads(Account, "login")
    note_loads(Account, lambda account: account.number)
    assert loaded(lambda: Account.objects.get(login="anna")) == {"A1": (1, ["portal.Account"], set())}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [(None, "have no `WHOSAW`"), ({"sink": print, "colour": 1}, "colour"), ({"sink": print}, "logged in clear")],
)
def test_settings_that_cannot_work_are_said_at_the_start(settings, reason):
    with override_settings(WHOSAW=settings), pytest.raises(SettingError, match=reason):
        Middleware(lambda _: HttpResponse())


def test_a_page_that_nobody_is_shown_on_asks_for_no_login(site):
    lines = site()
    request = RequestFactory().get("/")  # it has no `user` at all
    assert Middleware(lambda _: HttpResponse("x"))(request).content == b"x"
    assert lines() == []
    assert isinstance(portal(), Portal)
    assert portal().health()["errors"] == 0
