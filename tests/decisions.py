"""Operators of whom questions are asked, and the real service that answers: `whosaw edge decide` in a process of its own.

The operators of the interoperability events of OpenID AuthZEN are here as configuration and registry rows. Their people, rules and
expected answers are facts published in `openid/authzen` (MIT licence): `interop/authzen-todo-backend` (draft 02),
`interop/authzen-api-gateways`, `interop/authzen-search-demo`, `interop/authzen-idp`, and `certification/authorization-api-1_0-scenario.md`;
mail domains end in `.example` here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

PATIENCE = 30.0
SOURCE = Path(__file__).parents[1] / "src"


def relation(text):
    """A registry as a query over the rows of a table, one row a line, columns after the heading."""
    heading, *rows = [line.split() for line in text.strip().splitlines()]
    values = ", ".join("(" + ", ".join("'" + cell.replace("~", " ") + "'" for cell in row) + ")" for row in rows)
    names = ", ".join(f'"{name}"' for name in heading)
    return f"select * from (values {values}) as given({names})"


def entitlement(basis, data, query, members="", **more):
    return {"basis": basis, "data": data.split(), "query": query, **({"members": {"query": members}} if members else {})} | more


# --- the certification's two records ----------------------------------------------------------------------------------

CERTIFIED = {
    "decide": {
        "url": "https://decide.operator.example",
        "search": True,
        "recipient": [{"type": "user", "kind": "employee"}],
        "customer": [{"type": "record"}],
        "action": [
            {"name": "read", "data": ["identity"]},
            {"name": "write", "when": {"customer.status": "archived"}, "data": ["content"]},
            {"name": "write", "data": ["account"]},
            {"name": "delete", "when": {"action.soft": True}, "data": ["account"]},
        ],
    },
    "entitlement": [
        entitlement("ticket", "identity account", "select 'alice' as recipient, 'record-1' as customer"),
        entitlement("ticket", "identity", "select 'bob' as recipient, 'record-1' as customer"),
        entitlement("ticket", "account content", "select 'bob' as recipient, 'record-2' as customer"),
    ],
}

# --- the list of things to do -----------------------------------------------------------------------------------------

PEOPLE = {
    "rick": ("DA", "rick@the-citadel.example", ("admin", "evil_genius")),
    "morty": ("DE", "morty@the-citadel.example", ("editor",)),
    "summer": ("DI", "summer@the-smiths.example", ("editor",)),
    "beth": ("DM", "beth@the-smiths.example", ("viewer",)),
    "jerry": ("DQ", "jerry@the-smiths.example", ("viewer",)),
}


def mail(who):
    return PEOPLE[who][1]


def pid(who):
    return f"CiRmZ{PEOPLE[who][0]}2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs"


ROUTES = ("/users/{userId}", "/todos", "/todos/{todoId}")
_LOGINS = relation("login mail\n" + "\n".join(f"{login} {mail(who)}" for who in PEOPLE for login in (pid(who), mail(who))))
_ROLES = relation("mail role\n" + "\n".join(f"{mail(who)} {role}" for who, (_, _, roles) in PEOPLE.items() for role in roles))
_PAGES = relation(
    "group customer\n"
    + "\n".join(f"seen {customer}" for customer in ["todo-1", *map(mail, PEOPLE), *map(pid, PEOPLE)])
    + "".join(f"\nseen route~{route}" for route in ROUTES[:2])
    + "\nlists todo-1\nlists route~/todos\nitems route~/todos/{todoId}\n"
    + "\n".join(f"owners {mail(who)}" for who in PEOPLE)
)


def _roles(group, condition="true"):
    return f"select login as recipient, '{group}' as \"group\" from ({_LOGINS}) join ({_ROLES}) using (mail) where {condition}"


def _own(condition):
    return f"select login as recipient, mail as customer from ({_LOGINS}) join ({_ROLES}) using (mail) where {condition}"


_EDITS = "role in ('editor', 'admin', 'evil_genius')"  # the latter two are editors as well

TODO = {
    "decide": {
        "recipient": [{"type": "user", "kind": "customer_login"}, {"type": "identity", "kind": "customer_login"}],
        "customer": [
            {"type": "user"},
            {"type": "todo", "name": "{ownerID}"},
            {"type": "todo"},
            {"type": "route", "name": "route {id}"},
        ],
        "action": [
            {"name": "can_read_user", "data": ["identity"]},
            {"name": "can_read_todos", "data": ["account"]},
            {"name": "can_create_todo", "data": ["contact"]},
            {"name": "can_update_todo", "data": ["content"]},
            {"name": "can_delete_todo", "data": ["bill"]},
            {"name": "GET", "type": "route", "data": ["account"]},
            {"name": "POST", "type": "route", "data": ["contact"]},
            {"name": "PUT", "type": "route", "data": ["content"]},
            {"name": "DELETE", "type": "route", "data": ["bill"]},
        ],
    },
    "entitlement": [
        entitlement("portfolio", "identity account", _roles("seen"), _PAGES, reason="viewers see the shared list and its owners"),
        entitlement("portfolio", "contact", _roles("lists", _EDITS), _PAGES, reason="editors add to the list"),
        entitlement("portfolio", "content bill", _roles("items", _EDITS), _PAGES, reason="the gateway lets editors pass"),
        entitlement("ownership", "content bill", _own(_EDITS), reason="editors change and remove what is their own"),
        entitlement("portfolio", "content", _roles("owners", "role = 'evil_genius'"), _PAGES),
        entitlement("portfolio", "bill", _roles("owners", "role = 'admin'"), _PAGES),
    ],
}

# --- the records of six people ----------------------------------------------------------------------------------------

USERS = """
name role department
alice manager Sales
bob employee Legal
carol contractor Legal
dan manager Finance
erin employee Finance
felix contractor Accounting
"""
_DEPARTMENTS = "L L L A L A S L A S A L S A F L L A L A"
_OWNERS = ("alice", "bob", "carol", "dan", "erin", "felix")
_NAMES = {"L": "Legal", "A": "Accounting", "S": "Sales", "F": "Finance"}
RECORDS = "id department owner\n" + "\n".join(
    f"{number} {_NAMES[department]} {_OWNERS[i % 6]}"
    for i, (number, department) in enumerate(zip(range(101, 121), _DEPARTMENTS.split(), strict=True))
)
_USERS, _RECORDS = relation(USERS), relation(RECORDS)
_IN_DEPARTMENT = f'select department as "group", id as customer from ({_RECORDS})'
_OF_DEPARTMENT = f'select name as recipient, department as "group" from ({_USERS})'
_EVERYTHING = f"select 'all' as \"group\", id as customer from ({_RECORDS})"

SEARCHED = {
    "decide": {
        "search": True,
        "recipient": [{"type": "user", "kind": "employee"}],
        "customer": [{"type": "record"}],
        "action": [
            {"name": "view", "data": ["account"]},
            {"name": "edit", "data": ["contact"]},
            {"name": "delete", "data": ["content"]},
        ],
    },
    "entitlement": [
        entitlement("ownership", "", f"select owner as recipient, id as customer from ({_RECORDS})"),
        entitlement("portfolio", "account", _OF_DEPARTMENT, _IN_DEPARTMENT),
        entitlement(
            "portfolio", "account", f"select name as recipient, 'all' as \"group\" from ({_USERS}) where role = 'manager'", _EVERYTHING
        ),
        entitlement("delegation", "contact", f"{_OF_DEPARTMENT} where role = 'manager'", _IN_DEPARTMENT),
    ],
}

ALLOWED = """
101 abcd a a   102 abcd b b   103 abcd c c   104 adf d d   105 abcde e e   106 adf f f   107 ad a a   108 abcd b b   109 acdf c c
110 ad ad d    111 adef e e   112 abcdf f f  113 ad a a    114 abdf b b    115 acde cd c 116 abcd d d 117 abcde e e  118 adf f f
119 abcd a a   120 abdf b b
"""
"""Record, and the initials of who may view, edit and delete it, as published."""


def allowed():
    """Record -> action -> people, as published."""
    words = ALLOWED.split()
    names = {name[0]: name for name in _OWNERS}
    rows = [words[i : i + 4] for i in range(0, len(words), 4)]
    return {
        row[0]: {action: [names[i] for i in who] for action, who in zip(("view", "edit", "delete"), row[1:], strict=True)} for row in rows
    }


# --- the service ------------------------------------------------------------------------------------------------------


def configured(folder, settings, **more):
    """Write a configuration, and return its path."""
    lines = []

    def table(name, values, *, listed=False):
        lines.append(f"[[{name}]]" if listed else f"[{name}]")
        later = []
        for key, value in values.items():
            if isinstance(value, dict) and key not in {"columns", "when"}:
                later.append((key, value, False))
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                later += [(key, one, True) for one in value]
            else:
                lines.append(f"{key} = {_toml(value)}")
        for key, value, several in later:
            table(f"{name}.{key}", value, listed=several)

    for key, value in {**settings, **more}.items():
        for one in value if isinstance(value, list) else [value]:
            table(key, one, listed=isinstance(value, list))
    path = folder / "whosaw.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


class Service:
    """The running service, and one connection to it that is kept open."""

    def __init__(self, process, port, folder):
        self.process, self.port, self.folder = process, port, folder
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def ask(self, path, body=None, method="POST", **headers):
        """Send a question; return status, headers and the answer."""
        raw = body if isinstance(body, bytes | str | None) else json.dumps(body)
        raw = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
        headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, raw, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.status, answer.headers, json.loads(text) if is_json else text

    def decisions(self, *asked):
        """The decision of each question."""
        return [self.ask("/access/v1/evaluation", one)[2]["decision"] for one in asked]

    def recorded(self, outcome):
        return [json.loads(line) for line in (self.folder / "out" / "decisions" / f"{outcome}.jsonl").read_text().splitlines()]

    def close(self):
        self._connection.close()

    def stop(self, number=signal.SIGTERM):
        """End it politely, and return how it ended."""
        self.close()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(folder, settings=None, environment=None, options=()):
    """Run the service over a folder for the length of a `with`; without settings, over the `whosaw.toml` that lies there."""
    path = configured(folder, settings) if settings else folder / "whosaw.toml"
    command = [
        sys.executable,
        "-m",
        "whosaw",
        "edge",
        "decide",
        str(path),
        "--listen",
        "127.0.0.1:0",
        "--dir",
        str(folder / "out"),
        *options,
    ]
    talk = folder / "talk"
    with talk.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, "PYTHONPATH": str(SOURCE), **(environment or {})}, start_new_session=True
        )
    service = None
    try:
        service = Service(process, _port(process, talk), folder)
        yield service
    finally:
        if service:
            service.close()
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


def _port(process, talk):
    end = time.monotonic() + PATIENCE
    while "answering at" not in (said := talk.read_text()):
        assert process.poll() is None, said
        assert time.monotonic() < end, said
        time.sleep(0.02)
    return int(said.partition("answering at ")[2].split()[0].rpartition(":")[2])


def asked(recipient, action, customer, **more):
    """A question as the standard writes it; parts are (type, id) or (type, id, properties)."""

    def part(kind, name=None, properties=None):
        found = {"type": kind} | ({"id": name} if name is not None else {})
        return found | ({"properties": properties} if properties else {})

    return {"subject": part(*recipient), "action": {"name": action}, "resource": part(*customer)} | more
