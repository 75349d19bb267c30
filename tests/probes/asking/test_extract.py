"""What stands at a place of an answer is taken, and placeholders are filled; what is not there is nothing, never an error."""

import pytest

from whosaw.probes.asking.extract import cookies, filled, filled_tree, holes, taken
from whosaw.probes.asking.wire import Answer

JSON = Answer(200, (("X-Token", "t1"), ("Set-Cookie", "sid=abc; Path=/"), ("Set-Cookie", "old=; Max-Age=0")), b'{"a": {"b": [1, "x"]}}')


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("json:$.a.b[1]", "x"),
        ("json:$.a.b[0]", "1"),
        ("json:$.nothing", ""),
        ("header:x-token", "t1"),
        ("cookie:sid", "abc"),
        ('regex:"b": (.)', "["),
        ("regex:(nope)", ""),
    ],
)
def test_what_stands_there_is_taken(how, value):
    assert taken(JSON, how) == value


def test_html_where_json_was_promised_is_nothing():
    assert taken(Answer(200, (), b"<html>"), "json:$.a") == ""


def test_a_cookie_that_is_taken_away_is_empty():
    assert cookies(JSON) == [("sid", "abc"), ("old", "")]


def test_only_placeholders_with_a_value_are_filled():
    assert filled("/a/{x}/{y}", {"x": "1"}) == "/a/1/{y}"
    assert holes("{x}{y}{x}") == ["x", "y"]


def test_a_text_that_is_nothing_but_a_placeholder_becomes_the_value_itself():
    assert filled_tree({"a": ["{x}"], "b": "is {y}", "c": 1}, {"x": ["1", "2"], "y": "z"}) == {"a": [["1", "2"]], "b": "is z", "c": 1}
