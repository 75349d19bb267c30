"""Agreements come from tables or from a file, are checked once, and say which key or row is wrong."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from whosaw.config.agreements import Partner, changes, covers, document, partners
from whosaw.errors import ConfigError

TERMS = {"agreement": "A-1", "hosts": ["music.example"], "fields": ["msisdn"]}
JANUARY, JUNE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def of(**terms):
    return partners({"partner": [TERMS | terms]}, None)[0]


def test_hosts_are_compared_in_one_form():
    assert of(hosts=["Music.Example.", ".TICKETS.example", "*.bücher.example"]).hosts == (
        "music.example",
        ".tickets.example",
        "*.xn--bcher-kva.example",
    )


@pytest.mark.parametrize(
    "host", ["", ".", ".example", "*.example", "a b.example", "192.0.2.7", "x..example", "-x.example", "http://x.example"]
)
def test_what_is_no_host_of_a_partner_is_refused(host):
    with pytest.raises(ConfigError, match="hosts"):
        of(hosts=[host])


@pytest.mark.parametrize(
    ("terms", "key"),
    [
        ({"hosts": []}, "hosts"),
        ({"fields": []}, "fields"),
        ({"ports": [0]}, "ports"),
        ({"ports": []}, "ports"),
        ({"path": "billing"}, "path"),
        ({"path": "/a b"}, "path"),
        ({"addresses": ["192.0.2.1/24"]}, "addresses"),
        ({"since": datetime(2026, 1, 1)}, "since"),  # noqa: DTZ001 - the zone is what is missing
        ({"since": JUNE, "until": JANUARY}, "until"),
        ({"colour": "red"}, "partner[0].colour"),
        ({"agreement": None}, "agreement"),
    ],
)
def test_a_term_that_makes_no_sense_names_its_key(terms, key):
    with pytest.raises(ConfigError) as refusal:
        of(**terms)
    assert key in refusal.value.message
    assert refusal.value.hint


def test_an_agreement_holds_from_its_begin_until_before_its_end():
    partner = of(since=JANUARY, until=JUNE)
    assert [partner.holds(moment) for moment in (datetime(2025, 12, 31, tzinfo=UTC), JANUARY, JUNE)] == [False, True, False]
    assert of().holds(JANUARY)


def test_the_next_change_is_the_first_begin_or_end_that_is_still_to_come():
    those = [of(since=JANUARY, until=JUNE), of(since=JUNE)]
    assert changes(those, JANUARY) == JUNE
    assert changes(those, JUNE) is None


def test_addresses_become_networks():
    assert of(addresses=["192.0.2.7", "2001:db8::/32"]).networks == (ip_network("192.0.2.7/32"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("pattern", "host", "meant"),
    [
        ("a.example", "a.example", True),
        ("a.example", "b.a.example", False),
        (".a.example", "a.example", True),
        (".a.example", "b.a.example", True),
        (".a.example", "evil-a.example", False),
        ("*.a.example", "a.example", False),
        ("*.a.example", "b.a.example", True),
    ],
)
def test_a_host_is_meant_as_in_the_ledger(pattern, host, meant):
    assert covers(pattern, host) is meant


def test_a_file_holds_a_host_a_row(tmp_path):
    (tmp_path / "partners.csv").write_text(
        "agreement,host,port,address,since,fields\n"
        "A-1,music.example,80 8080,,2026-01-01T00:00:00Z,msisdn\n"
        "A-1,.songs.example,80 8080,,2026-01-01T00:00:00Z,msisdn\n"
        "A-2,bank.example,,192.0.2.7 192.0.2.8,,msisdn acr\n"
    )
    first, second = partners({"partners": "partners.csv"}, tmp_path)
    assert first == Partner(agreement="A-1", hosts=("music.example", ".songs.example"), ports=(80, 8080), since=JANUARY, fields=("msisdn",))
    assert second == Partner(agreement="A-2", hosts=("bank.example",), addresses=("192.0.2.7/32", "192.0.2.8/32"), fields=("msisdn", "acr"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("agreement,host\nA-1,music.example\n", "no column `fields`"),
        ("agreement,host,fields,colour\n", "column `colour`"),
        ("agreement,host,fields\nA-1,music.example,msisdn\nA-2,no host,msisdn\n", "partners.csv:3"),
        ("agreement,host,fields,port\nA-1,music.example,msisdn,http\n", "partners.csv:2"),
    ],
)
def test_a_file_that_makes_no_sense_names_its_row(tmp_path, text, says):
    (tmp_path / "partners.csv").write_text(text)
    with pytest.raises(ConfigError, match=says):
        partners({"partners": "partners.csv"}, tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"partners\.csv"):
        partners({"partners": "partners.csv"}, tmp_path)


@pytest.mark.parametrize(("name", "text"), [("p.toml", 'mode = "strict"'), ("p.yaml", "mode: strict")])
def test_a_policy_is_toml_or_yaml(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert document(tmp_path / name) == {"mode": "strict"}


@pytest.mark.parametrize(("name", "text"), [("p.toml", "mode = "), ("p.yaml", "mode: ["), ("p.yaml", "- strict"), ("p.toml", "\udcff")])
def test_a_policy_that_cannot_be_read_is_one_message(tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as refusal:
        document(tmp_path / name)
    assert name in refusal.value.message
