"""A host is written in every way that might be taken for another."""

from whosaw.edge.verify.asking import STRANGER
from whosaw.edge.verify.probes.hosts import HOSTS

PROBES = {probe.name: probe for probe in HOSTS}


def written(scene, name, natural="origin"):
    return b"".join(ask.request.written(natural, "x") for trip in PROBES[name].trips(scene) for ask in trip.asks).decode()


def test_capitals_and_dots_are_written_and_the_host_is_still_meant(scene):
    assert "Host: MUSIC.EXAMPLE\r\n" in written(scene, "upper-case-host")
    assert "Host: music.example.\r\n" in written(scene, "trailing-dot")
    hosts = [ask.request.host for trip in PROBES["trailing-dot"].trips(scene) for ask in trip.asks]
    assert "music.example" in hosts


def test_both_forms_are_written_to_every_kind_of_proxy(scene):
    for natural in ("origin", "absolute"):
        text = written(scene, "absolute-form", natural)
        assert "GET http://music.example/" in text
        assert "GET /whosaw" in text


def test_two_hosts_stand_in_one_request_in_either_order(scene):
    text = written(scene, "two-hosts")
    assert f"GET http://{STRANGER}/whosaw-probe-x HTTP/1.1\r\nHost: music.example\r\n" in text
    assert f"Host: music.example\r\nHost: {STRANGER}\r\n" in text
    assert f"Host: {STRANGER}, music.example\r\n" in text


def test_a_partners_name_stands_before_an_at_sign(scene):
    assert f"music.example@{STRANGER}" in written(scene, "user-information")
    asks = [ask for trip in PROBES["user-information"].trips(scene) for ask in trip.asks]
    assert all(ask.want == "at most" and ask.refusable for ask in asks)


def test_addresses_and_twins_are_no_partners(scene):
    assert "Host: [2001:db8::7]:8080\r\n" in written(scene, "address-literal")
    assert "Host: xn--" in written(scene, "punycode")
    for trip in PROBES["punycode"].trips(scene):
        assert scene.told(trip.customer, trip.asks[0].request.host) == {}
