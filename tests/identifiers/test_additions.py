"""Whatever arrived and was not sent was added; how much does it say of the customer?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.identifiers import Addition, HeaderClass, Weight, added, heaviest

SENT = (("Host", "a.example"), ("User-Agent", "phone"), ("Accept", "*/*"), ("Cookie", "a=1"))
NUMBER = "447700900123"


def names(*arrived):
    return [(one.place, one.name) for one in added(SENT, [*SENT, *arrived])]


def test_what_was_sent_is_no_addition_in_any_spelling_or_order():
    assert added(SENT, [(name.upper(), f" {value}") for name, value in reversed(SENT)]) == ()


def test_a_new_name_a_second_value_and_a_changed_one_are_additions():
    assert names(("X-MSISDN", NUMBER)) == [("header", "X-MSISDN")]
    assert names(("Accept", "*/*")) == [("header", "Accept")]
    assert [one.value for one in added(SENT, [("Host", "a.example"), ("User-Agent", "phone/SN123")])] == ["phone/SN123"]


def test_a_header_that_everybody_writes_as_they_like_is_none_unless_it_is_new():
    assert added(SENT, [("Host", "b.example")]) == ()
    assert names(("Cache-Control", "no-cache")) == [("header", "Cache-Control")]


def test_a_new_cookie_is_an_addition_of_its_own():
    assert [(one.place, one.name) for one in added(SENT, [("Cookie", "a=1; imsi=234150999999999")])] == [("cookie", "imsi")]
    assert [(one.place, one.name) for one in added((), [("Cookie", "b=2")])] == [("cookie", "b")]


@pytest.mark.parametrize(
    ("name", "value", "weight", "cls"),
    [
        ("X-MSISDN", NUMBER, Weight.IDENTITY, HeaderClass.MSISDN),
        ("X_Up_Calling_Line_ID", NUMBER, Weight.IDENTITY, HeaderClass.MSISDN),
        ("X-Brandnew-Msisdn", "x", Weight.IDENTITY, HeaderClass.MSISDN),
        ("X-Foo", NUMBER, Weight.PERHAPS, None),
        ("X-Foo", "NDQ3NzAwOTAwMTIz", Weight.PERHAPS, None),
        ("X-Foo", "ann@mail.example", Weight.PERHAPS, None),
        ("X-Foo", "a8F2kL09qWzX71mN", Weight.PERHAPS, None),
        ("X-Forwarded-For", "10.64.0.7", Weight.PLUMBING, HeaderClass.INTERNAL_IP),
        ("X-Forwarded-For", NUMBER, Weight.PERHAPS, HeaderClass.INTERNAL_IP),
        ("Cache-Control", "max-age=259200", Weight.PLUMBING, None),
        ("Via", "1.1 internal-gateway-12-b (squid/5.7)", Weight.PLUMBING, HeaderClass.INTERNAL_IP),
    ],
)
def test_an_addition_weighs_by_its_name_and_by_what_it_looks_like(name, value, weight, cls):
    one = Addition(name, value)
    assert (one.weight, one.cls) == (weight, cls)


def test_the_most_telling_one_counts():
    assert heaviest([Addition("Via", "1.1 a"), Addition("X-MSISDN", "1"), Addition("X-Foo", NUMBER)]) is Weight.IDENTITY
    assert heaviest([]) is Weight.PLUMBING


@pytest.mark.parametrize("value", [NUMBER, "+" + NUMBER, "NDQ3NzAwOTAwMTIz", "07700 900123", NUMBER.encode().hex()])
@pytest.mark.parametrize("name", ["X-MSISDN", "X-Foo", "X-" + NUMBER])
def test_nothing_that_is_shown_holds_the_value(name, value):
    one = Addition(name, value)
    assert value not in repr(one) + one.shown + one.masked
    assert NUMBER not in repr(one) + one.shown + one.masked


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=60)), max_size=8), st.text(max_size=60))
def test_comparing_never_fails_and_what_was_sent_is_never_an_addition(headers, value):
    assert added(headers, headers) == ()
    for one in added(headers, [*headers, ("X-MSISDN", value)]):
        assert isinstance(one.masked + one.shown + repr(one), str)
