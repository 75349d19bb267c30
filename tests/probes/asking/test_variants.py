"""A foreign id is put beside own ones, twice, and in lists; an operation with one id in its path has no further way."""

import selfcare
from whosaw.config import probing
from whosaw.config.probing import Declared
from whosaw.probes.asking.operations import declared
from whosaw.probes.asking.variants import in_headers, variants

TARGET = probing.parse(selfcare.document(selfcare.Portal(port=8080)))
OWN, FOREIGN = {"account": "A-1", "bill": "B-1"}, {"account": "A-2", "bill": "B-2"}


def ways(**op):
    return [
        (how, request.url.removeprefix(TARGET.url), request.body)
        for how, request in variants(declared(Declared(**op)), TARGET, OWN, FOREIGN)
    ]


def test_a_foreign_record_is_asked_for_below_an_own_account():
    assert ("the owner's bill beside own ids", "/accounts/A-1/bills/B-2", b"") in ways(path="/accounts/{account}/bills/{bill}")


def test_a_parameter_is_given_twice_in_both_orders_and_as_a_list():
    urls = [url for _, url, _ in ways(path="/search?account={account}&x=1")]
    assert urls == ["/search?account=A-1&account=A-2&x=1", "/search?account=A-2&account=A-1&x=1", "/search?account=A-1%2CA-2&x=1"]


def test_a_graphql_argument_becomes_a_list():
    (way,) = ways(method="POST", path="/graphql", json={"variables": {"id": "{bill}"}}, reads=True)
    assert way[2] == b'{"variables":{"id":["B-1","B-2"]}}'


def test_one_id_in_the_path_has_no_further_way():
    assert ways(path="/bills/{bill}") == []


def test_a_header_that_may_name_a_customer_is_tried_on_any_page():
    ((how, request),) = in_headers(declared(Declared(path="/number")), TARGET, {}, TARGET.named("bob"))
    assert request.headers == (("X-Number", "447700900102"),)
    assert "X-Number" in how
