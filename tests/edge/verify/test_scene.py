"""Who may be told what is worked out from the policy alone."""

import base64
import hashlib
from datetime import UTC, datetime

import msgspec
import pytest

from whosaw.config.agreements import Partner
from whosaw.edge.verify import scene as scenes
from whosaw.edge.verify.scene import Names, fold
from whosaw.errors import ConfigError


@pytest.mark.parametrize("host", ["music.example", "MUSIC.example.", "tickets.example", "a.b.tickets.example", "x.games.example"])
def test_a_partner_is_told_what_its_agreement_says(scene, host):
    assert scene.told(scene.customers[0], host) == {"x-msisdn": scene.customers[0].values["msisdn"]}


@pytest.mark.parametrize(
    "host", ["games.example", "evilmusic.example", "x.music.example", "music.example.evil.example", "old.example", "x.gone.example"]
)
def test_nobody_else_is_told_anything(scene, host):
    assert scene.told(scene.customers[0], host) == {}


@pytest.mark.parametrize(("port", "path", "told"), [(80, "/billing/x", 2), (8081, "/billing/", 2), (8080, "/billing/", 0), (80, "/", 0)])
def test_ports_and_path_limit_an_agreement(scene, port, path, told):
    assert len(scene.told(scene.customers[0], "bank.example", port=port, path=path)) == told


def test_an_unknown_customer_is_told_of_to_nobody(scene):
    assert scene.told(scene.unknown, "music.example") == {}


def test_every_host_of_an_agreement_in_force_has_its_spot(scene):
    assert [(spot.kind, spot.host) for spot in scene.spots] == [
        ("exact", "music.example"),
        ("apex", "tickets.example"),
        ("below", "shop.tickets.example"),
        ("below", "a.b.c.tickets.example"),
        ("below", "shop.games.example"),
        ("below", "a.b.c.games.example"),
        ("exact", "bank.example"),
    ]
    assert [spot.kind for spot in scene.samples] == ["exact", "below", "apex"]
    assert scene.domains == ["games.example", "tickets.example"]
    assert [partner.agreement for partner in scene.not_in_force] == ["A-0"]


def test_of_very_many_partners_the_first_and_the_last_are_asked(policy, with_partners):
    many = [Partner(agreement=f"M-{n}", hosts=(f"m{n}.example",), fields=("msisdn",)) for n in range(1000)]
    spots = scenes.stage(with_partners(policy, *many), datetime(2026, 3, 1, tzinfo=UTC), ()).spots
    assert len(spots) == scenes.MOST_HOSTS
    assert (spots[0].host, spots[-1].host) == ("m0.example", "m999.example")


def test_customers_are_invented_and_differ_in_every_value(scene):
    one, other = (customer.values for customer in scene.customers)
    assert set(one) == set(other) == {"msisdn", "acr"}
    assert not set(one.values()) & set(other.values())
    assert all(customer.values["msisdn"].startswith("4477009") for customer in scene.customers)
    assert scene.customers[0].values["msisdn"] not in repr(scene.customers)


def test_what_nobody_may_receive_is_known_in_every_encoding(scene):
    number = scene.customers[0].values["msisdn"]
    assert {number, f"+{number}", base64.b64encode(number.encode()).decode(), hashlib.sha256(f"+{number}".encode()).hexdigest()} <= set(
        scene.secrets
    )


def test_a_policy_that_is_proved_here_keeps_its_hash_its_agreements_and_what_lies_within_what(policy, tmp_path):
    addresses = ("198.51.0.0/16", "198.51.100.7", "2001:db8::/32")
    pinned = tuple(msgspec.structs.replace(partner, addresses=addresses) for partner in policy.partners)
    here = scenes.local(msgspec.structs.replace(policy, partners=pinned), tmp_path)
    assert (here.hash, here.folder, [p.hosts for p in here.partners]) == (policy.hash, str(tmp_path), [p.hosts for p in policy.partners])
    assert here.partners[0].addresses == ("127.51.0.0/16", "127.51.100.7/32", "::1/128")
    scene = scenes.stage(here, datetime(2026, 3, 1, tzinfo=UTC), ())
    assert {spot.address for spot in scene.spots} == {"127.51.255.254"}
    assert scene.places == ("127.51.255.254", "127.51.100.7", *(["::1"] if scenes._has_sixth() else []), "127.9.9.9")


def test_names_are_compared_as_web_applications_do(policy):
    names = Names(policy.stripped())
    assert all(names.hold(name) for name in ("x-msisdn", "X_Msisdn", "x-nokia-wap-loc-anything", "X_VF-TRACE-7"))
    assert not any(names.hold(name) for name in ("Host", "X-Requested-With", "X-Brandnew-Msisdn"))
    assert names.hold("IMSI", "cookie")
    assert not names.hold("theme", "cookie")
    assert fold(" X_A-b ") == "x-a-b"


def test_customers_of_the_operators_own_file_are_asked_as(policy, tmp_path):
    (tmp_path / "subscribers.csv").write_text(
        "address,msisdn,acr\n10.0.0.1,447700900001,a-1\n127.0.0.5,447700900002,a-2\n127.0.0.6,447700900003,a-3\n"
    )
    assert [customer.address for customer in scenes.listed(policy)] == ["127.0.0.5", "127.0.0.6"]
    found = scenes.listed(policy, ["10.0.0.1", "127.0.0.6"])
    assert [customer.values for customer in found] == [{"msisdn": "447700900001", "acr": "a-1"}, {"msisdn": "447700900003", "acr": "a-3"}]
    with pytest.raises(ConfigError, match="holds 1 customers to ask as, expected 2"):
        scenes.listed(policy, ["10.0.0.1"])


def test_subscribers_that_cannot_be_read_are_said(policy, tmp_path):
    with pytest.raises(ConfigError, match="cannot read the subscribers"):
        scenes.listed(policy)
    (tmp_path / "subscribers.csv").write_text("ip,msisdn\n127.0.0.1,447700900001\n")
    with pytest.raises(ConfigError, match="cannot read the subscribers"):
        scenes.listed(policy)


def test_who_has_an_address_next_is_somebody_else(scene):
    after = scenes.reassigned(scene.customers[0])
    assert after.address == scene.customers[0].address
    assert not set(after.values.values()) & {value for customer in scene.customers for value in customer.values.values()}
