"""A mark is seen in any spelling and place, but not as a piece of a word, nor where the request itself carried it."""

import base64
import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.config.probing import Identity
from whosaw.probes.asking.marks import alike, self_pattern, sightings
from whosaw.probes.asking.wire import Answer, Request

ANN = Identity(name="ann", marker="A-1001", canaries=["canary-5f3a&'x1"])
ASKED = Request("GET", "http://portal.example/me")


def seen(body, request=ASKED, headers=()):
    return [(s.owner.name, s.place) for s in sightings(Answer(200, headers, body.encode()), request, (ANN,))]


@pytest.mark.parametrize(
    "body",
    [
        "x canary-5f3a&'x1 y",
        html.escape("canary-5f3a&'x1"),
        json.dumps({"a": "canary-5f3a&'x1"}),
        quote("canary-5f3a&'x1"),
        "CANARY-5F3A&'X1",
        "account A-1001.",
        base64.b64encode(b"{'k': \"canary-5f3a&'x1\"}").decode(),
        base64.b64encode(b"ab canary-5f3a&'x1 cd").decode(),
        b"xx canary-5f3a&'x1".hex(),
    ],
)
def test_a_mark_is_seen_in_any_spelling(body):
    assert seen(body) == [("ann", "body")]


@given(before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_a_canary_inside_base64_is_seen_at_any_alignment(before, after):
    assert seen(base64.b64encode(before + b"canary-5f3a&'x1" + after).decode()) == [("ann", "body")]


@pytest.mark.parametrize("body", ["account A-10012", "xA-1001", "A-1002", "", "canary-5f3a"])
def test_a_piece_of_a_word_is_no_mark(body):
    assert seen(body) == []


def test_a_mark_in_a_header_is_seen():
    assert seen("", headers=(("Location", "/accounts/A-1001"),)) == [("ann", "header:Location")]


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "http://portal.example/accounts/A-1001"),
        Request("GET", "http://portal.example/?q=A%2D1001"),
        Request("POST", "http://portal.example/", (), b'{"id": "A-1001"}'),
        Request("GET", "http://portal.example/", (("X-Account", "A-1001"),)),
    ],
)
def test_an_echo_of_what_was_asked_for_is_no_mark_and_a_canary_beside_it_is(request_):
    assert seen("no account A-1001", request_) == []
    assert seen("A-1001: canary-5f3a&'x1", request_) == [("ann", "body")]


def test_a_number_is_seen_however_its_digits_are_grouped():
    bob = Identity(name="bob", marker="+447700900123")
    for text in ("+44 7700 900123", "44-7700-900-123", "447700900123"):
        assert sightings(Answer(200, (), text.encode()), ASKED, (bob,)), text
    assert not sightings(Answer(200, (), b"9447700900123"), ASKED, (bob,))


def test_a_sighting_shows_nothing_of_the_mark():
    (sighting,) = sightings(Answer(200, (), b"A-1001"), ASKED, (ANN,))
    assert "1001" not in repr(sighting)


def test_whose_page_it_is_is_learned_from_two_pages():
    pattern = self_pattern([("<b>Hello</b> account: <i>A-1001</i> x", "A-1001"), ("<b>Good day</b> account: <i>A-22</i> y", "A-22")])
    import re

    assert re.search(pattern, "<b>Hi</b> account: <i>Z-9</i>")[1] == "Z-9"


def test_nothing_is_learned_where_the_same_stands_around_something_else_first():
    assert self_pattern([("x <i>today</i> and <i>A-1001</i>", "A-1001"), ("y <i>now</i> or <i>A-22</i>", "A-22")]) == ""


def test_another_account_is_written_like_ones_own_and_a_message_is_not():
    assert alike("A-1077", ["A-1", "B-22"])
    assert not alike("try again later", ["A-1"])


def test_nothing_is_learned_from_pages_that_have_nothing_in_common():
    assert self_pattern([("A-1001 is yours", "A-1001"), ("you are A-22", "A-22")]) == ""
    assert self_pattern([("<i>A-1001</i>", "A-1001")]) == ""
