"""Whatever the wrapping and the place, the customer's own number does not leave; what only looks like it does."""

import contextlib
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import ACCEPTED, PARTNERS, PINNED, loaded
from whosaw.edge.icap.requests import LONGEST_KNOWN, OddError, Rules
from whosaw.identifiers import WRAPPINGS, catalogue

NOW = datetime(2026, 1, 15, tzinfo=UTC)
NUMBER = "447700900123"
SPELLINGS = (NUMBER, "+" + NUMBER, "00" + NUMBER, "07700900123", "7700900123")


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    return Rules(loaded(tmp_path_factory.mktemp("policy")), NOW)


def request(*headers, target="/", host="news.example"):
    lines = [f"GET http://{host}{target} HTTP/1.1", f"Host: {host}", "User-Agent: phone", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


PLACES = {
    "header": lambda text: request(f"X-Foo: {text}"),
    "known header": lambda text: request(f"Referer: http://m.example/?u={text}"),
    "cookie": lambda text: request(f"Cookie: lang=en; u={text}; seen=1"),
    "query": lambda text: request(target=f"/read?id=4711&u={text}"),
    "path": lambda text: request(target=f"/u/{text}/home"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=lambda wrapping: wrapping.name)
def test_the_own_number_does_not_leave_in_any_wrapping_at_any_place(rules, wrapping, place):
    for spelled in SPELLINGS:
        text = wrapping.wrap(spelled)
        if place != "header":  # what stands there cannot hold these signs as they are
            text = text.replace(" ", "%20").replace(";", "%3B").replace("&", "%26").replace('"', "%22").replace(",", "%2C")
        if wrapping.name == "nibble-swapped" and spelled != NUMBER:
            continue  # TBCD carries E.164 alone
        outcome = rules.judge(PLACES[place](text), NUMBER)
        assert outcome.stopped, (spelled, text)
        assert outcome.stopped[0].own
        if place == "path":
            assert outcome.refused
        else:
            assert text.encode() not in outcome.head
            assert rules.judge(outcome.head, NUMBER).stopped == ()


def decoys(seed, count):
    """Order numbers, times, cookies of digits, EANs, IMEI-like numbers and tokens: not one of them is the customer's."""
    chance = random.Random(seed)  # noqa: S311 - decoys
    digits = lambda n: "".join(chance.choices("0123456789", k=n))  # noqa: E731
    for _ in range(count):
        token = chance.randbytes(24).hex()
        cookies = f"Cookie: _ga=GA1.2.{digits(10)}.{digits(10)}; order={digits(chance.randint(10, 15))}; ean={digits(13)}; sid={token}"
        yield request(
            cookies, f"X-Trace: {digits(15)}", f"If-None-Match: {digits(12)}", target=f"/p/{digits(10)}?t=13{digits(11)}&o={digits(12)}"
        )


def test_what_only_looks_like_a_number_leaves(rules):
    wrong = [head for head in decoys(2012, 5_000) if rules.judge(head, NUMBER).stopped]
    assert wrong == []


@pytest.mark.parametrize("name", [entry.name.replace("*", "GSM") for entry in catalogue().headers if entry.place == "header"])
def test_no_listed_name_leaves_in_any_spelling(rules, name):
    for spelled in (name, name.upper(), name.lower(), name.replace("-", "_")):
        outcome = rules.judge(request(f"{spelled}: 1"), "")
        assert outcome.head == request()


@pytest.mark.parametrize("name", ["X-Brandnew-Msisdn", "Our.Subno", "x_operator_imsi", "X-Our-DeviceId"])
def test_an_unlisted_name_that_ends_like_a_listed_one_does_not_leave(rules, name):
    assert rules.judge(request(f"{name}: 5"), "").head == request()


@pytest.mark.parametrize("name", ["X-Wap-Profile", "X-Requested-With", "Accept", "Cookie", "X-Foo"])
def test_innocent_names_leave(rules, name):
    assert rules.judge(request(f"{name}: 5"), NUMBER).head is None


def test_a_listed_cookie_is_cut_out_and_the_others_stay(rules):
    outcome = rules.judge(request("Cookie: lang=en; imsi=5; seen=1"), "")
    assert outcome.head == request("Cookie: lang=en; seen=1")
    assert rules.judge(request("Cookie: imsi=5"), "").head == request()


def test_a_partner_may_be_sent_the_number_that_he_may_be_told(rules):
    outcome = rules.judge(request(target=f"/?m={NUMBER}", host="music.example"), NUMBER)
    assert (outcome.head, outcome.told, outcome.site) == (None, True, "music.example")
    assert rules.judge(request("X-MSISDN: 1", host="music.example"), NUMBER).head == request(host="music.example")


def test_a_partner_whose_agreement_has_ended_is_a_stranger(tmp_path):
    ended = PARTNERS.replace('agreement = "A-1"', 'agreement = "A-1"\nuntil = 2026-01-01T00:00:00Z')
    rules = Rules(loaded(tmp_path, ended), NOW)
    assert rules.judge(request(target=f"/?m={NUMBER}", host="music.example"), NUMBER).stopped


def test_somebody_elses_number_is_not_the_customers(rules):
    assert rules.judge(request("X-Foo: 447700900999"), NUMBER).head is None


GROUPED = (
    "?m=%2B44%207700%20900123",
    "?m=%2B44+7700+900123",
    "?m=07700/900123",
    "?m=(07700)%20900-123",
    "?m=07700%C2%A0900123",
    "?447700900123=1",
    "?a=1;m=447700900123",
)


@pytest.mark.parametrize("query", GROUPED)
def test_the_own_number_does_not_leave_however_it_is_grouped(rules, query):
    assert rules.judge(request(target=f"/read{query}&page=2"), NUMBER).head == request(target="/read?page=2")


@pytest.mark.parametrize("name", [f"X-{NUMBER}", "X-NDQ3NzAwOTAwMTIz"])
def test_a_name_may_be_the_number(rules, name):
    outcome = rules.judge(request(f"{name}: 1"), NUMBER)
    assert outcome.head == request()
    assert NUMBER not in outcome.stopped[0].place


@pytest.mark.parametrize(
    ("head", "place"),
    [
        (f"GET / HTTP/1.1\r\nHost: u{NUMBER}.example\r\n\r\n", "header:Host"),
        (f"GET http://u{NUMBER}.example/ HTTP/1.1\r\n\r\n", "url:path"),
        (f"GET http://{NUMBER}@news.example/ HTTP/1.1\r\n\r\n", "url:path"),
        (f"CONNECT u{NUMBER}.example:443 HTTP/1.1\r\n\r\n", "url:path"),
        (f"X{NUMBER} http://news.example/ HTTP/1.1\r\n\r\n", "method"),
        (f"POST http://news.example/ HTTP/1.1\r\nContent-Length: {NUMBER}\r\n\r\n", "header:Content-Length"),
    ],
)
def test_where_a_request_cannot_be_without_it_the_request_does_not_leave(rules, head, place):
    outcome = rules.judge(head.encode(), NUMBER)
    assert outcome.refused
    assert [one.place for one in outcome.stopped] == [place]
    assert NUMBER[2:] not in outcome.site


@pytest.mark.parametrize("name", ["X.MSISDN", "HTTP_X_MSISDN", "x_up-calling.line_id"])
def test_a_listed_name_is_known_in_every_way_that_applications_fold_it(rules, name):
    assert rules.judge(request(f"{name}: 5"), "").head == request()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (f"http://music.example/?m={NUMBER}", True),
        (f"http://music.example:80/?m={NUMBER}", True),
        (f"/r?u=http://news.example/&m={NUMBER}", True),
        (f"http://music.example:8080/?m={NUMBER}", False),
        (f"http://music.example@news.example/?m={NUMBER}", False),
        (f"http://bank.example/billing/?m={NUMBER}", False),
    ],
    ids=["partner", "port", "another address in its query", "another port", "a name before the host", "may be told a digest only"],
)
def test_a_partner_is_told_where_and_what_the_agreement_says(rules, target, told):
    head = f"GET {target} HTTP/1.1\r\nHost: music.example\r\n\r\n".encode()
    assert rules.judge(head, NUMBER).told is told


