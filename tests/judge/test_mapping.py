"""Which part of a cut line says what?"""

import json

import pytest

from small_operator import case, counts, judged, line, operator, portal, read_counts
from whosaw import judge
from whosaw.errors import ConfigError
from whosaw.judge.work import opened

NGINX = '192.0.2.7 - - [10/Jan/2012:10:00:00 +0000] "{method} {uri} HTTP/1.1" {status} 512 "-" "x" "{cookie}" "{header}" "{cache}"'
FORM = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" '
    '"$http_cookie" "$http_x_msisdn" "$upstream_http_x_cache"'
)


def nginx(**parts):
    return NGINX.format(**{"method": "GET", "uri": "/home", "status": 200, "cookie": "-", "header": "-", "cache": "-"} | parts)


def rows(folder, lines, columns, **changes):
    """The wanted columns of the ledger's rows, in order of the lines."""
    operator(folder, lines)
    with opened(case(folder, {"source": [portal(**changes)]} if "source" not in changes else changes), write=True) as work:
        work.tasks, work.problems = judge.plan(work.case.config, folder)
        judge.read_all(work, lambda *_: None)
        work.ledger.open_in(work.engine)
        return work.engine.rows(f"select {columns} from disclosures_read order by source_line")


def keys(folder, domain, *texts):
    with opened(case(folder)) as work:
        return [work.engine.one("select pseudonym(?, ?)", [domain, text])[0] if text else None for text in texts]


# --- picks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pick", "parts", "expected"),
    [
        ("header:X-MSISDN", {"header": "447700900123"}, "447700900123"),
        ("response:X-Cache", {"cache": "HIT"}, "HIT"),
        ("cookie:sid", {"cookie": "a=1; sid=s1; b=2"}, "s1"),
        ("cookie:sid", {"cookie": "sid=s1"}, "s1"),
        ("cookie:sid", {"cookie": "xsid=s2"}, None),
        ("cookie:sid", {"cookie": "sid="}, None),
        ("query:user", {"uri": "/home?user=anna"}, "anna"),
        ("query:user", {"uri": "/home?a=1&user=ann%61&b=2#c"}, "anna"),
        ("query:user", {"uri": "/home?xuser=anna"}, None),
        ("query:user", {"uri": "/home?user=%ff"}, "%ff"),
        ("remote_addr", {}, "192.0.2.7"),
        ("=everyone", {}, "everyone"),
        (["cookie:none", "header:x-msisdn", "=nobody"], {"header": "4477"}, "4477"),
        (["cookie:none", "header:x-msisdn", "=nobody"], {}, "nobody"),
        (["query:u", "cookie:sid"], {"uri": "/home?u=", "cookie": "sid=s1"}, "s1"),
    ],
)
def test_a_pick_says_where_a_fact_stands_and_the_first_with_a_value_wins(tmp_path, pick, parts, expected):
    found = rows(tmp_path, [nginx(**parts)], "device", format="nginx", layout=FORM, recipient=[], session=[], customer="=A1", device=pick)
    assert [device for (device,) in found] == keys(tmp_path, "d", expected)


@pytest.mark.parametrize(
    ("pick", "said", "hinted"),
    [
        ("userid", "`source[0].device` names `userid`", "`remote_addr`"),
        ("header:x-nope", "`source[0].device` wants header `x-nope`", "`header:x-msisdn`"),
        ("response:age", "`source[0].device` wants response `age`", "`response:x-cache`"),
    ],
)
def test_a_pick_that_names_what_is_not_logged_is_a_config_error_that_lists_what_is(tmp_path, pick, said, hinted):
    with pytest.raises(ConfigError) as problem:
        rows(tmp_path, [nginx()], "device", format="nginx", layout=FORM, recipient=[], session=[], customer="=A1", device=pick)
    assert said in problem.value.message
    assert hinted in problem.value.hint


def test_a_cookie_is_wanted_of_a_log_without_cookies(tmp_path):
    with pytest.raises(ConfigError, match="wants cookie `sid`, which the log format does not record"):
        rows(tmp_path, [line("10:00", "anna")], "session", session="cookie:sid")


def test_escapes_of_the_log_are_undone_before_a_value_is_keyed(tmp_path):
    lines = [
        nginx(header="jos\\xC3\\xA9"),
        nginx(header="a\\x22b"),
        nginx(header="100%\\x41"),
        nginx(header="\\xFF"),
    ]
    found = rows(tmp_path, lines, "device", format="nginx", layout=FORM, recipient=[], session=[], customer="=A1", device="header:x-msisdn")
    assert [key for (key,) in found] == keys(tmp_path, "d", "josé", 'a"b', "100%A", "\\xFF")


