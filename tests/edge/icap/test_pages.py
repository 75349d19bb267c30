"""A page that shows another customer than the session's own is told from one that does not, and from one that could not be looked at."""

import gzip
import zlib

import pytest

from policies import GROUND, loaded
from whosaw.edge.icap import pages
from whosaw.edge.policy import Page
from whosaw.errors import ConfigError
from whosaw.identifiers import profile

ASKED = b"GET /account/bills HTTP/1.1\r\nHost: my.example\r\nX-Session-Customer: A-1\r\nCookie: lang=en; who=A-1\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n%s\r\n"
OURS = profile("GB", ["4477009"])


def rule(owners=None, **changed):
    page = {"route": "/account", "shown": r"regex:Account (A-\d+)", "own": "request:X-Session-Customer", "mode": "block", **changed}
    return pages.Rule(Page(**page), owners, OURS)


@pytest.mark.parametrize(
    ("body", "outcome", "block"),
    [
        (b"<h1>Account A-1</h1>", "own", False),
        (b"<h1>Account A-2</h1>", "foreign", True),
        (b"<h1>Account A-1</h1><p>Account A-2</p>", "foreign", True),
        (b"<h1>Help</h1>", "unknown", False),
    ],
)
def test_whose_data_a_page_shows(body, outcome, block):
    seen = rule().judge(ASKED, HEAD % b"", body)
    assert (seen.outcome, seen.block) == (outcome, block)


RAW = zlib.compress(b"Account A-2")[2:-4]


def test_of_a_page_that_is_too_long_the_beginning_may_tell():
    assert rule().judge(ASKED, HEAD % b"", b"Account A-2", whole=False).outcome == "foreign"
    assert rule().judge(ASKED, HEAD % b"", b"Account A-1", whole=False).outcome == "unseen"


@pytest.mark.parametrize(
    ("encoding", "body", "outcome"),
    [
        (b"gzip", gzip.compress(b"Account A-2"), "foreign"),
        (b"deflate", zlib.compress(b"Account A-2"), "foreign"),
        (b"deflate", RAW, "foreign"),
        (b"identity", b"Account A-2", "foreign"),
        (b"gzip", b"no gzip", "unseen"),
        (b"gzip", gzip.compress(b"Account A-1" * 9)[:-12], "unseen"),
        (b"br", b"\x8b\x05\x80Account", "unseen"),
    ],
)
def test_a_compressed_page_is_looked_into_or_said_to_be_unseen(encoding, body, outcome):
    assert rule().judge(ASKED, HEAD % b"Content-Encoding: %b\r\n" % encoding, body).outcome == outcome


def test_a_page_that_unpacks_to_no_end_is_looked_at_as_far_as_it_may_be():
    body = gzip.compress(b"Account A-2" + b" " * (32 << 20))
    assert len(body) < pages.MOST
    assert rule().judge(ASKED, HEAD % b"Content-Encoding: gzip\r\n", body).outcome == "foreign"
    assert rule().judge(ASKED, HEAD % b"Content-Encoding: gzip\r\n", gzip.compress(b" " * (32 << 20))).outcome == "unseen"


def test_without_a_session_nobody_can_say_whose_page_it_should_be():
    assert rule().judge(b"GET /account HTTP/1.1\r\n\r\n", HEAD % b"", b"Account A-2").outcome == "unknown"


def test_the_session_may_be_known_by_a_cookie():
    assert rule(own="cookie:who").judge(ASKED, HEAD % b"", b"Account A-2").outcome == "foreign"
    assert rule(own="cookie:else").judge(ASKED, HEAD % b"", b"Account A-2").outcome == "unknown"


@pytest.mark.parametrize(
    ("path", "body", "outcome"),
    [
        ("account", b'{"account": "A-1"}', "own"),
        ("account", b'{"account": "A-2"}', "foreign"),
        ("bills.*.account", b'{"bills": [{"account": "A-1"}, {"account": "A-2"}]}', "foreign"),
        ("*", b'{"a": "A-1", "b": true, "c": null}', "own"),
        ("account", b'{"other": 1}', "unknown"),
        ("account", b"", "unknown"),
        ("account", b'{"account": ', "unseen"),
    ],
)
def test_a_path_in_json_says_it(path, body, outcome):
    assert rule(shown=f"json:{path}").judge(ASKED, HEAD % b"", body).outcome == outcome


