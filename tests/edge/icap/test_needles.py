"""What is looked for is what each wrapping makes of the number, and nothing that stands there by chance."""

import base64

import pytest

from whosaw.edge.icap.needles import find, may_carry, needles

KEYS = needles("447700900123")


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_base64_is_met_inside_whatever_stands_around(before):
    text = base64.b64encode(f"{before}07700900123{before}".encode())
    assert find(b"u=" + text, KEYS) == "base64"


def test_the_wrapping_is_said():
    assert find(b"%2B447700900123", KEYS) == "plain"
    assert find(b"%2534%2534%2537%2537%2530%2530%2539%2530%2530%2531%2532%2533", KEYS) == "percent > plain"
    assert find(b"343437373030393030313233", KEYS) == "hex-ascii"
    assert find(b"447700091032", KEYS) == "nibble-swapped"
    assert find(b"+44 (0)7700 900-123", KEYS) == "plain"


def test_another_number_is_not_found():
    assert not may_carry(b"447700900124 NDQ3NzAwOTAwMTI0 343437373030393030313234", KEYS)


def test_a_short_number_is_not_met_by_chance_inside_another():
    keys = needles("3547700123")
    for text in (b"m=7700123", b"m=07700123", b"m=3547700123", b"m=+354 770-0123", b"order=13547700123", base64.b64encode(b"u=7700123")):
        assert find(text, keys), text
        assert may_carry(text, keys), text
    for text in (b"order=977001239", b"ean=5770012300017", b"t=1326184577001"):
        assert not find(text, keys), text


def test_a_number_that_no_country_has_is_looked_for_whole():
    assert needles("0000001").digits == b"0000001"
