"""A page that shows another customer than the session's own is told from one that does not."""

import gzip

import pytest

from whosaw.edge.icap import pages
from whosaw.edge.policy import Page

RULE = Page(route="/account", shown=r"regex:Account (A-\d+)", own="request:X-Session-Customer", mode="block")
ASKED = b"GET /account/bills HTTP/1.1\r\nHost: my.example\r\nX-Session-Customer: A-1\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n%s\r\n"


@pytest.mark.parametrize(
    ("body", "outcome", "block"),
    [
        (b"<h1>Account A-1</h1>", "own", False),
        (b"<h1>Account A-2</h1>", "foreign", True),
        (b"<h1>Account A-1</h1><p>Account A-2</p>", "foreign", True),
        (b"<h1>Help</h1>", "unknown", False),
        (None, "unseen", False),
    ],
)
def test_whose_data_a_page_shows(body, outcome, block):
    seen = pages.judge(RULE, ASKED, HEAD % b"", body)
    assert (seen.outcome, seen.block) == (outcome, block)


def test_a_compressed_page_is_looked_into():
    body = gzip.compress(b"<h1>Account A-2</h1>")
    assert pages.judge(RULE, ASKED, HEAD % b"Content-Encoding: gzip\r\n", body).outcome == "foreign"
    assert pages.judge(RULE, ASKED, HEAD % b"Content-Encoding: gzip\r\n", b"no gzip").outcome == "unknown"


def test_without_a_session_nobody_can_say_whose_page_it_should_be():
    assert pages.judge(RULE, b"GET /account HTTP/1.1\r\n\r\n", HEAD % b"", b"Account A-2").outcome == "unknown"


@pytest.mark.parametrize(
    ("asked", "head", "found"),
    [
        (ASKED, HEAD % b"", True),
        (b"GET http://my.example/account HTTP/1.1\r\n\r\n", HEAD % b"", True),
        (b"GET /help HTTP/1.1\r\n\r\n", HEAD % b"", False),
        (ASKED, b"HTTP/1.1 302 Found\r\n\r\n", False),
        (b"", b"", False),
    ],
)
def test_only_pages_with_a_rule_that_were_found_are_judged(asked, head, found):
    assert (pages.rule_for((RULE,), asked, head) is RULE) is found


def test_pictures_are_not_looked_into():
    assert pages.wants_body(RULE, HEAD % b"")
    assert not pages.wants_body(RULE, b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")


def test_a_header_says_it_without_the_page():
    rule = Page(route="/", shown="response:X-Customer", own="response:X-Session-Customer")
    head = HEAD % b"X-Customer: A-2\r\nX-Session-Customer: A-1\r\n"
    assert not pages.wants_body(rule, head)
    assert pages.judge(rule, ASKED, head, b"").outcome == "foreign"
