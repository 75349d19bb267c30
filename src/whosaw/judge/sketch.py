"""What would a configuration for these logs look like?

A sketch with everything that looking at them can tell, and the questions that are left.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from whosaw import readers
from whosaw.engine.inputs import Input
from whosaw.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whosaw.model import Guess, Layout

SAMPLE_LINES = 5_000
ROUTES_SHOWN = 12

_FACTS = ("recipient", "session", "customer", "object", "claim", "cache")

_HEAD = """\
# What whosaw may know about {name}. Every key is explained in docs/reference/settings.md.

[operator]
name = {name_text}
country = {country}
numbers = [{numbers}]
timezone = "UTC"   # for clocks that write no zone
"""

_TAIL = """
# --- whose is what -------------------------------------------------------------------------------------------------
# Which customer an object in an address belonged to, from when to when. Without it, such rows cannot be judged.
# [[owner]]
# object = "bill"
# file = "registry/bills.csv"
# columns = { object = "bill", customer = "account", since = "since", until = "until" }

# --- who may see whose data -----------------------------------------------------------------------------------------
# An absent rule means no. Bases: ownership, delegation, contact, ticket, portfolio, duty, partner, lawful_request, test_account.
# [[entitlement]]
# basis = "ownership"
# file = "registry/logins.csv"
# columns = { recipient = "login", customer = "account", since = "since", until = "until" }
"""


def sketch(logs: Sequence[Path], *, name: str, country: str, numbers: Sequence[str], home: Path) -> str:
    """Return the text of a configuration. It never holds a value of the logs, only names of fields and shapes of addresses.

    Raises `InputError` for a log whose format is not recognised.
    """
    quoted = ", ".join(json.dumps(n.lstrip("+")) for n in numbers)
    head = _HEAD.format(name=" ".join(name.split()), name_text=json.dumps(name), country=json.dumps(country.upper()), numbers=quoted)
    return head + "".join(_source(path, home) for path in logs) + _TAIL


def _source(path: Path, home: Path) -> str:
    log = Input(path)
    sample = log.sample(SAMPLE_LINES)
    guesses = readers.detect(sample)
    if not guesses:
        raise InputError(f"the format of `{path}` was not recognised", hint=f"formats are {', '.join(r.name for r in readers.READERS)}")
    guess = guesses[0]
    name = re.sub(r"\W+", "-", path.name.split(".")[0]).strip("-") or "log"
    shown = path.resolve().relative_to(home.resolve()) if path.resolve().is_relative_to(home.resolve()) else path.resolve()
    lines = [
        "",
        f"# {guess.seen}; confidence {guess.confidence:.0%}",
        "[[source]]",
        f"name = {json.dumps(name)}",
        f"files = [{json.dumps(str(shown))}]",
        f"format = {json.dumps(guess.reader)}",
        f"channel = {json.dumps(name)}",
        'vantage = "origin"   # client, proxy_in, proxy_out, origin or app: the first two prove no disclosure',
        f"recipient_kind = {json.dumps(_kind(guess))}   # customer_login, company_user, employee, site, ...",
        *_facts(guess.layout),
        *_routes(guess, sample),
    ]
    return "\n".join(lines) + "\n"


def _kind(guess: Guess) -> str:
    return {"crm": "employee", "squid": "site"}.get(guess.reader, "customer_login")


def _facts(layout: Layout) -> list[str]:
    known = [f"{fact} = {json.dumps(layout.roles[fact])}" for fact in _FACTS if fact in layout.roles]
    missing = [
        f'# {fact} = "..."   # not found; fields are {", ".join(layout.fields)}'
        for fact in ("recipient", "customer")
        if fact not in layout.roles
    ]
    return known + missing


def _routes(guess: Guess, sample: Sequence[bytes]) -> list[str]:
    """Return the commonest shapes of addresses, to be told what they show."""
    field = guess.layout.roles.get("uri")
    reader = readers.by_name(guess.reader)
    if field is None or reader is None:
        return []
    shapes: Counter[str] = Counter()
    for raw in sample:
        row = reader.careful(guess.layout, raw)
        if not isinstance(row, str) and row.get(field):
            shapes[_shape(row[field])] += 1
    out = []
    for shape, count in shapes.most_common(ROUTES_SHOWN):
        object_name = re.search(r"\{(\w+)\}", shape)
        out += ["", f"# {count:,} of {len(sample):,} sampled lines", "# [[source.route]]", f"# template = {json.dumps(shape)}"]
        out += ['# data = ["..."]   # number, identity, contact, account, bill, call_detail, location, device, content, credentials']
        out += (
            [f"# object = {json.dumps(object_name[1])}"]
            if object_name
            else ["# self = true   # if it shows whoever is logged in; public = true if nobody's data"]
        )
    return out


def _shape(uri: str) -> str:
    """Return an address without query, with every segment that may be an identifier named after the one before it."""
    path = re.sub(r"^[a-z]+://[^/]*", "", uri).split("?")[0].split("#")[0] or "/"
    parts = path.split("/")
    for i, part in enumerate(parts):
        if re.search(r"[0-9@%]", part):
            before = re.sub(r"\W", "", parts[i - 1]) if i and not parts[i - 1].startswith("{") else ""
            parts[i] = "{" + (before.removesuffix("s") or "id") + "}"
    return "/".join(parts)
