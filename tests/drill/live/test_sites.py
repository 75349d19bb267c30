import json

import pytest

from whosaw.drill.live.sites import PARTNER_HOSTS, STRANGER_HOSTS, Sites, is_partner, partners
from whosaw.drill.live.web import Request


@pytest.fixture
def agreed(cast):
    return partners(cast.carrier.partners, 1_700_000_000)


def test_agreements_that_ended_or_have_not_begun_do_not_count(cast, agreed):
    assert agreed == ["tones.example", ".pay.example", "football.example", "games.example"]
    assert "lotto.example" in partners(cast.carrier.partners, 1_325_000_000)


def test_a_host_that_only_looks_like_a_partners_is_a_stranger(agreed):
    assert [host for host in (*PARTNER_HOSTS, *STRANGER_HOSTS) if is_partner(host, agreed)] == list(PARTNER_HOSTS)
    assert [is_partner(host, agreed) for host in ("pay.example", "notpay.example", "a.b.pay.example")] == [True, False, True]


def test_a_site_shows_what_it_was_told_and_the_witness_notes_the_strangers(parts, who, agreed):
    p = parts("header-to-everyone")
    sites = Sites(p.store, p.witness, agreed)
    for host in ("tones.example:81", "news.example:81"):
        shown = json.loads(
            sites.answer(Request("GET", "/", {}, {"Host": host, "X-MSISDN": who["ann"].number, "X-Gateway-Request": "7"})).body
        )
        assert shown == {
            "host": host.split(":")[0],
            "headers": {"Host": host, "X-MSISDN": who["ann"].number, "X-Gateway-Request": "7"},
        }
    sites.answer(Request("GET", "/", {}, {"Host": "news.example"}))
    assert [(row["id"], row["recipient"], row["customer"]) for row in p.wrong()] == [("7", "news.example", who["ann"].account)]
