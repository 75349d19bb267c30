"""Is a question answered as the registries say at that moment, and is every answer recorded under pseudonyms alone?"""

import json

import pytest

from decisions import asked
from small_operator import case, portal
from whosaw import judge
from whosaw.edge.record import keyed
from whosaw.judge import verdict

LOGIN, BILL = "customer_login", ("bill", "B1")


def evaluate(service, question):
    answer = service.decider.evaluate(json.dumps(question).encode())
    return answer.decision, answer.context


def test_the_owner_of_a_bill_may_see_it_and_the_answer_names_the_row(answering):
    decision, context = evaluate(answering(), asked((LOGIN, "anna"), "bill", BILL))
    assert decision
    assert context == {"verdict": "entitled", "reasons": [{"basis": "ownership", "grade": "A", "source": "logins.csv", "line": 2}]}


@pytest.mark.parametrize(
    ("question", "verdict_", "why"),
    [
        (asked((LOGIN, "bert"), "bill", BILL), "unentitled", "no entitlement covers it at that time"),
        (asked((LOGIN, "anna"), "bill", ("bill", "B9")), "cannot_judge", verdict.NO_CUSTOMER),
        (asked((LOGIN, "anna"), "number", ("number", "07700 900002")), "cannot_judge", verdict.TWO_OWNERS),
        (asked(("robot", "anna"), "bill", BILL), "cannot_judge", verdict.NO_RECIPIENT),
        (asked((LOGIN, "anna"), "fly", BILL), "cannot_judge", "it is not configured which data the action shows"),
    ],
)
def test_what_no_row_covers_or_nobody_can_judge_is_denied_and_says_why(answering, question, verdict_, why):
    decision, context = evaluate(answering(), question)
    assert (decision, context["verdict"], context["why"]) == (False, verdict_, why)


def test_a_number_belongs_to_whoever_has_it_at_the_moment_asked_about(answering):
    service = answering()
    ask = asked((LOGIN, "anna"), "number", ("number", "447700900001"))
    moments = ["2012-01-04T12:00:00Z", "2012-01-05T00:00:00Z", "2012-01-05T00:30:00+01:00"]
    assert [evaluate(service, ask | {"context": {"time": time}})[0] for time in moments] == [True, False, True]


def test_an_entitlement_that_has_ended_is_named_with_what_it_lacks(answering):
    service = answering(logins_csv="login,account,since,until\nanna,A1,2012-01-01,2012-01-02\n")
    assert evaluate(service, asked((LOGIN, "anna"), "bill", BILL))[1]["reasons"] == [
        {"basis": "ownership", "grade": "A", "source": "logins.csv", "line": 2, "lacks": "ended"}
    ]


def test_without_any_entitlement_configured_everything_is_denied(answering):
    assert evaluate(answering({"entitlement": []}), asked((LOGIN, "anna"), "bill", BILL))[1]["why"] == verdict.NO_RULES


def test_every_answer_is_recorded_as_shown_or_stopped_and_holds_no_clear_identifier(answering):
    service = answering()
    for who, what in (("anna", BILL), ("bert", BILL), ("anna", ("spaceship", "X1"))):
        evaluate(service, asked((LOGIN, who), "bill", what, context={"time": "2012-01-09T10:00:00Z"}))
    names = service.standing.pseudonyms
    shown, *stopped = service.recorded()
    assert shown == {
        "seen_at": "2012-01-09T10:00:00Z",
        "service": "decide",
        "outcome": "shown",
        "recipient": keyed("r", names.key("r", "anna")),
        "customer": keyed("c", names.key("c", "A1")),
        "object": keyed("o", names.key("o", "bill:B1")),
        "route": "/access/v1/evaluation",
        "data": "bill",
    }
    assert [line["outcome"] for line in stopped] == ["stopped", "stopped"]
    text = json.dumps([shown, *stopped])
    assert not any(name in text for name in ("anna", "bert", "B1", "A1", "X1"))


def test_what_was_recorded_gets_the_same_verdict_from_the_judge(answering):
    service = answering()
    for who, what in (("anna", BILL), ("bert", ("bill", "B2"))):
        assert evaluate(service, asked((LOGIN, who), "bill", what))[0]
    shown = portal(name="edge", files=["decisions/shown.jsonl"], format="edge", recipient_kind=LOGIN, vantage="proxy_out", route=[])
    shown = {key: value for key, value in shown.items() if key not in {"recipient", "customer", "session"}} | {"data": ["bill"]}
    result = judge.run(
        case(service.folder, {"source": [shown], "operator": {"country": "GB"}}),
        made=service.decider.now(),
        command="test",
        progress=lambda *_: None,
    )
    assert (result.verdicts.entitled, result.read.disclosures) == (2, 2)
