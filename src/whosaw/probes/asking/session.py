"""As whom is asked? An identity logs in by its recipe, keeps its cookies and tokens, gets new ones, and leaves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urljoin

import msgspec

from whosaw.config.probing import Identity, Login, Oidc, Step, secret
from whosaw.probes.asking.extract import cookies, filled, filled_tree, taken
from whosaw.probes.asking.wire import Answer, Pairs, Request, origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from whosaw.config.probing import Target
    from whosaw.probes.asking.gate import Gate

_REDIRECTS = 5
_LONG = 8
"""A cookie's value shorter than this names a choice (`lang=en`), not a session."""


class NotIn(Exception):  # noqa: N818 - it is a result: this identity takes no part, and why
    """An identity could not log in, refresh or log out."""


class Jar:
    """Cookies by host. A value that was handed out to somebody else is never taken."""

    def __init__(self, held: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Take what is in it already."""
        self._held: dict[str, dict[str, str]] = {host: dict(pairs) for host, pairs in (held or {}).items()}

    def __repr__(self) -> str:
        return f"Jar({sum(map(len, self._held.values()))} cookies)"

    def absorb(self, url: str, answer: Answer, *, foreign: Iterable[str] = ()) -> None:
        """Take the cookies of an answer, except values that are `foreign`."""
        host, others = origin(url)[1], set(foreign)
        mine = self._held.setdefault(host, {})
        for name, value in cookies(answer):
            if value in others:
                continue
            if value:
                mine[name] = value
            else:
                mine.pop(name, None)

    def put(self, url: str, pairs: Mapping[str, str]) -> None:
        """Put cookies in by hand."""
        self._held.setdefault(origin(url)[1], {}).update(pairs)

    def line(self, url: str) -> str:
        """Return the `Cookie` line for an address."""
        return "; ".join(f"{name}={value}" for name, value in self._held.get(origin(url)[1], {}).items())

    def values(self) -> set[str]:
        """Return the values that may name a session."""
        return {value for pairs in self._held.values() for value in pairs.values() if len(value) >= _LONG}

    def copy(self) -> Jar:
        """Return another jar with the same cookies."""
        return Jar(self._held)


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in identity, or an anonymous visitor (`identity` is none). It changes as its cookies do."""

    base: str
    identity: Identity | None = None
    login: Login = field(default_factory=Login)
    values: dict[str, str] = field(default_factory=dict, repr=False)
    jar: Jar = field(default_factory=Jar)

    @property
    def name(self) -> str:
        """The identity's name, or what stands for nobody."""
        return self.identity.name if self.identity else "anonymous"

    def credentials(self, url: str) -> Pairs:
        """Return the headers that say who asks; nothing of them goes to another host than the target's."""
        line = self.jar.line(url)
        worn: Pairs = (("Cookie", line),) if line else ()
        if origin(url) == origin(self.base):
            worn += tuple((name, filled(text, self.values)) for name, text in self.login.headers.items())
        return worn

    def dressed(self, request: Request) -> Request:
        """Return a request as this identity sends it."""
        return request.wearing(self.credentials(request.url))

    def undressed(self, request: Request) -> Request:
        """Return a request without the headers in which this session, now or earlier, said who asks."""
        names = {"cookie", *(name.lower() for name in self.login.headers)}
        return replace(request, headers=tuple(pair for pair in request.headers if pair[0].lower() not in names))

    def twin(self) -> Session:
        """Return the same session with a jar of its own, for requests whose cookies are not to be kept."""
        return Session(self.base, self.identity, self.login, dict(self.values), self.jar.copy())

    def spoiled(self) -> Session:
        """Return the session with credentials that were never given out: each value altered in its middle."""
        values = {name: _spoiled(value) for name, value in self.values.items()}
        host = origin(self.base)[1]
        held = {name: _spoiled(value) for name, value in (pair.split("=", 1) for pair in self.jar.line(self.base).split("; ") if pair)}
        return Session(self.base, self.identity, self.login, values, Jar({host: held}))


def enter(gate: Gate, target: Target, identity: Identity, folder: Path, environ: Mapping[str, str], *, jar: Jar | None = None) -> Session:
    """Return a session after the recipe's steps. Raises `NotIn` with the step that failed and why."""
    login = recipe(target.login[identity.login]) if identity.login else Login()
    values = {"name": identity.name, **identity.values}
    values |= {name: secret(reference, folder, environ) for name, reference in identity.secrets.items()}
    session = Session(target.url, identity, login, values, jar or Jar())
    session.jar.put(target.url, {name: filled(text, values) for name, text in login.cookies.items()})
    _steps(gate, session, login.steps, "login")
    return session


def refresh(gate: Gate, session: Session) -> bool:
    """Get new tokens if the recipe says how. Raises `NotIn` when that fails."""
    _steps(gate, session, session.login.refresh, "refresh")
    return bool(session.login.refresh)


def leave(gate: Gate, session: Session) -> bool:
    """Log out if the recipe says how; the session keeps its credentials, which should now be worth nothing."""
    gone = session.twin()
    _steps(gate, gone, session.login.logout, "logout")
    return bool(session.login.logout)


def recipe(login: Login) -> Login:
    """Return a recipe in which a token of an identity provider is a step like any other."""
    return login if login.oidc is None else _with_token(login, login.oidc)


def _with_token(login: Login, oidc: Oidc) -> Login:
    form = {"grant_type": oidc.grant, "client_id": oidc.client, "client_secret": "{client_secret}"}
    if oidc.scope:
        form["scope"] = oidc.scope
    take = {"access_token": "json:$.access_token", "refresh_token?": "json:$.refresh_token"}
    asked = form | ({"username": "{name}", "password": "{password}"} if oidc.grant == "password" else {})
    again = {**form, "grant_type": "refresh_token", "refresh_token": "{refresh_token}"}
    headers = {"Authorization": "Bearer {access_token}"} | login.headers
    return msgspec.structs.replace(
        login,
        steps=[*login.steps, Step(path=oidc.token, form=asked, take=take)],
        refresh=login.refresh or ([Step(path=oidc.token, form=again, take=take)] if oidc.grant == "password" else []),
        headers=headers,
    )


def _steps(gate: Gate, session: Session, steps: list[Step], part: str) -> None:
    for number, step in enumerate(steps, 1):
        answer = _step(gate, session, step, f"step {number} of the {part} of `{session.name}`")
        for name, how in step.take.items():
            found = taken(answer, how)
            if not found and not name.endswith("?"):
                got = answer.header("content-type").partition(";")[0] or "no content type"
                kind = how.partition(":")[0]
                raise NotIn(f"step {number} of the {part} of `{session.name}` has nothing at its {kind} for `{name}` (answer: {got})")
            if found:
                session.values[name.removesuffix("?")] = found


def _step(gate: Gate, session: Session, step: Step, where: str) -> Answer:
    """Send one step, with its redirects, and return the last answer."""
    url = _joined(session.base, filled(step.path, session.values, quote=lambda value: quote(value, safe="")))
    request = _request(session, step, url)
    for _ in range(_REDIRECTS + 1):
        if not gate.allows(request.url):
            raise NotIn(f"{where} leads to another host, `{origin(request.url)[1]}`, which `hosts` does not allow")
        answer = gate.send(session.dressed(request))
        session.jar.absorb(request.url, answer)
        place = answer.header("location")
        if not (step.follow and 300 <= answer.status < 400 and place and answer.status not in step.expect):
            break
        request = Request("GET", urljoin(request.url, place))
    if answer.trouble or not (answer.status in step.expect if step.expect else answer.status < 400):
        wanted = " or ".join(map(str, step.expect)) or "less than 400"
        raise NotIn(f"{where} failed: {answer.trouble or f'status {answer.status}, expected {wanted}'}")
    return answer


def _request(session: Session, step: Step, url: str) -> Request:
    headers = tuple((name, filled(text, session.values)) for name, text in step.headers.items())
    if step.json is not None:
        body = msgspec.json.encode(filled_tree(step.json, session.values))
        return Request(step.method, url, (("Content-Type", "application/json"), *headers), body)
    if step.form:
        pairs = [(name, filled(text, session.values)) for name, text in step.form.items()]
        # a field that nobody has a value for (a public client has no secret) is left out
        body = urlencode([(name, value) for name, value in pairs if value != "{" + name + "}"]).encode()
        return Request(step.method, url, (("Content-Type", "application/x-www-form-urlencoded"), *headers), body)
    return Request(step.method, url, headers)


def _joined(base: str, path: str) -> str:
    return path if path.startswith(("http://", "https://")) else base.rstrip("/") + path


def _spoiled(value: str) -> str:
    """Return a value with one sign changed: in its last part (a token's signature), away from the end, where base64 has idle bits."""
    start = value.rfind(".") + 1
    middle = start + (len(value) - start) // 2
    sign = value[middle : middle + 1]
    return value[:middle] + ("A" if sign != "A" else "B") + value[middle + 1 :]
