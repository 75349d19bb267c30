"""What is wrapped comes out again; opening is bounded and never raises."""

from __future__ import annotations

import base64
import secrets
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.identifiers import WRAPPINGS, unwrap_all
from whosaw.identifiers.wrappings import DEPTH, ROOM, layers

DIGITS = st.text(alphabet="0123456789", min_size=10, max_size=15)


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=lambda w: w.name)
@given(digits=DIGITS)
def test_what_was_wrapped_stands_in_the_open_or_comes_out(wrapping, digits):
    wrapped = wrapping.wrap(digits)
    assert digits in wrapped or any(digits in opened.text for opened in wrapping.unwrap(wrapped))


@pytest.mark.parametrize("outer", WRAPPINGS, ids=lambda w: w.name)
@pytest.mark.parametrize("inner", WRAPPINGS, ids=lambda w: w.name)
def test_two_wrappings_around_each_other_are_opened(outer, inner):
    text = outer.wrap(inner.wrap("447700900123"))
    assert any("447700900123" in opened for _, opened in unwrap_all(text))


def test_the_path_names_the_wrappings_outermost_first():
    text = quote(base64.b64encode(b"447700900123???").decode(), safe="")
    assert ("percent > base64", "447700900123???") in list(unwrap_all(text))


def test_base64_is_opened_wherever_its_token_begins():
    held = base64.b64encode(b"msisdn=447700900123;").decode().rstrip("=")
    for lead in ("", "/", "/a/", "swm_", "id-", "v1/ab/"):
        assert any("447700900123" in opened for _, opened in unwrap_all(f"{lead}{held}_x")), lead


def test_a_wrapped_line_end_does_not_cut_a_longer_number():
    text = base64.b64encode(b"4477009001234\n").decode()
    assert any("4477009001234\n" in opened for _, opened in unwrap_all(text))


@given(st.text())
def test_opening_never_raises_on_text(text):
    assert next(iter(unwrap_all(text))) == ("plain", text)
    assert len(list(unwrap_all(text))) >= 1


@given(st.binary())
def test_opening_never_raises_on_bytes_read_as_text(raw):
    for text in (raw.decode("latin-1"), raw.decode("utf-8", "surrogateescape")):
        assert list(unwrap_all(text))


@given(st.text(alphabet="%25340aAbZz09+/=-_.\\u{}\"'; eyJ", max_size=400))
def test_opening_never_raises_on_text_that_looks_wrapped(text):
    assert all(len(layer.path) <= DEPTH for layer in layers(text))


@pytest.mark.parametrize("seed", ["%25" * 20_000, "MTIz" * 20_000, "31" * 40_000, "\\u0031" * 10_000, "7700900123 " * 8_000, "a@" * 40_000])
def test_opening_is_bounded_in_size(seed):
    assert sum(len(text) for path, text in unwrap_all(seed) if path != "plain") <= max(ROOM, 4 * len(seed))


def test_opening_random_base64_is_bounded_in_size():
    text = base64.b64encode(secrets.token_bytes(60_000)).decode()
    assert sum(len(opened) for path, opened in unwrap_all(text) if path != "plain") <= max(ROOM, 4 * len(text))


def test_a_name_before_a_wrapped_value_reaches_into_it():
    inner = [layer for layer in layers("imei=" + base64.b64encode(b"490154203237518").decode()) if layer.path == ("base64",)]
    assert [layer.name_before(0) for layer in inner] == ["imei"]


def test_the_name_handed_in_is_the_last_resort():
    assert next(layers("490154203237518", "X-IMEI")).name_before(0) == "X-IMEI"
    assert next(layers('{"iccid": "8944"}', "X-IMEI")).name_before(11) == "iccid"
