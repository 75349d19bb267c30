"""Reading operations come from an OpenAPI document with placeholders of own ids; what is strange in it is named and never an error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import selfcare
from whosaw.config import probing
from whosaw.errors import InputError
from whosaw.probes.asking.openapi import operations

TARGET = probing.parse(selfcare.document(selfcare.Portal(port=8080), bind={"customers": "account"}, fill={"month": "2026-01"}))


def read(tmp_path, document):
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    found, notes = operations(path, TARGET)
    return [op.name for op in found], notes


def of(paths, **more):
    return {"openapi": "3.1.0", "paths": paths, **more}


def parameter(name, place="path", **more):
    return {"name": name, "in": place, "required": True, **more}


@pytest.mark.parametrize(
    ("path", "parameters", "name"),
    [
        ("/bills/{bill}", [parameter("bill")], "GET /bills/{bill}"),
        ("/bills/{id}", [parameter("id")], "GET /bills/{bill}"),
        ("/bills/{billId}", [parameter("billId")], "GET /bills/{bill}"),
        ("/customers/{id}", [parameter("id")], "GET /customers/{account}"),
        ("/calls", [parameter("MSISDN", "query")], "GET /calls?MSISDN={msisdn}"),
        ("/calls", [parameter("month", "query")], "GET /calls?month={month}"),
        ("/calls", [parameter("kind", "query", schema={"enum": ["in", "out"]})], "GET /calls?kind=in"),
        ("/calls", [{"name": "page", "in": "query"}], "GET /calls"),
        ("/calls", [{"name": "account", "in": "query"}], "GET /calls?account={account}"),
    ],
)
def test_a_parameter_takes_an_own_id_by_its_name_or_by_what_stands_before_it(tmp_path, path, parameters, name):
    assert read(tmp_path, of({path: {"get": {"parameters": parameters}}})) == ([name], [])


def test_an_example_is_never_taken_for_it_may_be_a_customers_id(tmp_path):
    found, notes = read(tmp_path, of({"/orders/{order}": {"get": {"parameters": [parameter("order", example="O-1")]}}}))
    assert found == []
    assert "needs `order`" in notes[0]


def test_writes_are_counted_and_not_asked(tmp_path):
    found, notes = read(tmp_path, of({"/a": {"get": {}, "post": {}, "delete": {}}}))
    assert found == ["GET /a"]
    assert "2 operations have a method that writes" in notes[0]


def test_references_within_the_document_are_followed_and_others_left_out(tmp_path):
    document = of(
        {
            "/bills/{bill}": {"parameters": [{"$ref": "#/components/parameters/bill"}], "get": {}},
            "/far": {"$ref": "https://elsewhere.example/x.json"},
            "/round": {"get": {"parameters": [{"$ref": "#/components/parameters/loop"}]}},
        },
        components={"parameters": {"bill": parameter("bill"), "loop": {"$ref": "#/components/parameters/loop"}}},
    )
    assert read(tmp_path, document)[0] == ["GET /bills/{bill}", "GET /round"]


def test_the_servers_path_comes_first(tmp_path):
    document = of({"/a": {"get": {}}}, servers=[{"url": "https://portal.example/api/v2"}])
    assert read(tmp_path, document)[0] == ["GET /api/v2/a"]


def test_unknown_parts_are_no_error(tmp_path):
    odd = {"/a": None, "/b": [], "/c": {"get": None, "x-odd": 1, "query": {}}, "/d/{x}": {"get": {"parameters": [None, {"name": 3}, 7]}}}
    found, notes = read(tmp_path, of(odd, webhooks=5, servers="none"))
    assert found == []
    assert "`{x}` that no parameter describes" in notes[0]


WORDS = st.sampled_from(["get", "parameters", "$ref", "name", "in", "schema", "enum"])
PLAIN = st.none() | st.booleans() | st.text(max_size=8)


@given(st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12))
def test_no_document_is_an_error(tmp_path_factory, item):
    read(tmp_path_factory.mktemp("odd"), of({"/bills/{bill}": item}))


@pytest.mark.parametrize("text", ["{", "[]", '{"swagger": "2.0", "paths": {}}', '{"openapi": "3.0.0"}'])
def test_what_is_no_openapi_3_is_named(tmp_path, text):
    path = tmp_path / "openapi.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="OpenAPI"):
        operations(path, TARGET)