def test_the_careful_path_keys_the_same_value_as_the_fast_one(tmp_path):
    csv = 'time,login,account,uri\n2012-01-10T10:00:00Z,"anna","A1","/home"\n"2012-01-10T10:00:00Z","anna","A1","/h\xe9"\n'
    found = rows(tmp_path, csv.encode("latin-1").decode("latin-1").split("\n")[:-1], "recipient, customer", format="csv", session=[])
    (tmp_path / "ledger").rename(tmp_path / "former")
    (tmp_path / "portal.log").write_bytes(csv.encode("latin-1"))
    with opened(case(tmp_path, {"source": [portal(format="csv", session=[])]}), write=True) as work:
        work.tasks, _ = judge.plan(work.case.config, tmp_path)
        judge.read_all(work, lambda *_: None)
        work.ledger.open_in(work.engine)
        odd = work.engine.rows("select recipient, customer from disclosures_read order by source_line")
    assert len(set(found)) == len(set(odd)) == 1
    assert len(odd) == 2


def test_fields_may_be_called_like_our_own_words_and_differ_only_in_case(tmp_path):
    entry = {"seen_at": "2012-01-10T10:00:00Z", "n": "anna", "N": "bert", "id": "A1", "uri": "/home", "status": 200, "seen": "x"}
    found = rows(
        tmp_path,
        [json.dumps(entry)],
        "recipient, customer, device",
        recipient="n",
        device="N",
        customer="id",
        session="seen",
        format="jsonl",
    )
    assert found == [(*keys(tmp_path, "r", "anna"), *keys(tmp_path, "c", "A1"), *keys(tmp_path, "d", "bert"))]


# --- routes ---------------------------------------------------------------------------------------------------------

ROUTES = [
    {"template": "/home", "data": ["account"], "self": True},
    {"template": "/help", "public": True},
    {"template": "/bill/{bill}", "data": ["bill"], "object": "bill"},
    {"template": "/c/{company}/bill/{bill}/*", "data": ["bill", "call_detail"], "object": "bill"},
    {"template": "/a.b/{x}", "data": ["device"]},
]


@pytest.mark.parametrize(
    ("uri", "template", "bill"),
    [
        ("/home", "/home", None),
        ("/home?x=1", "/home", None),
        ("/bill/B1", "/bill/{bill}", "B1"),
        ("/bill/B1?page=2", "/bill/{bill}", "B1"),
        ("https://portal.example/bill/B1#top", "/bill/{bill}", "B1"),
        ("/b%69ll/B1", "/bill/{bill}", "B1"),
        ("/bill/B%31", "/bill/{bill}", "B1"),
        ("/bill/B%2F1", "/bill/{bill}", "B/1"),
        ("/bill/%42%251", "/bill/{bill}", "B%1"),
        ("/c/Ltd/bill/B1/calls/all", "/c/{company}/bill/{bill}/*", "B1"),
        ("/a.b/1", "/a.b/{x}", None),
    ],
)
def test_an_address_belongs_to_the_template_it_fits(tmp_path, uri, template, bill):
    ((found, key),) = rows(tmp_path, [line("10:00", "anna", uri=uri)], "route, object", route=ROUTES)
    assert found == template
    assert key == keys(tmp_path, "o", f"bill:{bill}" if bill else None)[0]


@pytest.mark.parametrize(
    ("uri", "shape"),
    [
        ("/customer/447700900123/usage", "/customer/{id}/usage"),
        ("/customer/anna%40shop.example", "/customer/{id}"),
        ("/customer/jos%C3%A9", "/customer/{id}"),
        ("/t/abcdefghijklmnopqrstuvwxyzabcdef", "/t/{id}"),
        ("/bill/B1/extra", "/bill/{id}/extra"),
        ("/axb/1", "/axb/{id}"),
        ("/about/us.html", "/about/us.html"),
    ],
)
def test_an_unlisted_address_keeps_its_shape_and_no_identifier(tmp_path, uri, shape):
    assert rows(tmp_path, [line("10:00", "anna", uri=uri, account="A1")], "route", route=ROUTES) == [(shape,)]


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({"status": 200}, True),
        ({"status": 206}, True),
        ({"status": 304}, True),
        ({"status": None}, True),
        ({"status": 302}, False),
        ({"status": 403}, False),
        ({"status": 500}, False),
        ({"uri": "/help", "account": "A1"}, False),
        ({"uri": "/style.css"}, False),
        ({"uri": "/style.css", "account": "A1"}, True),
    ],
)
def test_only_an_answer_that_held_a_customers_data_is_a_disclosure(tmp_path, more, shown):
    operator(tmp_path, [line("10:00", "anna", **{"uri": "/home"} | more)])
    assert read_counts(judged(tmp_path, {"source": [portal(route=ROUTES)]})) == ((1, 1, 0, 0) if shown else (1, 0, 0, 1))


def test_the_data_shown_are_the_routes_or_else_the_sources(tmp_path):
    lines = [line("10:00", "anna", uri=uri, account="A1") for uri in ("/home", "/c/x/bill/B1/", "/other")]
    assert rows(tmp_path, lines, "data, self_route", route=ROUTES, data=["location"]) == [(8, True), (48, False), (64, False)]


