"""What arrived is held against what the policy says, and nothing that is wrong with it is overlooked."""

import pytest

from whosaw.edge.verify.asking import Ask, Request
from whosaw.edge.verify.judging import judge
from whosaw.edge.verify.origins import Arrived
from whosaw.edge.verify.raw import IN_VAIN, Said

PARTNER = Request("music.example")
STRANGER = Request("stranger.example")


@pytest.fixture
def judged(scene):
    """Judge a request by the lines with which it arrived; `{number}` is the customer's own."""

    def result(ask, origin, *lines, scene=scene, trailer=""):
        number = scene.customers[0].values["msisdn"]
        head = "\r\n".join(("GET / HTTP/1.1", *lines)).format(number=number).encode()
        found = judge(scene, ask, scene.customers[0], Said(200), (Arrived(origin, head, trailer.format(number=number).encode()),))
        assert number not in found.why
        return found

    return result


def test_the_right_value_once_is_right(judged):
    assert judged(Ask(PARTNER), "partner", "Host: music.example", "x-MSISDN: {number}").state == "held"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((), "did not receive `x-msisdn`"),
        (("X-MSISDN: {number}", "x-msisdn: {number}"), "2 times"),
        (("X-MSISDN: 447700909909",), "with 4477…09 instead of 4477…47"),
        (("X-MSISDN: {number}, {number}",), "instead of"),
        (("X-MSISDN: {number}", "X_MSISDN: 1"), "received `X_MSISDN`"),
        (("X-MSISDN: {number}", "X-ACR: acr-1"), "received `X-ACR`"),
        (("X-MSISDN: {number}", "X-Foo: {number}"), "a customer's value: 4477…47"),
        (("X-MSISDN: {number}", "Cookie: a=b; imsi=1"), "the cookie `imsi`"),
    ],
)
def test_anything_else_at_a_partner_is_broken(judged, lines, why):
    found = judged(Ask(PARTNER), "partner", *lines)
    assert found.state == "broken"
    assert why in found.why


@pytest.mark.parametrize(
    "line",
    [
        "X-MSISDN: 1",
        "x_up_calling-line-id: 1",
        "X-Forwarded-For: 10.0.0.1",
        "Via: 1.1 gateway",
        "X-Nokia-WAP-LOC-X: 1",
        "X-Foo: {number}",
        "Cookie: imsi=1",
        "Cookie: a=1; b={number}",
    ],
)
def test_anything_at_a_stranger_is_broken(judged, line):
    assert judged(Ask(STRANGER), "stranger", line).state == "broken"
    assert judged(Ask(STRANGER, "at most", refusable=True), "stranger", line).state == "broken"
    assert judged(Ask(STRANGER), "stranger", "Host: a").state == "held"


def test_a_name_behind_the_body_counts_as_any_other(judged):
    assert judged(Ask(STRANGER), "stranger", "Host: a", trailer="X-MSISDN: 1").state == "broken"


def test_a_request_for_a_partner_that_is_led_to_a_stranger_is_broken(judged):
    assert judged(Ask(PARTNER), "stranger", "Host: a").why == "it was led to the stranger origin"
    assert judged(Ask(PARTNER, "at most"), "stranger", "X-MSISDN: {number}").state == "broken"


def test_at_most_leaves_out_what_it_likes_and_adds_nothing(judged):
    assert judged(Ask(PARTNER, "at most"), "partner", "Host: a").state == "held"
    assert judged(Ask(PARTNER, "at most"), "partner", "X-MSISDN: {number}").state == "held"
    assert judged(Ask(PARTNER, "at most"), "partner", "X-MSISDN: 447700909909").state == "broken"
    assert judged(Ask(PARTNER, "nothing"), "partner", "X-MSISDN: {number}").state == "broken"


def test_what_passes_through_an_accepted_gap_is_not_expressible_and_nothing_else_is(judged, accepting):
    ask = Ask(STRANGER, gap="own-number")
    assert judged(ask, "stranger", "X-Foo: {number}").state == "broken"
    assert judged(ask, "stranger", "X-Foo: {number}", scene=accepting).state == "not expressible"
    assert judged(ask, "stranger", "Host: a", scene=accepting).state == "held"
    assert judged(Ask(STRANGER), "stranger", "X-Foo: {number}", scene=accepting).state == "broken"


@pytest.mark.parametrize(
    ("said", "refusable", "state"),
    [
        (Said(400), True, "held"),
        (Said(503), True, "held"),
        (Said(0, "connection refused"), True, "held"),
        (Said(0, IN_VAIN), True, "inconclusive"),
        (Said(403), False, "broken"),
        (Said(503), False, "inconclusive"),
        (Said(0, "connection refused"), False, "inconclusive"),
    ],
)
def test_a_request_that_arrived_nowhere_is_judged_by_the_answer(scene, said, refusable, state):
    assert judge(scene, Ask(STRANGER, refusable=refusable), scene.customers[0], said, ()).state == state