def test_below_the_path_of_an_agreement_a_way_up_is_none_of_it(tmp_path):
    rules = Rules(loaded(tmp_path, PARTNERS.replace('encoding = "sha256"\n', "")), NOW)
    assert rules.judge(request(target=f"/billing/x?m={NUMBER}", host="bank.example"), NUMBER).told
    for path in ("/news", "/billing/../news", "/billing/%2e%2e/news"):
        assert not rules.judge(request(target=f"{path}?m={NUMBER}", host="bank.example"), NUMBER).told


def test_where_traffic_is_intercepted_nobody_is_a_partner_by_his_name(tmp_path):
    rules = Rules(loaded(tmp_path, PINNED, head="intercepted = true\n" + ACCEPTED), NOW)
    assert not rules.judge(request(target=f"/?m={NUMBER}", host="music.example"), NUMBER).told


def test_in_quarantine_only_innocent_names_leave(tmp_path):
    rules = Rules(loaded(tmp_path, head='mode = "quarantine"\n' + ACCEPTED), NOW)
    assert rules.judge(request("X-Foo: 1", "Cookie: lang=en"), "").head == request("Cookie: lang=en")


def test_a_name_that_is_kept_leaves(tmp_path):
    rules = Rules(loaded(tmp_path, PARTNERS + '[strip]\nkeep = ["X-Request-Guid", "Via"]\n'), NOW)
    assert rules.judge(request("x-request-guid: 1", "Via: 1.1 a"), "").head is None


def test_lines_that_are_never_the_same_fill_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("whosaw.edge.icap.requests.MOST_KNOWN", 10)
    rules = Rules(loaded(tmp_path), NOW)
    for i in range(30):
        assert rules.judge(request(f"X-Foo: {i}", f"X-Long: {'a' * LONGEST_KNOWN}{i}", f"X-{'a' * 100}{i}: 1"), "").head is None
        assert len(rules._known) <= 10
    assert not any(len(line) > LONGEST_KNOWN for line in rules._known)
    assert rules._strips.cache_info().currsize < 10


def test_lines_that_may_leave_each_by_itself_may_not_together(rules):
    for _ in range(2):
        for name in ("Host", "host"):
            with pytest.raises(OddError):
                rules.judge(request(f"{name}: news.example"), "")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\nX-MSISDN: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nX-MSISDN: 1\r\n\r\n",
        b"GET http://evil.example\\@music.example/ HTTP/1.1\r\nX-MSISDN: 1\r\n\r\n",
        b"GET http://mu\tsic.example/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-MSISDN : 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Foo: 1\rX-MSISDN: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Foo: 1\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nX-MSISDN: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 1001 + b"\r\n",
    ],
)
def test_a_head_that_others_may_read_otherwise_does_not_leave(rules, head):
    with pytest.raises(OddError):
        rules.judge(head, NUMBER)


@settings(max_examples=300)
@given(st.binary(max_size=400), st.integers(0, 3))
def test_no_head_is_too_odd_for_an_answer(rules, noise, at):
    usual = request("X-Foo: 1", "Cookie: a=b").split(b"\r\n")
    head = b"\r\n".join([*usual[:at], noise, *usual[at:]])
    with contextlib.suppress(OddError):
        rules.judge(head, NUMBER)
