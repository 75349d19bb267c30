"""A request and an answer say nothing of what they hold unless they are asked for it."""

from whosaw.probes.asking.wire import Answer, Request, busted, origin


def test_a_request_and_an_answer_show_no_content():
    request = Request("GET", "http://portal.example/bills/B-5001", (("Cookie", "sid=secret"),), b"body")
    assert repr(request) == "Request(GET …)"
    assert "B-5001" not in repr(Answer(200, (), b"B-5001"))


def test_an_answer_that_is_kept_for_long_is_brief_and_knows_its_size():
    brief = Answer(200, (), b"x" * 100_000).brief().brief()
    assert (len(brief.body), brief.size) == (65_536, 100_000)


def test_text_follows_the_charset_and_an_unknown_one_is_no_error():
    assert Answer(200, (("Content-Type", "text/html; charset=latin-1"),), b"\xe4").text == "ä"
    assert Answer(200, (("Content-Type", "text/html; charset=nonsense"),), b"a\xff").text == "a\ufffd"


def test_an_origin_has_its_port_and_an_unreadable_address_none():
    assert origin("https://Portal.example/x") == ("https", "portal.example", 443)
    assert origin("http://[") == ("", "", 0)
    assert origin("http://a:99999999/") == ("", "", 0)


def test_an_unseen_address_is_a_new_one_each_time():
    request = Request("GET", "http://portal.example/a?b=1")
    assert busted(request).url.startswith("http://portal.example/a?b=1&_=")
    assert busted(request) != busted(request)
