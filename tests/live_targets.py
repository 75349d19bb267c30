"""Target files for the three applications of the live operator, made of what it says about itself in `operator.json`."""

import json
from pathlib import Path

FORM = {
    "steps": [{"path": "/login", "form": {"login": "{name}", "password": "{password}"}, "expect": [303]}],
    "logout": [{"path": "/logout", "follow": False}],
}
GRAPHQL = {
    "method": "POST",
    "path": "/graphql",
    "reads": True,
    "json": {"query": "query($id: ID!){ bill(id: $id) { bill account total calls } }", "variables": {"id": "{bill}"}},
}


def operator(folder):
    return json.loads((Path(folder) / "operator.json").read_text())


def identities(told, app):
    """The identities of an application, by name."""
    return {one["name"]: one for one in told["identities"] if one["app"] == app}


def identity(one, **more):
    return {
        "name": one["name"],
        "tenant": one["tenant"],
        "login": "form",
        "values": {"name": one["login"]},
        "secrets": {"password": f"env:{one['name'].upper()}_PASSWORD"},
        "marker": one["marker"],
        "canaries": list(one["canaries"].values()),
        "recipient": one["login"],
        "customer": one["account"],
        **more,
    }


def passwords(told):
    return {f"{one['name'].upper()}_PASSWORD": one["password"] for one in told["identities"]}


def portal(told, **more):
    """The self-care portal: two customers, and one whose former number is now the second one's."""
    people = identities(told, "portal")
    former = people["old"]["former_number"]
    numbers = {"ann": [people["ann"]["number"]], "bob": [people["bob"]["number"], former], "old": [people["old"]["number"]]}
    given = [identity(one, ids={"account": one["account"], "bill": one["bills"], "msisdn": numbers[name]}) for name, one in people.items()]
    given[-1]["former"] = {"msisdn": former}
    return {
        "name": "self-care portal",
        "url": told["urls"]["portal"],
        "self": "/me",
        "openapi": ["openapi-portal.json"],
        "log": ["logs/portal/access.log"],
        "public": ["/", "/help", "/help/{topic}", "/static/*", "/login", "/openapi.json"],
        "login": {"form": FORM},
        "identity": given,
        "write": [{"path": "/profiles/{account}", "json": {"note": "{nonce}"}, "read": "/profiles/{account}", "value": "json:$.note"}],
        **more,
    }


def bills(told, **more):
    """The Bill Manager: two employees of one company, its administrator, who may see them, and the one of another company."""
    people = identities(told, "bills")
    ids = {name: {"company": one["company"], "bill": one["bills"][:1], "number": one["number"]} for name, one in people.items()}
    ids["ada"] = {"company": people["ada"]["company"]}
    sees = {"ada": ["eva", "fay"]}
    given = [
        identity(one, ids={kind: held for kind, held in ids[name].items() if held}, sees=sees.get(name, []), kind="company_user")
        for name, one in people.items()
    ]
    return {
        "name": "bill manager",
        "url": told["urls"]["bills"],
        "channel": "bills",
        "self": "/company",
        "openapi": ["openapi-bills.json"],
        "public": ["/", "/login", "/openapi.json"],
        "login": {"form": FORM},
        "identity": given,
        "operation": [GRAPHQL, {"path": "/company/bills?company={company}"}, {"path": "/company/export?company={company}"}],
        **more,
    }


def crm(told, **more):
    """The care CRM: two agents, each with a reason to see one customer."""
    people = identities(told, "crm")
    customers = {one["account"]: one for one in told["identities"] if one["app"] == "portal"}
    given = [
        identity(
            one,
            kind="employee",
            ids={"account": one["account"], "reason": one["reason"]},
            canaries=list(customers[one["account"]]["canaries"].values()),
        )
        for one in people.values()
    ]
    return {
        "name": "care CRM",
        "url": told["urls"]["crm"],
        "channel": "crm",
        "self": "/agents/me",
        "openapi": ["openapi-crm.json"],
        "public": ["/", "/login", "/openapi.json"],
        "shared": ["/search"],
        "login": {"form": FORM},
        "identity": given,
        **more,
    }


def toml(value):
    """A value as TOML; a table is written inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def written(document, path):
    """Write a target file."""
    Path(path).write_text("".join(f"{key} = {toml(value)}\n" for key, value in document.items()))
    return path
