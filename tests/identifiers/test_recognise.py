"""An own number is found in every wrapping and place; a number of anything else is not."""

from __future__ import annotations

import base64
import json
import random
import uuid
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.identifiers import WRAPPINGS, Kind, profile, recognise, spellings
from whosaw.identifiers.numbers import luhn

UK = profile("GB", ["4477009"], "LTD-[0-9]{7}", networks=["23410"])
# beyond 447700989999 a number with swapped nibbles is another own number
OWN = st.integers(0, 89_999).map(lambda n: f"4477009{n:05}")
PLACES = {
    "header": str,
    "cookie": lambda text: f"PHPSESSID=7n2k4l5m6p7q8r9s; ref={text}; theme=dark",
    "path": lambda text: f"/account/{quote(text, safe='')}/bills/8812339",
    "query": lambda text: f"https://shop.example/in?ref=2012&m={quote(text, safe='')}&x=1#top",
    "json": lambda text: json.dumps({"order": 8812339, "who": {"ref": text}, "at": 1326186000123}),
}


def values(text, settings=UK, **more):
    return {(hit.kind, hit.value) for hit in recognise(text, settings, **more)}


@pytest.mark.parametrize("place", PLACES)
@given(number=OWN, path=st.lists(st.sampled_from(WRAPPINGS), min_size=1, max_size=2), spelling=st.integers(0, 4))
def test_wrap_then_recognise_gives_back_the_number(place, number, path, spelling):
    # swapped nibbles carry numbers with their country code and nothing else
    text = number if any(w.name == "nibble-swapped" for w in path) else spellings(number, UK)[spelling]
    for wrapping in path:
        text = wrapping.wrap(text)
    assert (Kind.MSISDN, number) in values(PLACES[place](text))


@given(st.text())
def test_recognise_never_raises_on_text(text):
    recognise(text, UK, place=text)


@given(st.binary())
def test_recognise_never_raises_on_bytes_read_as_text(raw):
    recognise(raw.decode("latin-1"), UK)
    recognise(raw.decode("utf-8", "surrogateescape"), UK)


def decoy(draw):
    """Return the kind of text that stands in requests and is nobody's number."""
    digits = "".join(draw.choices("0123456789", k=15))
    return draw.choice(
        (
            lambda: f"order={draw.randrange(10**6, 10**9)}",
            lambda: f"ts={draw.randrange(1_300_000_000, 1_800_000_000)}",
            lambda: f"ts={draw.randrange(1_300_000_000_000, 1_800_000_000_000)}",
            lambda: f"sid={digits[: draw.randrange(10, 16)]}",
            lambda: digits[: draw.randrange(10, 16)],
            lambda: f"ean={ean(digits[:12])}",
            lambda: f"_ga=GA1.2.{draw.randrange(2**31)}.{draw.randrange(1_300_000_000, 1_800_000_000)}",
            lambda: str(uuid.UUID(int=draw.getrandbits(128))),
            lambda: f"token={draw.randbytes(16).hex()}",
            lambda: f"token={base64.urlsafe_b64encode(draw.randbytes(draw.randrange(9, 33))).decode()}",
            lambda: f"r={draw.random()}",
            lambda: f"card={16 * '4'} icon=logo@2x.png",
        )
    )()


def ean(digits):
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return f"{digits}{-total % 10}"


def test_fewer_than_one_in_a_hundred_thousand_decoys_is_taken_for_a_number():
    draw = random.Random(20120125)  # noqa: S311 - the same decoys every time
    taken = [text for text in (decoy(draw) for _ in range(100_000)) if recognise(text, UK, place="header:Cookie")]
    assert taken == []


@pytest.mark.parametrize(
    "text", ["4477009001234", "1447700900123", "00004477009001230", "%34447700900123", "447700900123%34", "447700900123%2534"]
)
def test_a_longer_run_of_digits_does_not_match_inside(text):
    assert values(text) == set()
    assert values(base64.b64encode(text.encode() + b"\n").decode()) == set()


def test_an_escape_is_not_the_beginning_of_a_number():
    assert values("%447700900123", profile("GB", ["447702"])) == set()
    assert values("x%2B447700900123") == {(Kind.MSISDN, "447700900123")}


@pytest.mark.parametrize(
    "text", ["call +44 7700 900123 now", "07700 900 123", "+44 (0)7700-900123", "(07700) 900123", "%2B44%207700%20900123"]
)
def test_numbers_spaced_by_people_are_found(text):
    assert values(text) == {(Kind.MSISDN, "447700900123")}


def test_the_same_number_is_given_once_in_its_plainest_form():
    hits = recognise("447700900123 NDQ3NzAwOTAwMTIz +447700900123 07700900123", UK)
    assert [(hit.value, hit.wrapping) for hit in hits] == [("447700900123", "plain")]


def test_two_numbers_are_two_hits():
    assert len(recognise("from=447700900123&to=447700900456", UK)) == 2


