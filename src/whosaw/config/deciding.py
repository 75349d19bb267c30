"""What do those who ask before they show mean by their words? Their kinds of recipients, customers and actions, mapped to ours."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from whosaw.config.tables import Table
from whosaw.errors import ConfigError
from whosaw.model import DataClass, RecipientKind

ID = "id"
"""The placeholder of a name that stands for the identifier itself; every other one names a property that is sent along."""

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class AskedRecipient(Table, frozen=True, kw_only=True):
    """A type of those who want to see, and under which name registries know them."""

    type: str
    kind: RecipientKind
    name: str = "{id}"


class AskedCustomer(Table, frozen=True, kw_only=True):
    """A type of what is to be seen: a customer, or (with `object`) something an `[[owner]]` relation says the customer of."""

    type: str
    name: str = "{id}"
    object: str = ""


class AskedAction(Table, frozen=True, kw_only=True):
    """Which data classes an action shows, of things of a type and when some properties are so; the first that fits counts."""

    name: str
    type: str = ""
    when: dict[str, str | int | bool] = {}
    data: list[DataClass] = []


class Decide(Table, frozen=True, kw_only=True):
    """How `whosaw edge decide` understands what it is asked, and who may ask."""

    url: str = ""
    secret_file: str = ""
    secret_env: str = ""
    cert: str = ""
    key: str = ""
    source: str = ""
    header: str = "X-Recipient"
    search: bool = False
    page: int = 100
    recipient: list[AskedRecipient] = []
    customer: list[AskedCustomer] = []
    action: list[AskedAction] = []


def check_decide(decide: Decide, sources: list[str], objects: set[str]) -> None:
    """Check what is asked at the edge against the names of the sources and the objects that have owners. Raises `ConfigError`."""
    if decide.secret_file and decide.secret_env:
        raise ConfigError("`decide` has both `secret_file` and `secret_env`", hint="the secret stands in one place")
    if bool(decide.cert) != bool(decide.key):
        raise ConfigError("`decide` lacks `cert` or `key`", hint="https needs the PEM files of a certificate and of its key")
    if decide.source and decide.source not in sources:
        raise ConfigError(f"`decide.source` is `{decide.source}`, which is no source", hint=f"sources are {', '.join(sources)}")
    if not re.fullmatch(r"[A-Za-z0-9-]+", decide.header):
        raise ConfigError(f"`decide.header` is `{decide.header}`, expected letters, digits and -", hint='for example "X-Recipient"')
    if not 1 <= decide.page <= 10_000:
        raise ConfigError(f"`decide.page` is `{decide.page}`, expected 1 to 10000", hint="leave it out for its default")
    _check_url(decide.url)
    _check_names(decide, objects)
    _check_actions(decide.action)


def _check_names(decide: Decide, objects: set[str]) -> None:
    for i, asked in enumerate(decide.customer):
        if asked.object and asked.object not in objects:
            known = ", ".join(sorted(objects)) or "there is no [[owner]] at all"
            raise ConfigError(f"`decide.customer[{i}].object` is `{asked.object}`, which has no owners", hint=f"objects are {known}")
    names = [(f"recipient[{i}]", r.name) for i, r in enumerate(decide.recipient)]
    names += [(f"customer[{i}]", c.name) for i, c in enumerate(decide.customer)]
    for where, name in names:
        if not PLACEHOLDER.search(name):
            raise ConfigError(f"`decide.{where}.name` is `{name}`: the same for everybody", hint='write for example "{id}" or "route {id}"')


def _check_actions(actions: list[AskedAction]) -> None:
    for i, action in enumerate(actions):
        for key in action.when:
            if not re.fullmatch(r"(recipient|customer|action|context)\..+", key):
                raise ConfigError(
                    f"`decide.action[{i}].when` asks for `{key}`",
                    hint='write recipient., customer., action. or context. and the property: { "customer.status" = "archived" }',
                )


def _check_url(url: str) -> None:
    place = urlsplit(url)
    if url and (place.scheme != "https" or not place.hostname or place.query or place.fragment or url.endswith("/")):
        raise ConfigError(
            f"`decide.url` is `{url}`, expected https:// without a query and without a slash at the end",
            hint='the address under which others reach this service, for example "https://decide.operator.example"',
        )
