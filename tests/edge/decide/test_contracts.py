"""Is a request let through exactly when its recipient may see what its address selects, in the words of each proxy?"""

import pytest

from small_operator import portal
from whosaw.config import parse
from whosaw.edge.decide import contracts
from whosaw.edge.decide.contracts import source_of
from whosaw.edge.record import keyed
from whosaw.errors import ConfigError

ROUTES = [*portal()["route"], {"template": "/help/*", "public": True}]
PORTAL = {"source": [portal(route=ROUTES)]}


def nginx(service, address, who="anna", *more, method="GET"):
    headers = [(b"x-original-uri", address.encode()), *([(b"x-recipient", who.encode())] if who is not None else []), *more]
    return service.contracts.reply("/auth/nginx", "", method, headers)


def envoy(service, address, who="anna"):
    return service.contracts.reply("/auth/envoy" + address, address, "GET", [(b"x-recipient", who.encode())] if who else [])


def said(reply):
    headers = dict(reply.headers)
    return headers.get(b"x-decide-verdict", b"").decode(), headers.get(b"x-decide-reason", b"").decode()


@pytest.mark.parametrize(
    ("address", "who", "for_nginx", "for_envoy", "verdict"),
    [
        ("/bill/B1", "anna", 204, 200, "entitled"),
        ("/bill/B1?page=2", "anna", 204, 200, "entitled"),
        ("/bill/B%31", "anna", 204, 200, "entitled"),
        ("/bill/B2", "anna", 403, 403, "unentitled"),
        ("/bill/B9", "anna", 403, 403, "cannot_judge"),
        ("/bill/B1", "", 401, 401, "cannot_judge"),
        ("/bill/B1/../B2", "anna", 403, 403, "cannot_judge"),
        ("/home", "anna", 403, 403, "cannot_judge"),
        ("/unlisted", "anna", 403, 403, "cannot_judge"),
        ("/help/how", "", 204, 200, "public"),
    ],
)
def test_only_what_is_known_to_be_entitled_goes_on(answering, address, who, for_nginx, for_envoy, verdict):
    service = answering(PORTAL)
    for reply, status in ((nginx(service, address, who), for_nginx), (envoy(service, address, who), for_envoy)):
        assert (reply.status, said(reply)[0], reply.body) == (status, verdict, b"")
        assert dict(reply.headers)[b"cache-control"] == b"no-store"


def test_a_yes_names_the_row_it_rests_on_and_a_no_says_why(answering):
    service = answering(PORTAL)
    assert said(nginx(service, "/bill/B1")) == ("entitled", "ownership, A, logins.csv:2")
    assert said(nginx(service, "/bill/B2")) == ("unentitled", "no entitlement covers it at that time")
    assert said(nginx(service, "/home")) == ("cannot_judge", contracts.NO_OBJECT)


@pytest.mark.parametrize(
    "more",
    [
        [(b"x-recipient", b"bert")],
        [(b"x-original-uri", b"/bill/B2")],
    ],
)
def test_what_is_said_twice_is_not_believed(answering, more):
    reply = nginx(answering(PORTAL), "/bill/B1", "anna", *more)
    assert (reply.status, said(reply)[0]) == (403, "cannot_judge")


def test_a_name_that_is_not_text_is_nobody(answering):
    service = answering(PORTAL)
    reply = service.contracts.reply("/auth/nginx", "", "GET", [(b"x-original-uri", b"/bill/B1"), (b"x-recipient", b"\xff")])
    assert (reply.status, said(reply)[0]) == (403, "unentitled")


def test_the_address_is_that_of_the_header_for_nginx_and_the_rest_of_the_path_for_envoy(answering):
    service = answering(PORTAL)
    headers = [(b"x-original-uri", b"/bill/B1"), (b"x-recipient", b"anna")]
    assert service.contracts.reply("/auth/nginx", "/bill/B2", "GET", headers).status == 204
    assert service.contracts.reply("/auth/envoy/bill/B2", "/bill/B2", "GET", headers).status == 403
    assert service.contracts.reply("/auth/other", "/bill/B1", "GET", headers).status == 404


def test_each_decision_is_recorded_by_the_page_not_by_its_address(answering):
    service = answering(PORTAL)
    nginx(service, "/bill/B1", method="POST")
    nginx(service, "/bill/B2")
    nginx(service, "/secret/B1")
    nginx(service, "/help/how")
    shown, stopped, unknown = service.recorded()
    names = service.standing.pseudonyms
    assert (shown["route"], shown["method"], shown["status"], shown["data"]) == ("/bill/{bill}", "POST", 204, "bill")
    assert shown["customer"] == keyed("c", names.key("c", "A1"))
    assert (stopped["status"], stopped["object"]) == (403, keyed("o", names.key("o", "bill:B2")))
    assert unknown["why"] == contracts.NOT_A_PAGE
    assert "route" not in unknown


@pytest.mark.parametrize(
    ("shown", "status"), [([b"a token of 20 signs."], 204), ([b"another"], 403), ([], 403), ([b"a token of 20 signs."] * 2, 403)]
)
def test_with_a_token_only_the_proxy_that_shows_it_is_answered(answering, monkeypatch, shown, status):
    monkeypatch.setenv("TOKEN", "a token of 20 signs.")
    service = answering(PORTAL | {"decide": {"secret_env": "TOKEN"}})
    assert nginx(service, "/bill/B1", "anna", *((b"x-decide-token", one) for one in shown)).status == status


def test_the_recipient_may_stand_in_a_header_of_another_name(answering):
    service = answering(PORTAL | {"decide": {"header": "X-Remote-User"}})
    headers = [(b"x-original-uri", b"/bill/B1"), (b"x-remote-user", b"anna")]
    assert service.contracts.reply("/auth/nginx", "", "GET", headers).status == 204
    assert nginx(service, "/bill/B1").status == 401


def test_a_proxy_stands_before_the_only_source_with_routes_or_the_named_one():
    one, two, none = portal(), portal(name="care"), portal(name="gateway", route=[])
    assert source_of(parse({"source": [one, none]})).name == "portal"
    assert source_of(parse({"source": [one, two]})) is None
    assert source_of(parse({"source": [one, two], "decide": {"source": "care"}})).name == "care"
    with pytest.raises(ConfigError, match="has no routes"):
        source_of(parse({"source": [one, none], "decide": {"source": "gateway"}}))