def test_a_hit_says_where_and_in_what_it_was_found():
    [hit] = recognise(quote("x=NDQ3NzAwOTAwMTIz", safe=""), UK, place="header:X-Up-Subno")
    assert (hit.wrapping, hit.place) in {("base64", "header:X-Up-Subno"), ("percent > base64", "header:X-Up-Subno")}


@given(OWN, st.sampled_from(WRAPPINGS))
def test_neither_repr_nor_str_shows_the_value(number, wrapping):
    for hit in recognise(wrapping.wrap(number), UK, place=f"query:{number}"):
        for text in (repr(hit), str(hit), f"{hit}", repr([hit])):
            assert hit.value not in text
            assert hit.value[3:] not in text


def test_a_swapped_number_is_not_taken_twice_when_the_range_is_wide():
    wide = profile("GB", ["4477"])
    assert values("447700900123", wide) == {(Kind.MSISDN, "447700900123")}


def test_what_is_an_own_number_as_it_stands_is_not_read_with_swapped_nibbles():
    assert values("447700990010") == {(Kind.MSISDN, "447700990010")}


def test_ten_digits_count_at_sight_in_narrow_ranges_and_by_name_in_wide_ones():
    wide = profile("GB", ["447700"])
    assert values("7700900123") == {(Kind.MSISDN, "447700900123")}
    assert values("7700900123", wide) == set()
    assert values("order=7700900123", wide) == set()
    for text in ("msisdn=7700900123", '{"phoneNumber": "7700900123"}', "mobile: 7700900123", quote("tel=7700900123", safe="")):
        assert values(text, wide) == {(Kind.MSISDN, "447700900123")}
    assert values("7700900123", wide, place="header:X-WAP-MSISDN") == {(Kind.MSISDN, "447700900123")}


def test_without_ranges_a_number_needs_its_plus_or_its_name():
    plan = profile("GB", [])
    assert values("order=447400123456", plan) == set()
    assert values("7400123456", plan) == set()
    assert values("+447400123456", plan) == values("msisdn=447400123456", plan) == {(Kind.MSISDN, "447400123456")}


def test_an_own_imsi_is_found_at_sight_and_a_foreign_one_by_name():
    assert values("id=234101234567890") == {(Kind.IMSI, "234101234567890")}
    assert values("id=502121234567890") == set()
    assert values("imsi=502121234567890") == {(Kind.IMSI, "502121234567890")}
    assert values("502121234567890", place="header:X-Nokia-IMSI") == {(Kind.IMSI, "502121234567890")}


def test_an_imsi_with_swapped_nibbles_is_found():
    assert (Kind.IMSI, "234101234567890") in values(swapped("234101234567890"))


def swapped(digits):
    [wrapping] = [w for w in WRAPPINGS if w.name == "nibble-swapped"]
    return wrapping.wrap(digits)


def test_an_imei_is_found_by_name_only_and_only_with_its_check_digit():
    assert values("id=490154203237518") == set()
    assert values("imei=490154203237518") == {(Kind.IMEI, "490154203237518")}
    assert values("imei=" + base64.b64encode(b"490154203237518").decode()) == {(Kind.IMEI, "490154203237518")}
    assert values("imei=490154203237519") == set()
    assert values("4901542032375101", place="header:X-Up-3GPP-IMEISV") == {(Kind.IMEI, "490154203237518")}


def test_an_iccid_of_the_country_is_found_at_sight():
    number = next("894410000000000000" + c for c in "0123456789" if luhn("894410000000000000" + c))
    assert values(f"x={number}") == {(Kind.ICCID, number)}
    assert values(f"x={number}9") != {(Kind.ICCID, number)}


def test_an_email_is_found_and_a_picture_size_is_not():
    assert values("mail=Ann.Other%40portal.example&x=1") == {(Kind.EMAIL, "ann.other@portal.example")}
    assert values("/img/logo@2x.png /img/logo@1.5x.png") == set()


def test_a_number_with_a_realm_is_a_number_and_no_email():
    assert values("447700900123@wap.example") == {(Kind.MSISDN, "447700900123")}


def test_an_account_is_found_by_the_operators_own_pattern():
    assert values("account=LTD-0001234;") == {(Kind.ACCOUNT, "LTD-0001234")}
    assert values(base64.b64encode(b"acct LTD-0001234").decode()) == {(Kind.ACCOUNT, "LTD-0001234")}
    assert values("xLTD-0001234") == values("LTD-00012345") == set()


def test_digits_between_letters_need_their_country_code():
    assert values("ea3d5caf83b3e7928e39f07700900123") == values("f7700900123a") == set()
    assert values("uid447700900123x") == {(Kind.MSISDN, "447700900123")}


def test_a_short_email_in_random_bytes_is_not_believed():
    assert values(base64.b64encode(b"\x93\xfew7@x.example\x01").decode()) == {(Kind.EMAIL, "w7@x.example")}
    assert values(base64.b64encode(b"\x93\xfe w7@x.ch\x01").decode()) == set()


def test_an_odd_count_of_digits_has_no_swapped_nibbles():
    assert values("4477000091032") == values("44770009103200") == set()
