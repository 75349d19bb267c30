"""What may a probe ask, as whom, and how much? The target file, checked once; errors name the key, and no secret stands in it."""

from __future__ import annotations

import re
import tomllib
from datetime import time
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import msgspec

from whosaw.config.tables import Table, named, seconds
from whosaw.errors import ConfigError
from whosaw.model import RecipientKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_PAGE = "docs/reference/probe.md"
_EXTRACT = re.compile(r"(?:json:\$.+|regex:.+|header:.+|cookie:.+)", re.DOTALL)
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_SHORTEST_CANARY = 8
_SHORTEST_MARKER = 3


class Step(Table, frozen=True, kw_only=True):
    """One request of a login: `{name}` stands for a value, a secret or what an earlier step took."""

    method: str = "POST"
    path: str
    form: dict[str, str] = {}
    json: Any = None
    headers: dict[str, str] = {}
    take: dict[str, str] = {}
    expect: list[int] = []
    follow: bool = True


class Oidc(Table, frozen=True, kw_only=True):
    """A token from an identity provider, by client credentials or by password."""

    token: str
    grant: Literal["client_credentials", "password"] = "client_credentials"
    client: str
    scope: str = ""


class Login(Table, frozen=True, kw_only=True):
    """How an identity gets in, stays in and leaves, and what it then sends with each request."""

    steps: list[Step] = []
    refresh: list[Step] = []
    logout: list[Step] = []
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    oidc: Oidc | None = None


class Identity(Table, frozen=True, kw_only=True):
    """A test account of our own: how it logs in, what only it may be shown, and which objects are its own."""

    name: str
    tenant: str = ""
    kind: RecipientKind = RecipientKind.CUSTOMER_LOGIN
    login: str = ""
    values: dict[str, str] = {}
    secrets: dict[str, str] = {}
    marker: str
    canaries: list[str] = []
    ids: dict[str, str | list[str]] = {}
    former: dict[str, str | list[str]] = {}
    sees: list[str] = []
    recipient: str = ""
    customer: str = ""

    def __repr__(self) -> str:
        """Say which identity, and nothing of its account."""
        return f"Identity(name={self.name!r}, tenant={self.tenant!r})"

    def own(self, kind: str) -> tuple[str, ...]:
        """Return the identity's own ids of a kind."""
        return _several(self.ids.get(kind, []))

    def once(self, kind: str) -> tuple[str, ...]:
        """Return the ids of a kind that were the identity's own and are somebody else's now."""
        return _several(self.former.get(kind, []))


class Declared(Table, frozen=True, kw_only=True):
    """An operation that no document lists: `{bill}` stands for an identity's own id, anywhere in it."""

    method: str = "GET"
    path: str
    headers: dict[str, str] = {}
    form: dict[str, str] = {}
    json: Any = None
    reads: bool = False


class Write(Table, frozen=True, kw_only=True):
    """A write on own test accounts: `{nonce}` is the fresh value, `read` the page that shows it, `value` where it stands there."""

    method: str = "PUT"
    path: str
    headers: dict[str, str] = {}
    form: dict[str, str] = {}
    json: Any = None
    read: str
    value: str
    keep: dict[str, str] = {}


class Budget(Table, frozen=True, kw_only=True):
    """How much may be asked, how fast and when."""

    rate: float = 60.0
    total: int = 20_000
    storm: int = 8
    hours: list[str] = []
    timezone: str = "UTC"
    timeout: str = "10s"
    wait: str = "30s"
    answer_bytes: int = 4_000_000

    def windows(self) -> tuple[tuple[time, time], ...]:
        """Return the allowed hours; none means always."""
        found = [_HOURS.fullmatch(text) for text in self.hours]
        return tuple((time(int(m[1]), int(m[2])), time(int(m[3]), int(m[4]))) for m in found if m)


class Amounts(Table, frozen=True, kw_only=True):
    """How much the checks do that are not done once per operation."""

    logins: int = 6
    concurrent: int = 1000
    lanes: int = 8
    aborts: float = 0.1
    enumeration: int = 30
    expiry: str = "1s"


