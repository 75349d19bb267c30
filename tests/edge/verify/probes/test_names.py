"""Every name is sent in every case and spelling, to a stranger and to a partner."""

import pytest

from whosaw.edge.policy import spellings
from whosaw.edge.verify.asking import SPOOF, STRANGER
from whosaw.edge.verify.probes.names import NAMES
from whosaw.identifiers import catalogue

PROBES = {probe.name: probe for probe in NAMES}


def lines(scene, name, host):
    asks = [ask for trip in PROBES[name].trips(scene) for ask in trip.asks if ask.request.host == host]
    return [line for ask in asks for line in ask.request.lines]


@pytest.mark.parametrize("case", ["lower", "upper", "mixed"])
@pytest.mark.parametrize("host", [STRANGER, "music.example"])
def test_every_header_of_the_catalogue_is_sent_in_every_spelling(scene, case, host):
    sent = {line.partition(":")[0] for line in lines(scene, f"names-{case}", host)}
    listed = [entry.name for entry in catalogue().headers if entry.place == "header" and not entry.name.endswith("*")]
    assert len(listed) >= 120
    assert {name.lower() for name in sent} >= {spelling.lower() for name in listed for spelling in spellings(name)}
    if case != "mixed":
        assert sent == {getattr(name, case)() for name in sent}


def test_no_request_has_more_headers_than_servers_take(scene):
    for probe in NAMES:
        assert all(len(ask.request.lines) < 100 for trip in probe.trips(scene) for ask in trip.asks)


def test_patterns_cookies_and_numbers_go_through_their_own_gap(scene):
    gaps = {probe.name: {ask.gap for trip in probe.trips(scene) for ask in trip.asks} for probe in NAMES}
    assert gaps["name-patterns"] == {"pattern-names"}
    assert gaps["unlisted-names"] == {"unlisted-names"}
    assert gaps["cookies"] == {"cookies"}
    assert {frozenset(gaps[f"own-number-{place}"]) for place in ("header", "cookie", "address")} == {frozenset({"own-number"})}
    assert all(gaps[name] == {""} for name in ("names-lower", "names-upper", "names-mixed", "spoofed", "kept-alive"))


def test_the_own_number_is_that_of_who_asks_and_a_spoof_is_nobodys(scene):
    number = scene.customers[0].values["msisdn"]
    for place in ("header", "cookie", "address"):
        for trip in PROBES[f"own-number-{place}"].trips(scene):
            assert trip.customer == scene.customers[0]
            assert number.encode() in trip.asks[0].request.written("origin", "x")
    assert SPOOF not in scene.secrets


def test_a_value_is_made_up_once_and_more_often(scene):
    assert {len(trip.asks[0].request.lines) for trip in PROBES["spoofed"].trips(scene)} == {1, 2, 3}


def test_partner_and_stranger_take_turns_on_one_connection(scene):
    hosts = [[ask.request.host for ask in trip.asks] for trip in PROBES["kept-alive"].trips(scene)]
    assert {tuple(those[:3]) for those in hosts} == {("music.example", STRANGER, "music.example")}
    assert {trip.customer.address for trip in PROBES["kept-alive"].trips(scene)} == {c.address for c in (*scene.customers, scene.unknown)}
