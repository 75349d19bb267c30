"""Partners are asked where they are, and strangers under every name that a careless rule takes for a partner's."""

from whosaw.edge.verify.probes.partners import PARTNERS

PROBES = {probe.name: probe for probe in PARTNERS}


def asked(scene, name):
    return [(trip.customer, ask) for trip in PROBES[name].trips(scene) for ask in trip.asks]


def told(scene, name):
    return [scene.told(who, ask.request.host, port=ask.request.port, path=ask.request.path) for who, ask in asked(scene, name)]


def test_every_host_of_every_agreement_is_asked_for_every_customer(scene):
    for kind in ("exact", "below"):
        hosts = [spot.host for spot in scene.spots if spot.kind == kind]
        assert [(who.address, ask.request.host) for who, ask in asked(scene, f"partner-{kind}")] == [
            (customer.address, host) for host in hosts for customer in scene.customers
        ]
        assert all(told(scene, f"partner-{kind}"))


def test_a_domain_is_told_where_the_agreement_means_it_and_asked_where_it_does_not(scene):
    hosts = {
        ask.request.host: bool(right) for (_, ask), right in zip(asked(scene, "partner-apex"), told(scene, "partner-apex"), strict=True)
    }
    assert hosts == {"tickets.example": True, "games.example": False}
    assert all(told(scene, "partner-deep"))


def test_most_look_alikes_are_no_partners(scene):
    hosts = {ask.request.host for _, ask in asked(scene, "look-alikes")}
    assert {"evil-music.example", "evilmusic.example", "music.example.evil.example", "evil.music.example", "eviltickets.example"} <= hosts
    assert sum(not right for right in told(scene, "look-alikes")) > len(hosts) / 2


def test_fields_are_asked_for_with_every_header_made_up(scene):
    for _, ask in asked(scene, "fields"):
        assert [line.partition(":")[0] for line in ask.request.lines] == ["X-MSISDN", "X-ACR"]
    assert {len(right) for right in told(scene, "fields")} == {1, 2}


def test_what_is_not_in_force_is_told_nothing(scene):
    assert [ask.request.host for _, ask in asked(scene, "not-in-force")] == ["old.example", "shop.gone.example"]
    assert not any(told(scene, "not-in-force"))
    assert all(ask.want == "nothing" for _, ask in asked(scene, "unknown-customer"))


def test_paths_and_ports_are_asked_on_both_sides_of_their_limit(scene):
    for name in ("path", "port"):
        assert {bool(right) for right in told(scene, name)} == {True, False}