class Target(Table, frozen=True, kw_only=True):
    """The target file, `probe.toml`."""

    url: str
    name: str = "the portal"
    channel: str = "portal"
    hosts: list[str] = []
    ca: str = ""
    self: str
    who: str = ""
    openapi: list[str] = []
    har: list[str] = []
    log: list[str] = []
    public: list[str] = []
    shared: list[str] = []
    bind: dict[str, str] = {}
    fill: dict[str, str] = {}
    absent: dict[str, str] = {}
    id_headers: dict[str, str] = {}
    login: dict[str, Login] = {}
    identity: list[Identity]
    operation: list[Declared] = []
    write: list[Write] = []
    budget: Budget = Budget()
    checks: Amounts = Amounts()

    def named(self, name: str) -> Identity:
        """Return the identity of this name, which is there."""
        return next(identity for identity in self.identity if identity.name == name)


TABLES: list[type[msgspec.Struct]] = [Step, Oidc, Login, Identity, Declared, Write, Budget, Amounts, Target]


def load(path: Path, environ: Mapping[str, str]) -> Target:
    """Return the checked target of a file, with what its `env:` and `file:` references stand for, except secrets. Raises `ConfigError`."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        why = str(getattr(problem, "strerror", None) or problem).lower()
        raise ConfigError(f"cannot read the target file `{path}`: {why}", hint=f"{_PAGE} shows a whole one") from problem
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"`{path}` is not TOML: {str(problem).lower()}", hint=f"{_PAGE} shows a whole one") from problem
    for i, identity in enumerate(each for each in data.get("identity", []) if isinstance(each, dict)):
        secrets = identity.get("secrets", {})
        for name, held in secrets.items() if isinstance(secrets, dict) else ():
            _check_reference(f"identity[{i}].secrets.{name}", held)
    return parse({key: _resolved(value, key, path.parent, environ) for key, value in data.items()})


def parse(data: dict[str, object]) -> Target:
    """Return the checked target of a parsed document."""
    try:
        target = msgspec.convert(data, Target)
    except msgspec.ValidationError as problem:
        raise named(str(problem), TABLES, _PAGE) from problem
    _check_address(target)
    names = [identity.name for identity in target.identity]
    if len(set(names)) < max(2, len(names)):
        raise ConfigError(
            f"`identity` names {len(set(names))} of {len(names)} apart, expected at least two identities with names of their own",
            hint="one customer's page proves nothing: add a second [[identity]]",
        )
    for i, identity in enumerate(target.identity):
        _check_identity(f"identity[{i}]", identity, target)
    for name, login in target.login.items():
        _check_login(f"login.{name}", login)
    for i, write in enumerate(target.write):
        _check_write(f"write[{i}]", write)
    _check_budget(target.budget)
    _check_amounts(target.checks)
    if target.who:
        _check_extract("who", target.who)
    return target


def secret(reference: str, folder: Path, environ: Mapping[str, str]) -> str:
    """Return what a reference such as `env:ANN_PASSWORD` or `file:ann.password` holds. Raises `ConfigError`, which never shows it."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        if name not in environ:
            raise ConfigError(f"the environment has no `{name}`", hint=f"set it, for example in the job's secrets: {name}=...")
        return environ[name]
    try:
        return (folder / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"cannot read the file `{name}` of `{reference}`", hint="put it beside the target file") from problem


