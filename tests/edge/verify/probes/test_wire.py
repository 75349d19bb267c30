"""Requests are cut, nested and bent as the wire allows."""

from whosaw.edge.verify.asking import STRANGER
from whosaw.edge.verify.probes.wire import WIRE

PROBES = {probe.name: probe for probe in WIRE}


def written(scene, name):
    return [ask.request.written("origin", "x") for trip in PROBES[name].trips(scene) for ask in trip.asks]


def test_every_shape_goes_to_a_stranger_and_to_a_partner(scene):
    for probe in WIRE:
        hosts = {ask.request.host for trip in probe.trips(scene) for ask in trip.asks}
        assert {STRANGER, "music.example"} <= hosts, probe.name


def test_the_shapes_are_on_the_wire(scene):
    assert any(b"\r\nConnection: X-MSISDN\r\n" in each for each in written(scene, "connection-tricks"))
    assert any(b"\r\nX-MSISDN : " in each for each in written(scene, "space-before-colon"))
    assert any(b"\r\nX-MSISDN:\r\n 4477" in each for each in written(scene, "folded-lines"))
    assert any(b"a\nX-MSISDN: " in each for each in written(scene, "bent-lines"))
    assert all(each.count(b"\r\n") > 130 for each in written(scene, "many-headers"))
    assert {len(each) // 10_000 for each in written(scene, "long-header")} == {0, 7}
    assert any(b" HTTP/1.0\r\n" in each for each in written(scene, "http-1.0"))
    assert all(b"\r\n0\r\nX-MSISDN: " in each for each in written(scene, "trailers"))
    assert any(each.startswith(b"CONNECT music.example:443 ") for each in written(scene, "connect"))
    assert any(b"\r\nUpgrade: h2c\r\n" in each for each in written(scene, "upgrade"))


def test_pipelined_requests_go_out_at_once(scene):
    assert all(trip.pipelined and len(trip.asks) == 4 for trip in PROBES["pipelining"].trips(scene))
    assert not any(trip.pipelined for name, probe in PROBES.items() if name != "pipelining" for trip in probe.trips(scene))


def test_a_tunnel_and_what_goes_through_it_are_told_nothing(scene):
    for trip in PROBES["connect"].trips(scene):
        assert [ask.want for ask in trip.asks] == ["nothing", "nothing"]
        assert trip.asks[1].request.form == "origin"
