"""Where a policy says nothing, nothing leaves; where it contradicts itself, it is refused."""

from datetime import UTC, datetime

import pytest

from whosaw.edge import policy
from whosaw.edge.policy import ENCODINGS, Told, spellings
from whosaw.errors import ConfigError

NOW = datetime(2026, 1, 15, tzinfo=UTC)
GROUND = """
[[field]]
name = "msisdn"
header = "X-MSISDN"

[[field]]
name = "acr"
header = "X-ACR"
value = "acr"

[subscribers]
file = "subscribers.csv"
"""


@pytest.fixture
def loaded(tmp_path):
    def load(text, *, ground=GROUND, name="edge.toml"):
        (tmp_path / name).write_text(text + ground if name.endswith("toml") else text)
        return policy.load(tmp_path / name)

    return load


def partner(hosts, *, agreement="A-1", more=""):
    return f'[[partner]]\nagreement = "{agreement}"\nhosts = {hosts}\nfields = ["msisdn"]\n{more}\n'


def test_an_empty_policy_tells_nobody_anything(loaded):
    empty = loaded("", ground="")
    assert empty.groups(NOW) == ()
    assert {"X-MSISDN", "X-Up-Calling-Line-ID", "X-Nokia-WAP-LOC-"} <= {name.name for name in empty.stripped()}
    assert len(empty.stripped()) >= 120


def test_partners_of_the_same_terms_are_one_group_without_overlaps(loaded):
    hosts = '[".music.example", "a.music.example", "*.b.music.example", "*.tickets.example", "shop.example"]'
    (group,) = loaded(partner(hosts)).groups(NOW)
    assert group.told == (Told("X-MSISDN", "msisdn", "e164"),)
    assert group.exact == ("music.example", "shop.example")
    assert group.below == ("music.example", "tickets.example")
    assert (group.ports, group.path) == ((80,), "/")


def test_networks_of_a_pinned_host_do_not_overlap(loaded):
    more = 'addresses = ["192.0.2.0/24", "192.0.2.7", "2001:db8::1", "2001:db8::/32"]'
    (group,) = loaded("intercepted = true\n" + partner('["music.example"]', more=more)).groups(NOW)
    assert group.pins == (("music.example", "192.0.2.0/24"), ("music.example", "2001:db8::/32"))
    assert policy.networks((group,)) == {(4, 24): ["192.0.2.0/24"], (6, 32): ["2001:db8::/32"]}


def test_an_agreement_counts_while_it_is_in_force(loaded):
    ended = partner('["music.example"]', more="until = 2026-01-01T00:00:00Z")
    begins = partner('["shop.example"]', agreement="A-2", more="since = 2026-02-01T00:00:00Z")
    those = loaded(ended + begins)
    assert those.groups(NOW) == ()
    assert those.changes(NOW) == datetime(2026, 2, 1, tzinfo=UTC)


def test_the_hash_is_of_what_is_meant(loaded):
    one, other = partner('["music.example"]'), partner('["shop.example"]', agreement="A-2")
    assert loaded(one + other).hash == loaded(other + one).hash != loaded(one).hash
    assert loaded(one).hash != loaded(one, ground=GROUND.replace("X-MSISDN", "X-Number")).hash


def test_yaml_says_the_same(loaded):
    text = "field: [{name: msisdn, header: X-MSISDN}, {name: acr, header: X-ACR, value: acr}]\nsubscribers: {file: subscribers.csv}\n"
    text += "partner: [{agreement: A-1, hosts: [music.example], fields: [msisdn]}]\n"
    assert loaded(text, name="edge.yaml").hash == loaded(partner('["music.example"]')).hash


def test_names_can_be_added_to_the_catalogue_and_left_alone(loaded):
    names = {name.name for name in loaded('[strip]\nalso = ["X-Our-*", "X-Our-Id"]\nkeep = ["x-forwarded-for"]\n').stripped()}
    assert {"X-Our-", "X-Our-Id"} <= names
    assert "X-Forwarded-For" not in names


