"""Why was this disclosure judged so, and who saw this customer's data?"""

import pytest

from small_operator import BILL_OWNER, MADE, OWNERSHIP, case, judged, line, operator, portal
from whosaw import judge
from whosaw.errors import NotFoundError
from whosaw.identifiers.pseudonyms import label
from whosaw.judge import inquiry
from whosaw.judge.work import opened
from whosaw.ledger import disclosure_label
from whosaw.model import Verdict

LINES = [
    line("10:00", "anna", account="A1"),
    line("10:01", "bert", account="A1"),
    line("10:02", "anna", uri="/bill/B1"),
    line("10:03", "anna", uri="/bill/B9"),
    line("10:04", None, account="A1"),
]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = operator(tmp_path_factory.mktemp("inquiry"), LINES, tests_csv="account\nA9\n")
    changes = {
        "entitlement": [
            OWNERSHIP,
            OWNERSHIP | {"grade": "D"},
            OWNERSHIP | {"data": ["bill"]},
            {"basis": "test_account", "grade": "E", "file": "tests.csv", "columns": {"customer": "account"}},
        ]
    }
    judged(folder, changes)
    with opened(case(folder, changes)) as work:
        judge.judged(work, made=MADE, command="test")
        yield work


def explained(work, n):
    return inquiry.explain(work, inquiry.find(work, f"portal.log:{n}"))


def test_a_chain_leads_from_the_line_to_the_verdict(work):
    first, second = explained(work, 1), explained(work, 2)
    assert (first.verdict, first.place, first.detector) == (Verdict.ENTITLED, "portal.log:1", "")
    assert first.why == "ownership: holds from 2012-01-01 00:00 UTC to open"
    assert (second.verdict, second.why, second.detector) == (Verdict.UNENTITLED, "no entitlement covers it", "account-mixup")
    assert second.incident.startswith("INC-")
    assert first.id == disclosure_label(inquiry.find(work, first.id))
    assert len(first.digest) == 64


def test_each_entitlement_that_was_tried_says_why_it_holds_or_not(work):
    said = {(t.grade, t.holds): t.sentence for t in explained(work, 1).tried}
    assert said["D", False] == "ownership: grade D explains, but nobody else vouches for it"
    assert "ownership: does not cover account" in {t.sentence for t in explained(work, 1).tried}
    assert {t.where for t in explained(work, 1).tried} >= {"logins.csv:2"}
    assert all(not t.holds for t in explained(work, 2).tried)


@pytest.mark.parametrize(("seen", "said"), [("2011-12-31", "begins later, at 2012-01-01"), ("2012-02-02", "had ended at 2012-02-01")])
def test_an_entitlement_of_another_time_says_when_it_held(tmp_path, seen, said):
    operator(
        tmp_path, [line(f"{seen}T10:00:00Z", "anna", account="A1")], logins_csv="login,account,since,until\nanna,A1,2012-01-01,2012-02-01\n"
    )
    judged(tmp_path)
    with opened(case(tmp_path)) as work:
        judge.judged(work, made=MADE, command="test")
        assert said in explained(work, 1).tried[0].sentence


@pytest.mark.parametrize("span", [{"before": "1h"}, {"after": "99d"}, {}])
def test_an_open_entitlement_is_explained_whatever_is_added_to_it(tmp_path, span):
    operator(tmp_path, LINES[:1], logins_csv="login,account,since,until\nanna,A1,,\n")
    changes = {"entitlement": [OWNERSHIP | span]}
    judged(tmp_path, changes)
    with opened(case(tmp_path, changes)) as work:
        judge.judged(work, made=MADE, command="test")
        assert explained(work, 1).why == "ownership: holds from the beginning to open"


def test_how_the_customer_was_found_is_told(work):
    assert explained(work, 1).customer_by == "named by the line itself"
    assert explained(work, 3).customer_by.startswith("owner of bill o:")
    unknown = explained(work, 4)
    assert (unknown.verdict, unknown.customer) == (Verdict.CANNOT_JUDGE, "not known")


def test_two_owners_are_told(tmp_path):
    operator(tmp_path, [LINES[2]], bills_csv="bill,account,since,until\nB1,A1,,\nB1,A2,,\n")
    judged(tmp_path)
    with opened(case(tmp_path)) as work:
        judge.judged(work, made=MADE, command="test")
        assert explained(work, 1).customer_by == "the object has two owners at that time"


def test_a_partner_and_a_test_account_say_why_they_cover(tmp_path):
    operator(
        tmp_path, [line("10:00", uri="http://pay.example/", account="A1")], partners_csv="site\npay.example\n", tests_csv="account\nA1\n"
    )
    site = portal(recipient_kind="site", recipient=[], data=["number"])
    for rule in (
        {"basis": "partner", "file": "partners.csv", "columns": {"recipient": "site"}},
        {"basis": "test_account", "file": "tests.csv", "columns": {"customer": "account"}},
    ):
        changes = {"source": [site], "entitlement": [rule], "owner": [BILL_OWNER]}
        judged(tmp_path, changes)
        with opened(case(tmp_path, changes)) as work:
            judge.judged(work, made=MADE, command="test")
            assert explained(work, 1).why == f"{rule['basis']}: holds from the beginning to open"


def test_everyone_who_was_shown_a_customer_is_told_oldest_first(work):
    key = inquiry.customer_key(work, "A1")
    sights = inquiry.saw(work, key)
    assert [(f"{s.seen_at:%H:%M}", s.verdict) for s in sights] == [
        ("10:00", Verdict.ENTITLED),
        ("10:01", Verdict.UNENTITLED),
        ("10:02", Verdict.ENTITLED),
        ("10:04", Verdict.UNENTITLED),
    ]
    assert [s.recipient_kind for s in sights] == ["customer_login", "customer_login", "customer_login", "anonymous"]
    assert sights[0].reason == "ownership (grade A)"
    assert inquiry.saw(work, key + 1) == []


def test_a_customer_is_found_by_a_pseudonym_and_by_nothing_too_short(work):
    key = inquiry.customer_key(work, "A1")
    name = label("c", key)
    assert inquiry.customer_key(work, name) == key
    assert inquiry.customer_key(work, name[:10]) == key
    assert inquiry.customer_key(work, name[:9]) != key
    with pytest.raises(NotFoundError, match="names 0 customers"):
        inquiry.customer_key(work, "c:ffffffffffff")


@pytest.mark.parametrize("name", ["portal.log:0", "portal.log:", "portal.log", "other.log:1", "D-00000000.1", ":1", ""])
def test_what_is_no_disclosure_is_not_found_and_says_what_may_be_asked(work, name):
    with pytest.raises(NotFoundError, match="is no disclosure in this ledger") as problem:
        inquiry.find(work, name)
    assert "file:line" in problem.value.hint


def test_no_answer_holds_a_clear_identifier(work):
    said = repr([explained(work, n) for n in (1, 2, 3, 4, 5)]) + repr(inquiry.saw(work, inquiry.customer_key(work, "A1")))
    for clear in ("anna", "bert", "'A1'", "'B1'", "'B9'"):
        assert clear not in said