def _resolved(value: Any, key: str, folder: Path, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever TOML holds
    """Return a value in which references are replaced, but not those of secrets: they are looked up when they are sent."""
    if isinstance(value, str):
        return secret(value, folder, environ) if re.match(r"(?:env|file):.", value) and key != "secrets" else value
    if isinstance(value, list):
        return [_resolved(item, key, folder, environ) for item in value]
    if isinstance(value, dict):
        return {name: _resolved(item, "secrets" if key == "secrets" else name, folder, environ) for name, item in value.items()}
    return value


def _check_reference(key: str, held: object) -> None:
    if not isinstance(held, str) or not re.fullmatch(r"(?:env|file):.+", held):
        raise ConfigError(
            f"`{key}` is written out, expected where it lies", hint='write "env:NAME" or "file:PATH": a target file is shared and kept'
        )


def _check_address(target: Target) -> None:
    parts = urlsplit(target.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"`url` is `{target.url}`, expected an address", hint='for example url = "https://test.portal.example"')
    for key, path in [("self", target.self), *((f"operation[{i}].path", op.path) for i, op in enumerate(target.operation))]:
        if not path.startswith("/"):
            raise ConfigError(f"`{key}` is `{path}`, expected a path", hint="begin it with /: it is below `url`")


def _check_identity(key: str, identity: Identity, target: Target) -> None:
    if len(identity.marker) < _SHORTEST_MARKER:
        raise ConfigError(f"`{key}.marker` is too short to tell accounts apart", hint="take what the self page shows of this account alone")
    if any(len(canary) < _SHORTEST_CANARY for canary in identity.canaries):
        raise ConfigError(
            f"`{key}.canaries` has one of fewer than {_SHORTEST_CANARY} signs",
            hint="a canary is a random word, so that no other page has it",
        )
    if identity.login and identity.login not in target.login:
        raise ConfigError(f"`{key}.login` is `{identity.login}`, which is not described", hint=f"add [login.{identity.login}]")
    unknown = next((name for name in identity.sees if name not in [other.name for other in target.identity]), None)
    if unknown is not None:
        raise ConfigError(f"`{key}.sees` names `{unknown}`, which is no identity", hint="name identities of this file")
    own = {identity.marker, *identity.canaries}
    twice = next((other.name for other in target.identity if other is not identity and own & {other.marker, *other.canaries}), None)
    if twice is not None:
        raise ConfigError(f"`{key}` has a marker or canary that `{twice}` has too", hint="give each account values of its own")


def _check_login(key: str, login: Login) -> None:
    for part in ("steps", "refresh", "logout"):
        for i, step in enumerate(getattr(login, part)):
            for name, how in step.take.items():
                _check_extract(f"{key}.{part}[{i}].take.{name}", how)
            if step.form and step.json is not None:
                raise ConfigError(f"`{key}.{part}[{i}]` has a `form` and a `json`", hint="a request has one body")


def _check_write(key: str, write: Write) -> None:
    if "{nonce}" not in msgspec.json.encode([write.path, write.headers, write.form, write.json]).decode():
        raise ConfigError(f"`{key}` writes no `{{nonce}}`", hint='put the fresh value where it is stored: json = { note = "{nonce}" }')
    _check_extract(f"{key}.value", write.value)
    for name, how in write.keep.items():
        _check_extract(f"{key}.keep.{name}", how)


def _check_extract(key: str, how: str) -> None:
    if not _EXTRACT.fullmatch(how):
        raise ConfigError(f"`{key}` is `{how}`, expected json:, regex:, header: or cookie:", hint='for example "json:$.access_token"')
    if how.startswith("regex:"):
        try:
            groups = re.compile(how.removeprefix("regex:")).groups
        except re.error as problem:
            raise ConfigError(f"`{key}` is no regular expression: {problem}", hint="try it on the page first") from problem
        if groups != 1:
            raise ConfigError(f"`{key}` has {groups} groups, expected one", hint="put brackets around what is wanted, and only there")


def _check_budget(budget: Budget) -> None:
    if not 0 < budget.rate <= 1000 or budget.total < 1 or budget.storm < 1 or budget.answer_bytes < 1000:
        raise ConfigError("`budget` allows nothing or too much", hint="rate is above 0 and up to 1000 a second, total and storm at least 1")
    for text in budget.hours:
        if not _HOURS.fullmatch(text) or text[:5] == text[6:]:
            raise ConfigError(f"`budget.hours` has `{text}`, expected hours", hint='for example hours = ["22:00-05:00"]')
    if budget.timezone not in available_timezones():
        raise ConfigError(f"`budget.timezone` is `{budget.timezone}`, expected an IANA time zone", hint='for example "Europe/London"')
    seconds(budget.timeout, "budget.timeout")
    seconds(budget.wait, "budget.wait")


def _check_amounts(amounts: Amounts) -> None:
    if not (0 <= amounts.aborts < 1 and 1 <= amounts.lanes <= 64 and min(amounts.logins, amounts.concurrent, amounts.enumeration) >= 0):
        raise ConfigError("`checks` has an amount out of range", hint="aborts is a share below 1, lanes 1 to 64, the others 0 or more")
    seconds(amounts.expiry, "checks.expiry")


def _several(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
