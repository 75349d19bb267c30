from collections import Counter

import pytest

from whosaw.drill.live.traffic import world_of
from whosaw.drill.live.visits import CURIOUS, DECK, ORDINARY, REGULARS


@pytest.fixture(scope="module")
def operator(place):
    import time

    from whosaw.drill.live.faults import switches
    from whosaw.drill.live.run import Operator

    with Operator(place(), faults=switches([]), clock=time.time) as running:  # noqa: TID251 - a live operator lives now
        yield running


def statuses(operator, visit):
    return Counter(reply.status for reply in visit(world_of(operator, visit.__name__)))


@pytest.mark.parametrize("visit", [visit for visit in ORDINARY if visit.__name__ not in {"pass_by", "answer_a_call"}])
def test_ordinary_people_get_what_they_ask_for(operator, visit):
    assert set(statuses(operator, visit)) <= {200, 303}


def test_passers_by_see_what_is_public_and_are_sent_to_the_login(operator):
    passed = next(visit for visit in ORDINARY if visit.__name__ == "pass_by")
    assert statuses(operator, passed) == {200: 4, 303: 1, 401: 1, 404: 1}


def test_an_agent_must_verify_the_caller_first(operator):
    answered = next(visit for visit in ORDINARY if visit.__name__ == "answer_a_call")
    assert [reply.status for reply in answered(world_of(operator, "call"))] == [201, 200, 200, 403, 200, 200, 200]


@pytest.mark.parametrize("visit", CURIOUS)
def test_the_curious_are_refused_all_they_should_not_have(operator, visit):
    refused = statuses(operator, visit)
    assert refused[403] + refused[404] >= 3
    assert refused[0] == refused[500] == 0


def test_the_same_seed_plays_the_same_visits(operator):
    def asked(visit):
        return [reply.status for reply in visit(world_of(operator, "again"))]

    assert all(asked(visit) == asked(visit) for visit in CURIOUS)


def test_every_visit_is_in_the_deck_and_the_regulars_are_few(operator):
    assert set(DECK) == {*ORDINARY, *CURIOUS}
    world = world_of(operator, "turns")
    assert {world.regular()[0] for _ in range(REGULARS)} == set(range(REGULARS))
    assert not set(world.strangers()) & {login.account for login in world.consumers()[:REGULARS]}
