"""Own numbers are read in every spelling, and nothing else is."""

from __future__ import annotations

import random
import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import ConfigError
from whosaw.identifiers import normalise, profile, spellings
from whosaw.identifiers.numbers import any_iccid, any_imsi, imei, luhn, own_iccid, own_imsi

UK = profile("GB", ["4477009"], networks=["23410"])
OWN = st.integers(0, 999).map(lambda n: f"447700900{n:03}")


@given(OWN)
def test_every_spelling_of_an_own_number_is_read_back(number):
    for text in spellings(number, UK):
        assert normalise(text, UK) == number


@pytest.mark.parametrize(
    "text",
    ["+44 7700 900123", "+44 (0)7700 900123", "(07700) 900 123", "07700-900-123", "0044 7700 900123", "tel:+447700900123", " 7700900123 "],
)
def test_separators_of_people_do_not_matter(text):
    assert normalise(text, UK) == "447700900123"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "44770090012",
        "4477009001234",
        "447701900123",
        "+07700900123",
        "07700900123x",
        "order 447700900123",
        "+15417700900123",
        "٤٤٧٧٠٠٩٠٠١٢٣",
    ],
)
def test_what_is_not_an_own_number_is_not_read(text):
    assert normalise(text, UK) is None


@given(st.text(alphabet="0123456789+ ()-", max_size=24))
def test_what_is_read_is_always_inside_the_own_ranges(text):
    number = normalise(text, UK)
    assert number is None or re.fullmatch("4477009[0-9]{5}", number)


def test_the_north_american_prefix_equals_its_country_code():
    us = profile("US", ["1202555"])
    assert spellings("12025550123", us) == ("12025550123", "+12025550123", "0012025550123", "2025550123")
    assert normalise("1 202-555-0123", us) == normalise("(202) 555-0123", us) == "12025550123"


def test_myanmar_numbers_have_several_lengths():
    mm = profile("MM", ["9597"])
    assert normalise("097912345", mm) is None
    assert normalise("09791234567", mm) == "959791234567"


def test_a_range_may_be_given_nationally_or_with_a_plus():
    assert profile("GB", ["07700 9"]).ranges == profile("GB", ["+44 7700 9"]).ranges == ("4477009",)


def test_the_country_may_be_left_to_the_ranges():
    assert normalise("07700900123", profile("", ["4477009"])) == "447700900123"


def test_without_country_and_ranges_nothing_is_read():
    assert normalise("447700900123", profile("", [])) is None


def test_without_ranges_the_numbering_plan_decides_as_phonenumbers_does():
    plan = profile("GB", [])
    draw = random.Random(7)  # noqa: S311 - the same numbers every time
    for _ in range(2000):
        local = f"{draw.choice(['7', '1', '2', '8', '3'])}{draw.randrange(10**9):09}"
        expected = phonenumbers.is_valid_number(phonenumbers.PhoneNumber(country_code=44, national_number=int(local)))
        assert plan.owns("44" + local) is expected, local


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("XX", []), "`XX`"),
        (("GB", ["7700"]), "`7700`"),
        (("GB", ["07700-"]), None),
        (("GB", ["44abc"]), "`44abc`"),
        (("GB", [], "LTD-["), "`LTD-[`"),
    ],
)
def test_a_wrong_setting_is_named_with_a_hint(arguments, expected):
    if expected is None:
        assert profile(*arguments).ranges == ("447700",)
        return
    with pytest.raises(ConfigError) as problem:
        profile(*arguments)
    assert expected in problem.value.message
    assert problem.value.hint


def test_narrow_ranges_tell_without_a_country_code_and_wide_ones_do_not():
    assert profile("GB", ["4477009"]).bare_tells
    assert not profile("GB", ["447702"]).bare_tells


@given(st.text(alphabet="0123456789", min_size=1, max_size=19), st.integers(1, 9))
def test_luhn_accepts_one_check_digit_and_no_changed_digit(digits, change):
    check = next(c for c in "0123456789" if luhn(digits + c))
    assert sum(luhn(digits + c) for c in "0123456789") == 1
    assert not luhn(f"{(int(digits[0]) + change) % 10}{digits[1:]}{check}")


def test_an_imsi_belongs_to_an_own_network():
    assert own_imsi("234101234567890", UK)
    assert not own_imsi("234201234567890", UK)
    assert not own_imsi("23410123456789", UK)
    assert not own_imsi("234101234567890", profile("GB", []))
    assert any_imsi("502121234567890")
    assert not any_imsi("102121234567890")


def test_an_imei_needs_its_check_digit_and_its_software_version_is_the_same_handset():
    assert imei("490154203237518") == "490154203237518"
    assert imei("490154203237519") is None
    assert imei("4901542032375101") == "490154203237518"
    assert imei("49015420323751") is None


def test_an_iccid_needs_prefix_country_and_check_digit():
    number = next("8944100000000000001" + c for c in "0123456789" if luhn("8944100000000000001" + c))
    assert own_iccid(number, UK) == number
    assert own_iccid(number[:-1] + str((int(number[-1]) + 1) % 10), UK) is None
    assert own_iccid(number, profile("MM", [])) is None
    assert any_iccid(number) == number
