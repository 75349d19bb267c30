import time
from contextlib import closing

import pytest

from whosaw.drill.live.faults import switches
from whosaw.drill.live.run import Operator
from whosaw.drill.live.traffic import Traffic, play, world_of
from whosaw.drill.live.visits import pass_by


@pytest.fixture(scope="module")
def operator(place):
    with Operator(place(), faults=switches([]), clock=time.time) as running:  # noqa: TID251 - a live operator lives now
        yield running


def test_traffic_keeps_its_pace_and_ends_when_it_is_told(operator):
    began = time.monotonic()
    with closing(Traffic(operator, 40)) as traffic:
        time.sleep(1)
    took = time.monotonic() - began
    assert 10 <= traffic.requests <= 40 * took + 4, "never faster than asked for; a busy machine may be slower"
    after = traffic.requests
    time.sleep(0.1)
    assert traffic.requests == after


def test_visits_can_be_played_one_after_the_other(operator):
    assert play(world_of(operator, "one"), [pass_by, pass_by]) == 14