def test_own_numbers_are_met_in_any_wrapping():
    asked = ASKED.replace(b"A-1\r\n", b"07700 900123\r\n", 1)
    by_number = rule(shown="numbers")
    assert by_number.judge(asked, HEAD % b"", b"<a href='/u/NDQ3NzAwOTAwMTIz'>").outcome == "own"
    seen = by_number.judge(asked, HEAD % b"", b"call 0201234567 or +44 7700 900999")
    assert (seen.outcome, seen.shown, seen.numbers) == ("foreign", ("447700900999",), True)


def test_owners_say_whose_a_number_is():
    by_owner = rule(shown="numbers", owners={"447700900123": "A-1", "447700900999": "A-2"})
    assert by_owner.judge(ASKED, HEAD % b"", b"447700900123").outcome == "own"
    assert by_owner.judge(ASKED, HEAD % b"", b"447700900999").shown == ("A-2",)
    assert by_owner.judge(ASKED, HEAD % b"", b"447700900555").outcome == "unknown"


def test_a_header_says_it_without_the_page():
    by_header = rule(shown="response:X-Customer", own="response:X-Session-Customer")
    head = HEAD % b"X-Customer: A-2\r\nX-Session-Customer: A-1\r\n"
    assert by_header.looks(head) == "head"
    assert by_header.judge(ASKED, head, b"").outcome == "foreign"


@pytest.mark.parametrize(
    ("kind", "where"),
    [(b"text/html", "page"), (b"application/json; charset=utf-8", "page"), (b"application/pdf", "never"), (b"image/png", "still")],
)
def test_only_text_is_looked_into_and_bills_as_documents_are_said_to_be_unseen(kind, where):
    assert rule().looks(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n\r\n" % kind) == where
    assert rule().looks(b"HTTP/1.1 200 OK\r\n\r\n") == "page"


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/account", True),
        ("/account?x=http://y", True),
        ("http://my.example/account/", True),
        ("//account", True),
        ("/help/../account", True),
        ("/%61ccount", True),
        ("/help", False),
        ("http://my.example", False),
    ],
)
def test_a_rule_is_met_however_the_address_is_written(target, found):
    mine = rule()
    assert (pages.rule_for((mine,), f"GET {target} HTTP/1.1\r\n\r\n".encode(), HEAD % b"") is mine) is found


@pytest.mark.parametrize("head", [b"HTTP/1.1 302 Found\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n\r\n", b"HTTP/1.1\r\n\r\n", b""])
def test_a_response_that_shows_nothing_is_not_judged(head):
    assert pages.rule_for((rule(),), ASKED, head) is None


def test_a_policy_says_what_its_pages_show(tmp_path):
    (tmp_path / "owners.csv").write_text("object,customer\nB-1,A-1\n")
    page = '[[page]]\nroute = "/bill"\nshown = "regex:Bill (B-[0-9]+)"\nown = "cookie:who"\nowners = "owners.csv"\n'
    (found,) = pages.rules(loaded(tmp_path, ground=page + GROUND), None)
    assert found.judge(ASKED, HEAD % b"", b"Bill B-1").outcome == "own"


def test_what_a_page_needs_and_is_not_there_is_said(tmp_path):
    page = '[[page]]\nroute = "/"\nshown = "numbers"\nown = "cookie:who"\n'
    with pytest.raises(ConfigError, match="numbers"):
        pages.rules(loaded(tmp_path, ground=page + GROUND), None)
    with pytest.raises(ConfigError, match="owners"):
        pages.rules(loaded(tmp_path, ground=page + 'owners = "none.csv"\n' + GROUND), OURS)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ('shown = "xpath://b"', "shown"),
        ('shown = "json:"', "shown"),
        ('shown = "regex:("', "no pattern"),
        ('shown = "regex:a"', "0 groups"),
        ('shown = "numbers"\nown = "header:X"', "own"),
    ],
)
def test_a_page_that_makes_no_sense_names_its_key(tmp_path, line, match):
    more = "" if "own" in line.splitlines()[-1].split("=")[0].split() else 'own = "cookie:who"\n'
    with pytest.raises(ConfigError, match=match):
        loaded(tmp_path, ground=f'[[page]]\nroute = "/"\n{line}\n{more}' + GROUND)
