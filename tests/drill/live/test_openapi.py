import json
import re

from whosaw.drill.live.openapi import BILLS, CRM, PORTAL
from whosaw.drill.live.portal import Portal


def operations(document):
    return {(method.upper(), path) for path, item in document["paths"].items() for method in item}


def test_the_document_lists_every_page_but_the_one_nobody_should_know_of(parts):
    made = parts()
    routes = {(route.method, route.template) for route in Portal(made.store, made.faults, made.witness, made.clock).routes()}
    unlisted = routes - operations(PORTAL)
    assert operations(PORTAL) <= routes
    assert {path for _, path in unlisted} == {"/export/customers/{account}", "/static/portal.css", "/openapi.json", "/login"}


def test_every_placeholder_is_a_parameter():
    for document in (PORTAL, BILLS, CRM):
        for path, item in document["paths"].items():
            for operation in item.values():
                assert {p["name"] for p in operation["parameters"] if p["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
        json.dumps(document)


def test_what_needs_no_login_says_so():
    public = {path for path, item in PORTAL["paths"].items() for operation in item.values() if operation.get("security") == []}
    assert public == {"/", "/help", "/help/{topic}", "/login", "/api/v1/token", "/api/v1/token/refresh"}
