"""What does a visit show, and is it said plainly when it shows nothing?"""

import ipaddress
from datetime import UTC, datetime

import pytest

from whosaw.edge.check_page.answer import Doubt, Verdict, answer
from whosaw.edge.check_page.visits import Visit
from whosaw.wire.http import Request

PLAIN = (("Host", "check.example"), ("User-Agent", "phone"))
NUMBER = ("X-MSISDN", "447700900123")
OURS = (ipaddress.ip_network("10.64.0.0/10"),)


def visit(clear=PLAIN, secure=PLAIN, *, target="/v/n", addresses=("10.64.0.7", "10.64.0.7")):
    legs = [
        Request("GET", target, headers, address, secure=False) if headers is not None else None
        for headers, address in zip((clear, secure), addresses, strict=True)
    ]
    return Visit("n", datetime(2026, 1, 1, tzinfo=UTC), "10.64.0.7", *legs)


@pytest.mark.parametrize(
    ("seen", "verdict", "doubts"),
    [
        (visit(), Verdict.NOTHING, ()),
        (visit((*PLAIN, NUMBER)), Verdict.IDENTIFIED, ()),
        (visit((*PLAIN, ("X-Foo", "447700900123"))), Verdict.PERHAPS, ()),
        (visit((*PLAIN, ("Via", "1.1 gw.example"))), Verdict.PLUMBING, ()),
        (visit((*PLAIN, ("Sec-Fetch-User", "?1"))), Verdict.NOTHING, ()),
        (visit((*PLAIN, ("Sec-Fetch-User", "447700900123"))), Verdict.PERHAPS, ()),
        (visit((*PLAIN, NUMBER), addresses=("10.64.0.7", "10.64.0.8")), Verdict.IDENTIFIED, (Doubt.TWO_ADDRESSES,)),
        (visit(addresses=("10.64.0.7", "10.64.0.8")), Verdict.INCONCLUSIVE, (Doubt.TWO_ADDRESSES,)),
        (visit(addresses=("198.51.100.7", "198.51.100.7")), Verdict.INCONCLUSIVE, (Doubt.ELSEWHERE,)),
        (visit(secure=None), Verdict.INCONCLUSIVE, (Doubt.NO_SECURE,)),
        (visit((*PLAIN, NUMBER), None), Verdict.IDENTIFIED, (Doubt.NO_SECURE,)),
        (visit((*PLAIN, ("Via", "1.1 gw.example")), None), Verdict.INCONCLUSIVE, (Doubt.NO_SECURE,)),
        (visit(None), Verdict.INCONCLUSIVE, (Doubt.NO_CLEAR,)),
        (visit(target="/v/n?msisdn=447700900123"), Verdict.IDENTIFIED, ()),
        (visit((*PLAIN, ("Cookie", "imsi=234150999999999"))), Verdict.IDENTIFIED, ()),
    ],
)
def test_a_visit_shows_so_much_and_no_more(seen, verdict, doubts):
    found = answer(seen, OURS)
    assert (found.verdict, found.doubts) == (verdict, doubts)


def test_without_known_networks_the_address_says_nothing():
    assert answer(visit(addresses=("198.51.100.7", "198.51.100.7"))).verdict is Verdict.NOTHING
    assert answer(visit(addresses=("::ffff:10.64.0.7", "::ffff:10.64.0.7")), OURS).verdict is Verdict.NOTHING
    assert answer(visit(addresses=("", "")), OURS).verdict is Verdict.INCONCLUSIVE