def test_a_screen_is_a_route(tmp_path):
    lines = [line("10:00", "anna", uri=None, account="A1", screen=screen) for screen in ("usage", "other screen")]
    found = rows(tmp_path, lines, "route, data", screen="screen", route=[{"template": "usage", "data": ["call_detail"]}])
    assert found == [("usage", 32), ("other screen", 0)]


# --- recipients -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "login", "expected"),
    [
        ("customer_login", "anna", "customer_login"),
        ("customer_login", None, "anonymous"),
        ("company_user", None, "anonymous"),
        ("employee", "anna", "employee"),
        ("employee", None, "unknown"),
        ("unknown", "anna", "unknown"),
    ],
)
def test_who_is_not_named_is_anonymous_in_a_portal_and_unknown_elsewhere(tmp_path, kind, login, expected):
    assert rows(tmp_path, [line("10:00", login, account="A1")], "recipient_kind", recipient_kind=kind) == [(expected,)]


@pytest.mark.parametrize("login", ["-", ""])
def test_a_logs_sign_for_nobody_is_nobody(tmp_path, login):
    assert rows(tmp_path, [line("10:00", login, account="A1")], "recipient, recipient_kind") == [(None, "anonymous")]


@pytest.mark.parametrize(
    ("uri", "site"),
    [
        ("http://shop.example/x?y", "shop.example"),
        ("https://SHOP.example:8443/", "shop.example"),
        ("http://me:word@shop.example/", "shop.example"),
        ("http://shop.example./x", "shop.example"),
        ("shop.example:443", "shop.example"),
        ("http://[2001:db8::7]:8080/x", "[2001:db8::7]"),
        ("[2001:db8::7]:443", "[2001:db8::7]"),
        ("http://192.0.2.9/x", "192.0.2.9"),
        ("/only/a/path", None),
    ],
)
def test_a_site_is_the_host_of_the_address_or_of_a_tunnel(tmp_path, uri, site):
    found = rows(tmp_path, [line("10:00", uri=uri, account="A1")], "site, recipient", recipient_kind="site", recipient=[])
    assert found == [(site, *keys(tmp_path, "r", site))]


def test_the_named_host_is_a_site_without_its_port(tmp_path):
    entry = line("10:00", uri="/x", account="A1", host="Shop.example:8080")
    assert rows(tmp_path, [entry], "site", recipient_kind="site", recipient=[]) == [("shop.example",)]


def test_what_is_sent_to_a_site_is_shown_whatever_the_site_answers(tmp_path):
    lines = [line("10:00", uri="http://shop.example/", account="A1", status=status) for status in (200, 404, 500)]
    assert len(rows(tmp_path, lines, "id", recipient_kind="site", recipient=[])) == 3


# --- objects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", ["447700900123", "%2B447700900123", "00447700900123", "07700900123", "7700900123", "+44%207700%20900123"]
)
def test_each_spelling_of_a_number_in_an_address_is_the_same_object(tmp_path, number):
    operator(tmp_path, [line("10:00", "anna", uri=f"/number/{number}")], numbers_csv="number,account\n+44 7700 900123,A1\n")
    changes = {
        "operator": {"country": "GB"},
        "source": [portal(route=[{"template": "/number/{number}", "object": "number", "data": ["number"]}])],
        "owner": [{"object": "number", "file": "numbers.csv", "columns": {"object": "number", "customer": "account"}}],
    }
    assert counts(judged(tmp_path, changes)) == (1, 0, 0)


def test_an_object_may_be_named_by_a_field(tmp_path):
    lines = [line("10:00", "anna", uri="/x", obj="B1"), line("10:00", "anna", uri="/x")]
    operator(tmp_path, lines)
    result = judged(tmp_path, {"source": [portal(object="obj", object_type="bill")]})
    assert (read_counts(result), counts(result)) == ((2, 1, 0, 1), (1, 0, 0))


def test_numbers_and_periods_of_the_answer_are_kept_or_null(tmp_path):
    lines = [
        line("10:00", "anna", account="A1", count="3", start="2012-01-01", end="2012-01-31"),
        line("10:00", "anna", account="A1", count="many", start="x", end=None),
    ]
    found = rows(tmp_path, lines, "records, data_from::varchar, data_to::varchar", records="count", data_from="start", data_to="end")
    assert found == [(3, "2012-01-01 00:00:00", "2012-01-31 00:00:00"), (None, None, None)]


def test_the_vantage_says_whether_a_line_proves_that_data_were_shown(tmp_path):
    for vantage, expected in (
        ("client", (0, 0, 1)),
        ("proxy_in", (0, 0, 1)),
        ("proxy_out", (1, 0, 0)),
        ("origin", (1, 0, 0)),
        ("app", (1, 0, 0)),
    ):
        operator(tmp_path, [line("10:00", "anna", account="A1")])
        assert counts(judged(tmp_path, {"source": [portal(vantage=vantage)]}, ledger=vantage)) == expected
