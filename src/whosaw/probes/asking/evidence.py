"""How is a proof shown without showing what it is about? Templates, masks, and a `curl` with names of variables where secrets would be."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from whosaw.identifiers import mask, mask_runs
from whosaw.probes.asking.findings import Ask

if TYPE_CHECKING:
    from whosaw.config.probing import Identity, Target
    from whosaw.probes.asking.marks import Sighting
    from whosaw.probes.asking.session import Session
    from whosaw.probes.asking.wire import Answer, Request

_CREDENTIALS = ("cookie", "authorization")
_FIELD = re.compile(r"""(?:[A-Za-z_-]{1,30}["']?\s*[:=]\s*["']?|<[a-z][a-z0-9]{0,9}>)$""")


class Veil:
    """Replaces what must not be shown: ids and marks of the test accounts by names of variables, credentials likewise."""

    def __init__(self, target: Target) -> None:
        """Take the accounts whose values are known."""
        self._base = target.url.rstrip("/")
        names: dict[str, str] = {}
        for identity in target.identity:
            for kind in (*identity.ids, *identity.former):
                for number, value in enumerate((*identity.own(kind), *identity.once(kind))):
                    names.setdefault(value, variable(identity.name, kind, str(number + 1) if number else ""))
            names.setdefault(identity.marker, variable(identity.name, "marker"))
            for canary in identity.canaries:
                names.setdefault(canary, variable(identity.name, "canary"))
        self._names = dict(sorted(names.items(), key=lambda pair: -len(pair[0])))

    def variables(self) -> dict[str, str]:
        """Return the names and values of the ids, for whoever wants to repeat a request."""
        return {name: value for value, name in self._names.items()}

    def shown(self, request: Request) -> str:
        """Return method and address with names in place of ids: `GET /bills/{ANN_BILL}`."""
        return f"{request.method} {self.text(self._path(request), '{', '}')}"

    def text(self, text: str, left: str = "{", right: str = "}") -> str:
        """Return a text in which known values are names and anything else like an identifier is a mask."""
        for value, name in self._names.items():
            text = re.sub(rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])", f"{left}{name}{right}", text, flags=re.IGNORECASE)
        return mask_runs(text)

    def ask(self, session: Session, request: Request, answer: Answer) -> Ask:
        """Return a request and its answer as they may be shown."""
        return Ask(session.name, self.shown(request), answer.status, answer.size)

    def excerpt(self, sighting: Sighting) -> str:
        """Return the mark, masked, with the name of its field; what else stands around it may be a customer's."""
        if not sighting.mark:
            return "the value that the other wrote"
        field = _FIELD.search(sighting.before)
        wrapped = " (wrapped)" if sighting.wrapped else ""
        return f"{self.text(field[0]) if field else '…'}{mask(sighting.mark)}…{wrapped}"

    @staticmethod
    def masked(value: str) -> str:
        """Return a value nobody has told us, masked."""
        return mask(value)

    def curl(self, session: Session, request: Request) -> str:
        """Return a command that sends the request again, once the variables are set."""
        words = ["curl", "-sS", "-i"]
        words += ["-X", request.method] if request.method != "GET" else []
        for name, value in request.headers:
            shown = f"${variable(session.name, name)}" if _is_credential(session, name) else self.text(value, "${", "}")
            words += ["-H", _quoted(f"{name}: {shown}")]
        if request.body:
            words += ["--data-binary", _quoted(self.text(request.body.decode("utf-8", "replace"), "${", "}"))]
        return " ".join([*words, _quoted(f"{self._base}{self.text(self._path(request), '${', '}')}")])

    def _path(self, request: Request) -> str:
        return request.url.removeprefix(self._base)


def variable(*parts: str) -> str:
    """Return the name of an environment variable: `ANN_BILL`, `BOB_COOKIE`."""
    return "_".join(re.sub(r"[^A-Z0-9]+", "_", part.upper()).strip("_") for part in parts if part)


def worn(session: Session, url: str) -> dict[str, str]:
    """Return the variables a session's `curl` needs, with their values: secrets, for a file of its owner alone."""
    return {variable(session.name, name): value for name, value in session.credentials(url)}


def whose(identity: Identity) -> str:
    """Return how an identity's owner is called in the ledger's words."""
    return identity.customer or identity.marker


def _is_credential(session: Session, name: str) -> bool:
    return name.lower() in _CREDENTIALS or name in session.login.headers


def _quoted(text: str) -> str:
    """Return a word for the shell in which `$NAME` and `${NAME}` are still replaced."""
    if "$" not in text:
        return shlex.quote(text)
    safe = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
    return f'"{safe}"'