def test_a_field_of_the_policy_is_stripped_from_everybody_else(loaded):
    assert "X-Secret" in {name.name for name in loaded("", ground=GROUND.replace("X-ACR", "X-Secret")).stripped()}


def test_an_encoding_of_the_agreement_stands_before_that_of_the_field(loaded):
    (group,) = loaded(partner('["music.example"]', more='encoding = "sha256"')).groups(NOW)
    assert group.told == (Told("X-MSISDN", "msisdn", "sha256"),)


def test_encodings_are_those_that_partners_ask_for():
    written = {name: encode("447700900123") for name, encode in ENCODINGS.items()}
    assert written["plus"] == "+447700900123"
    assert written["base64"] == "NDQ3NzAwOTAwMTIz"
    assert len(written["sha256"]) == 64


def test_a_name_is_written_with_dashes_and_underscores_in_every_mixture():
    assert spellings("X-Up-Subno") == ("X-Up-Subno", "X-Up_Subno", "X_Up-Subno", "X_Up_Subno")
    assert spellings("MSISDN") == ("MSISDN",)
    assert "_rapmin" in spellings("_rapmin")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('mode = "lenient"\n', "mode"),
        ('colour = "red"\n', "colour"),
        ('accept = ["everything"]\n', "everything"),
        ('[icap]\nurl = "http://127.0.0.1"\n', "icap.url"),
        (partner('["music.example"]').replace('["msisdn"]', '["imsi"]'), "`imsi`, which is no field"),
        (partner('["music.example"]', more='encoding = "rot13"'), "rot13"),
        (partner('[".co.uk"]'), "everybody can have a host below `co.uk`"),
        (partner('["*.github.io"]'), "github.io"),
        ("intercepted = true\n" + partner('["music.example"]'), "no `addresses`"),
    ],
)
def test_what_cannot_be_meant_is_refused(loaded, text, says):
    with pytest.raises(ConfigError) as refusal:
        loaded(text)
    assert says in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("ground", "says"),
    [
        (GROUND.replace('"acr"\nheader', '"msisdn"\nheader'), "stands twice"),
        (GROUND.replace("X-ACR", "X ACR"), "field[1].header"),
        (GROUND.replace('value = "acr"', 'encoding = "rot13"'), "field[1].encoding"),
        (GROUND.replace('"subscribers.csv"', '"subscribers.csv"\nttl = "soon"'), "subscribers.ttl"),
        (GROUND.replace('file = "subscribers.csv"', ""), "subscribers.file"),
    ],
)
def test_ground_that_does_not_hold_is_refused(loaded, ground, says):
    with pytest.raises(ConfigError) as refusal:
        loaded(partner('["music.example"]'), ground=ground)
    assert says in refusal.value.message


@pytest.mark.parametrize(
    ("one", "other", "conflict"),
    [
        ("music.example", "music.example", True),
        (".music.example", "a.music.example", True),
        (".music.example", "*.music.example", True),
        ("*.music.example", "music.example", False),
        ("music.example", "a.music.example", False),
        ("music.example", "shop.example", False),
    ],
)
def test_agreements_that_tell_one_host_different_things_are_refused(loaded, one, other, conflict):
    text = partner(f'["{one}"]') + partner(f'["{other}"]', agreement="A-2", more='encoding = "plus"')
    if not conflict:
        assert len(loaded(text).groups(NOW)) == 2
        return
    with pytest.raises(ConfigError, match=r"`A-.` and `A-.` say different things"):
        loaded(text)


@pytest.mark.parametrize(
    "more", ["since = 2027-01-01T00:00:00Z", "ports = [8080]", 'path = "/billing/"'], ids=["another time", "another port", "another path"]
)
def test_agreements_that_never_meet_are_no_conflict(loaded, more):
    first = partner('["music.example"]', more='until = 2027-01-01T00:00:00Z\npath = "/songs/"')
    loaded(first + partner('["music.example"]', agreement="A-2", more='encoding = "plus"\n' + more))
