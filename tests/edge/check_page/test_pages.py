"""Is every page free of cookies, foreign parts and marks of whoever sent the request?"""

from whosaw.edge.check_page import pages
from whosaw.edge.check_page.answer import Answer, Verdict
from whosaw.identifiers import Addition, HeaderClass

HOSTILE = "<script>alert(1)</script>"


def test_a_header_that_is_hostile_is_only_text():
    found = Answer(Verdict.PERHAPS, (Addition(f"X-{HOSTILE}", HOSTILE),), ())
    body = pages.result("Operator & Sons", found, "/r/n", "http://check.example/").body.decode()
    assert "<script>alert" not in body
    assert "Operator &amp; Sons" in body


def test_no_page_may_load_anything_foreign_or_be_kept():
    page = pages.compare("", "https://check.example/s/n", "https://check.example/p", "/r/n")
    headers = dict(page.headers)
    assert headers["Cache-Control"].startswith("no-store")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "connect-src https://check.example;" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers
    assert "Strict-Transport-Security" not in headers


def test_each_class_and_each_verdict_has_its_words():
    assert set(pages.HEADLINES) == set(Verdict)
    assert set(pages._CARRIES) == set(HeaderClass)
    assert pages.carries(Addition("X-MSISDN", "1")) == "your phone number"
    assert pages.carries(Addition("X-New-Msisdn", "1")) == "your phone number, by its name"
    assert pages.carries(Addition("X-Foo", "447700900123")).startswith("unknown; it looks like")


def test_style_and_script_are_served():
    assert b"prefers-color-scheme" in pages.asset("page.css").body
    assert b"location.replace" in pages.asset("page.js").body
