"""What would an operator tell `whosaw probe` about these applications? A target file for each, and the passwords apart from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_Table = dict[str, Any]

PASSWORDS = "passwords"
_FORM: _Table = {
    "steps": [{"path": "/login", "form": {"login": "{name}", "password": "{password}"}, "expect": [303]}],
    "logout": [{"path": "/logout", "follow": False}],
}
_GRAPHQL: _Table = {
    "method": "POST",
    "path": "/graphql",
    "reads": True,
    "json": {"query": "query($id: ID!){ bill(id: $id) { bill account total calls } }", "variables": {"id": "{bill}"}},
}
_PROFILE: _Table = {"path": "/profiles/{account}", "json": {"note": "{nonce}"}, "read": "/profiles/{account}", "value": "json:$.note"}


def write_targets(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write a target file for each application, and each login's password into a file of its own that only its owner may read."""
    place = folder / PASSWORDS
    place.mkdir(mode=0o700)
    for one in facts["identities"]:
        (place / one["name"]).write_text(one["password"] + "\n", encoding="utf-8")
    for name, target in (("portal", portal), ("bills", bills), ("crm", crm)):
        (folder / f"probe-{name}.toml").write_text(text(target(facts)), encoding="utf-8")


def portal(facts: Mapping[str, Any]) -> _Table:
    """Return the target of the portal: two customers, and one whose former number is now the second one's."""
    people = _people(facts, "portal")
    numbers = {name: [one["number"]] for name, one in people.items()}
    former = people["old"]["former_number"]
    numbers["bob"].append(former)
    given = [_identity(one, ids={"account": one["account"], "bill": one["bills"], "msisdn": numbers[name]}) for name, one in people.items()]
    return {
        "name": "self-care portal",
        "url": facts["urls"]["portal"],
        "channel": "portal",
        "self": "/me",
        "openapi": ["openapi-portal.json"],
        "log": ["logs/portal/access.log"],
        "public": ["/", "/help", "/help/{topic}", "/static/*", "/login", "/openapi.json"],
        "login": {"form": _FORM},
        "identity": [one | ({"former": {"msisdn": former}} if one["name"] == "old" else {}) for one in given],
        "write": [_PROFILE],
    }


def bills(facts: Mapping[str, Any]) -> _Table:
    """Return the target of the Bill Manager: two employees of a company, its administrator, who may see them, and that of another."""
    given = []
    for name, one in _people(facts, "bills").items():
        ids = {"company": one["company"], "bill": one["bills"][:1], "number": one["number"]}
        kept = {"company": one["company"]} if name == "ada" else {kind: held for kind, held in ids.items() if held}
        given.append(_identity(one, kind="company_user", ids=kept, sees=["eva", "fay"] if name == "ada" else []))
    return {
        "name": "bill manager",
        "url": facts["urls"]["bills"],
        "channel": "bills",
        "self": "/company",
        "openapi": ["openapi-bills.json"],
        "public": ["/", "/login", "/openapi.json"],
        "login": {"form": _FORM},
        "identity": given,
        "operation": [_GRAPHQL],
    }


def crm(facts: Mapping[str, Any]) -> _Table:
    """Return the target of the care CRM: two agents, each with a reason to see one customer."""
    customers = {one["account"]: list(one["canaries"].values()) for one in _people(facts, "portal").values()}
    given = [
        _identity(one, kind="employee", ids={"account": one["account"], "reason": one["reason"]}, canaries=customers[one["account"]])
        for one in _people(facts, "crm").values()
    ]
    return {
        "name": "care CRM",
        "url": facts["urls"]["crm"],
        "channel": "crm",
        "self": "/agents/me",
        "openapi": ["openapi-crm.json"],
        "public": ["/", "/login", "/openapi.json"],
        "shared": ["/search"],
        "login": {"form": _FORM},
        "identity": given,
    }


def text(table: _Table) -> str:
    """Return a target as TOML: plain keys first, then its tables."""
    plain = [f"{key} = {_inline(value)}" for key, value in table.items() if not _is_tables(value)]
    return "\n".join([*plain, *(_tables(key, value) for key, value in table.items() if _is_tables(value))]) + "\n"


def _people(facts: Mapping[str, Any], app: str) -> dict[str, _Table]:
    return {one["name"]: one for one in facts["identities"] if one["app"] == app}


def _identity(one: _Table, **more: Any) -> _Table:  # noqa: ANN401 - values of a table
    return {
        "name": one["name"],
        "tenant": one["tenant"],
        "login": "form",
        "values": {"name": one["login"]},
        "secrets": {"password": f"file:{PASSWORDS}/{one['name']}"},
        "marker": one["marker"],
        "canaries": list(one["canaries"].values()),
        "recipient": one["login"],
        "customer": one["account"],
        **more,
    }


def _is_tables(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _tables(key: str, value: Any) -> str:  # noqa: ANN401 - whatever TOML holds
    if isinstance(value, dict):
        return "\n".join(f"\n[{key}.{name}]\n{_lines(inner)}" for name, inner in value.items())
    return "\n".join(f"\n[[{key}]]\n{_lines(inner)}" for inner in value)


def _lines(table: _Table) -> str:
    return "\n".join(f"{key} = {_inline(value)}" for key, value in table.items())


def _inline(value: Any) -> str:  # noqa: ANN401 - whatever TOML holds
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
