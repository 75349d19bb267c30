"""Trips are sent to a real server, and the result is as bad as the worst of them."""

import socket

import pytest

from whosaw.edge.verify.asking import STRANGER, Ask, Probe, Request, Trip, one
from whosaw.edge.verify.sending import Door, send


@pytest.fixture
def sent(scene, origins):
    """Send trips as if the stranger's origin were a proxy that lets everything through."""

    def result(*trips, needs="", door=None, scene=scene):
        probe = Probe("p", "a claim", lambda _: iter(trips), needs)
        return send(scene, door or Door(origins.addresses["stranger"], "origin", 5), origins, probe)

    return result


def trip(scene, *lines, gap="", **terms):
    return one("what", scene.customers[0], Request(STRANGER, lines=lines), gap=gap, **terms)


def test_what_arrives_clean_is_held(scene, sent):
    result = sent(trip(scene), trip(scene, "X-Foo: 1"))
    assert (result.state, result.requests, result.why) == ("held", 2, ())


def test_one_leak_among_many_breaks_the_claim_and_is_said_once(scene, sent):
    result = sent(trip(scene), trip(scene, "X-MSISDN: 1"), trip(scene, "X-MSISDN: 1"))
    assert (result.state, result.why) == ("broken", ("what: the stranger origin received `X-MSISDN`",))


def test_no_reason_holds_a_number(accepting, sent):
    number = accepting.customers[0].values["msisdn"]
    for scene in (accepting, accepting._replace(open_gaps=())):
        result = sent(trip(scene, f"X-Foo: {number}", gap="own-number"), scene=scene)
        assert result.state == ("not expressible" if scene is accepting else "broken")
        assert number not in repr(result)


def test_every_request_of_a_connection_is_judged_by_itself(scene, sent):
    asks = tuple(Ask(Request(STRANGER, lines=lines)) for lines in ((), ("X-ACR: 1",), ()))
    for pipelined in (False, True):
        result = sent(Trip("three", scene.customers[0], asks, pipelined=pipelined))
        assert (result.state, result.requests) == ("broken", 3)


def test_a_claim_without_occasion_is_not_expressible(scene, sent):
    result = sent(trip(scene), needs="path", scene=scene._replace(spots=()))
    assert (result.state, result.why, result.requests) == ("not expressible", ("no agreement in force is limited to a path",), 0)


def test_a_proxy_that_is_not_there_proves_nothing(scene, sent):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        door = Door(taken.getsockname(), "origin", 1)
        result = sent(trip(scene), door=door)
    assert (result.state, result.why) == ("inconclusive", ("what: it arrived nowhere: connection refused",))


def test_intercepted_traffic_goes_to_the_servers_own_address():
    door = Door(("127.0.0.1", 8080), "origin")
    assert (door.leading(""), door.leading("127.0.2.7")) == (("127.0.0.1", 8080), ("127.0.2.7", 8080))
