"""Does a search find all that is allowed and nothing else, page by page, and only where it is switched on?"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions import asked
from whosaw.edge.decide.index import Index
from whosaw.edge.decide.search import FOREIGN, OFF

ON = {"decide": {"search": True}}
LOGIN = "customer_login"


def ids(results):
    return [one.id or one.name for one in results.results]


def search(service, part, question, **page):
    return service.searcher.search(part, json.dumps(question | ({"page": page} if page else {})).encode())


def test_nothing_is_searched_unless_it_is_switched_on(answering):
    service = answering()
    assert search(service, "customer", asked((LOGIN, "anna"), "bill", ("customer",))) == OFF
    assert service.standing.engine.one("select count(*) from names")[0] == 0, "and no clear name is kept"


def test_a_search_names_customers_and_objects_of_the_moment(answering):
    service = answering(ON)
    assert ids(search(service, "customer", asked((LOGIN, "anna"), "account", ("customer",)))) == ["A1"]
    assert ids(search(service, "customer", asked((LOGIN, "anna"), "bill", ("bill",)))) == ["B1"]
    before = {"context": {"time": "2012-01-02T00:00:00Z"}}
    assert ids(search(service, "customer", asked((LOGIN, "anna"), "number", ("number",), **before))) == ["+447700900001"]
    assert ids(search(service, "customer", asked((LOGIN, "bert"), "number", ("number",), **before))) == []
    assert ids(search(service, "customer", asked((LOGIN, "bert"), "number", ("number",)))) == ["+447700900001"], "one of its spellings"


def test_a_search_names_who_may_be_shown_a_customer_or_an_object(answering):
    service = answering(ON)
    assert ids(search(service, "recipient", asked((LOGIN,), "bill", ("bill", "B2")))) == ["bert"]
    assert ids(search(service, "recipient", asked((LOGIN,), "bill", ("number", "447700900002")))) == [], "two own it"


def test_a_test_account_is_shown_to_everybody_who_is_known(answering):
    open_to_all = {"basis": "test_account", "query": "select 'A2' as customer"}
    service = answering(
        ON | {"entitlement": [{"basis": "ownership", "query": "select 'anna' as recipient, 'A1' as customer"}, open_to_all]}
    )
    assert ids(search(service, "recipient", asked((LOGIN,), "account", ("customer", "A2")))) == ["anna"]
    assert ids(search(service, "customer", asked((LOGIN, "anna"), "account", ("customer",)))) == ["A1", "A2"]


def test_a_site_is_named_by_the_agreement_with_it_and_may_be_shown_every_customer(answering):
    rows = "select unnest(['music.example', '.shop.example', '*.news.example']) as recipient"
    service = answering(ON | {"entitlement": [{"basis": "partner", "query": rows}]})
    assert ids(search(service, "recipient", asked(("site",), "number", ("bill", "B1")))) == ["music.example"]
    assert ids(search(service, "customer", asked(("site", "a.news.example"), "number", ("bill",)))) == ["B1", "B2"]


def test_a_canary_is_found_by_no_search(answering):
    canary = {"canary": [{"query": "select 'A9' as customer"}]}
    sites = {"entitlement": [{"basis": "partner", "query": "select 'music.example' as recipient"}]}
    assert ids(search(answering(ON | canary | sites), "customer", asked(("site", "music.example"), "number", ("customer",)))) == [
        "A1",
        "A2",
    ]


def test_names_of_a_type_lead_back_to_identifiers(answering):
    settings = {
        "search": True,
        "recipient": [{"type": "login", "kind": LOGIN, "name": "portal:{id}"}],
        "customer": [{"type": "acc", "name": "{id}1"}],
    }
    service = answering({"decide": settings}, logins_csv="login,account,since,until\nportal:anna,A1,,\nother:bert,A1,,\n")
    assert ids(search(service, "recipient", asked(("login",), "bill", ("acc", "A")))) == ["anna"]
    assert ids(search(service, "customer", asked(("login", "anna"), "bill", ("acc",)))) == ["A"]


MANY = "login,account,since,until\n" + "".join(f"anna,A{i:04},2012-01-01,\n" for i in range(2500))


def test_pages_together_are_the_whole_and_each_ends_where_the_next_begins(answering):
    service = answering({"decide": {"search": True, "page": 700}}, logins_csv=MANY)
    question, found, token = asked((LOGIN, "anna"), "account", ("customer",)), [], ""
    for expected in (700, 700, 700, 400):
        page = search(service, "customer", question, token=token)
        assert page.page.count == len(page.results) == expected
        found, token = found + ids(page), page.page.next_token
    assert (found, token) == ([f"A{i:04}" for i in range(2500)], "")


def test_a_page_goes_on_after_its_last_result_though_the_registry_has_changed(answering):
    service = answering(ON, logins_csv=MANY)
    question = asked((LOGIN, "anna"), "account", ("customer",))
    token = search(service, "customer", question, limit=2).page.next_token
    service.standing.engine.run("delete from grants where line < 5")  # the first three customers
    service.standing.index = Index(service.standing.engine)
    assert ids(search(service, "customer", question, limit=2, token=token)) == ["A0003", "A0004"]


def test_a_page_of_nothing_says_whether_there_is_more(answering):
    page = search(answering(ON), "customer", asked((LOGIN, "anna"), "account", ("customer",)), limit=0)
    assert page.results == []
    assert page.page.next_token


def test_a_token_is_sealed_and_good_for_its_own_question_only(answering):
    service = answering(ON, logins_csv=MANY)
    question = asked((LOGIN, "anna"), "account", ("customer",))
    token = search(service, "customer", question, limit=2).page.next_token
    assert "A0001" not in token
    assert search(service, "customer", asked((LOGIN, "bert"), "account", ("customer",)), token=token) == FOREIGN
    for bad in (token[:-6] + "AAAAA=", "x", "é", token[:20]):
        assert search(service, "customer", question, token=bad) == FOREIGN


def test_a_search_is_recorded_with_how_many_it_named(answering):
    service = answering(ON)
    search(service, "customer", asked((LOGIN, "anna"), "bill", ("bill",)))
    (line,) = service.recorded()
    assert (line["route"], line["why"], line["outcome"]) == ("/access/v1/search/resource", "a search that named 1", "stopped")
    assert "customer" not in line


PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("XYZ"), st.integers(1, 20), st.integers(1, 20)), max_size=8)


def test_a_search_finds_exactly_what_is_allowed_when_it_is_asked_for(answering):
    service = answering(ON)

    @settings(max_examples=25)
    @given(PAIRS)
    def law(rows):
        engine = service.standing.engine
        engine.run("delete from grants")
        engine.run("delete from names")
        names = service.standing.pseudonyms
        for who, whose, since, days in rows:
            values = [names.key("r", who), names.key("c", whose), since, since + days]
            engine.run(
                "insert into grants select 0, ?, ?, date '2011-12-31' + ?::int, date '2011-12-31' + ?::int, 2147483647, null, 0, true",
                values,
            )
        for kind, some in (("recipient", "abc"), ("customer", "XYZ")):
            for name in some:
                engine.run("insert into names values ('x', ?, ?, ?)", [kind, names.key(kind, name), name])
        service.standing.index = Index(engine)
        allowed = {(who, whose) for who in "abc" for whose in "XYZ" if may(service, who, whose)}
        assert allowed == {
            (who, whose) for who in "abc" for whose in ids(search(service, "customer", asked((LOGIN, who), "bill", ("customer",))))
        }
        assert allowed == {
            (who, whose) for whose in "XYZ" for who in ids(search(service, "recipient", asked((LOGIN,), "bill", ("customer", whose))))
        }

    law()


def may(service, who, whose):
    return service.decider.evaluate(json.dumps(asked((LOGIN, who), "bill", ("customer", whose))).encode()).decision


@pytest.mark.parametrize("part", ["recipient", "customer", "action"])
def test_a_search_at_no_time_finds_nothing(answering, part):
    question = asked((LOGIN, "anna"), "bill", ("bill", "B1"), context={"time": "then"})
    assert ids(search(answering(ON), part, question)) == []
