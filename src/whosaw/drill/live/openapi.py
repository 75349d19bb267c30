"""What do the applications say of themselves? An OpenAPI document each; the page that nobody should know of is in none of them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

Document = dict[str, Any]


class _Page(NamedTuple):
    method: str
    path: str
    summary: str
    public: bool = False
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()


_LOGIN = ("login", "password")

_PORTAL = (
    _Page("get", "/", "start page", public=True),
    _Page("get", "/help", "help", public=True),
    _Page("get", "/help/{topic}", "help on a topic", public=True),
    _Page("post", "/login", "log in with a form", public=True, body=_LOGIN),
    _Page("post", "/logout", "log out"),
    _Page("post", "/password", "change the password", body=("old", "new")),
    _Page("post", "/api/v1/token", "log in with JSON", public=True, body=_LOGIN),
    _Page("post", "/api/v1/token/refresh", "renew a token", public=True, body=("refresh_token",)),
    _Page("get", "/me", "my account as a page"),
    _Page("get", "/api/v1/me", "my account"),
    _Page("get", "/me/phonebook", "the backup of my phonebook"),
    _Page("get", "/bills", "my bills"),
    _Page("get", "/bills/{bill}", "a bill with its calls"),
    _Page("get", "/api/v1/numbers/{msisdn}", "a line"),
    _Page("get", "/profiles/{account}", "a profile"),
    _Page("put", "/profiles/{account}", "change a profile", body=("email", "address", "note")),
    _Page("post", "/profiles/{account}", "change a profile with a form", body=("email", "address", "note")),
)

_BILLS = (
    _Page("post", "/login", "log in with a form", public=True, body=_LOGIN),
    _Page("post", "/logout", "log out"),
    _Page("post", "/api/token", "log in with JSON", public=True, body=_LOGIN),
    _Page("post", "/api/token/refresh", "renew a token", public=True, body=("refresh_token",)),
    _Page("get", "/company", "me and the companies I act for"),
    _Page("get", "/company/bills", "the bills I may see", query=("company",)),
    _Page("get", "/company/bills/{bill}", "a bill with its calls"),
    _Page("get", "/company/lines/{number}", "a line"),
    _Page("get", "/company/export", "the same bills with all calls, as CSV", query=("company",)),
    _Page("post", "/graphql", "query { bill(id) { bill account month calls } }", body=("query", "variables")),
)

_CRM = (
    _Page("post", "/login", "log in with a form", public=True, body=_LOGIN),
    _Page("post", "/logout", "log out"),
    _Page("post", "/api/token", "log in with JSON", public=True, body=_LOGIN),
    _Page("post", "/api/token/refresh", "renew a token", public=True, body=("refresh_token",)),
    _Page("get", "/agents/me", "me"),
    _Page("get", "/search", "find a customer; names are masked", query=("q",)),
    _Page("get", "/contacts", "my open contacts"),
    _Page("post", "/contacts/{contact}/verify", "the caller told the PIN", body=("pin",)),
    _Page("get", "/customers/{account}", "a customer", query=("reason",)),
    _Page("get", "/customers/{account}/calls", "a customer's calls", query=("reason",)),
)


def _document(title: str, pages: tuple[_Page, ...]) -> Document:
    paths: dict[str, dict[str, Any]] = {}
    for page in pages:
        paths.setdefault(page.path, {})[page.method] = _operation(page)
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {"securitySchemes": schemes},
        "security": [{"token": []}],
    }


def _operation(page: _Page) -> dict[str, Any]:
    text = {"type": "string"}
    places = [{"name": name, "in": "path", "required": True, "schema": text} for name in re.findall(r"\{(\w+)\}", page.path)]
    places += [{"name": name, "in": "query", "required": False, "schema": text} for name in page.query]
    found: dict[str, Any] = {"summary": page.summary, "parameters": places, "responses": {"default": {"description": "the answer"}}}
    if page.body:
        kind = "application/x-www-form-urlencoded" if "form" in page.summary else "application/json"
        fields = {name: {"type": "object"} if name == "variables" else text for name in page.body}
        found["requestBody"] = {"content": {kind: {"schema": {"type": "object", "properties": fields}}}}
    if page.public:
        found["security"] = []
    return found


PORTAL = _document("Self-care portal", _PORTAL)
BILLS = _document("Bill manager", _BILLS)
CRM = _document("Care system", _CRM)
