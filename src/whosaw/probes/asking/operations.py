"""What can be asked of the system, and with whose ids? An operation is a template; ids come from our own test accounts, or it is not asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from whosaw.probes.asking.extract import filled, filled_tree, holes
from whosaw.probes.asking.wire import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whosaw.config.probing import Declared, Identity, Target

_IDLE_ENDS = re.compile(r"(?:identifier|number|key|ref|no|id|nr)$")
_OWN = {"id", "key", "uuid", "ref", "no", "nr", "number", "identifier"}


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be asked: `{kind}` in any part stands for an id of that kind. `source` says who named it."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    json: Any = None
    source: str = "target"

    @property
    def name(self) -> str:
        """The operation as it is shown: `GET /bills/{bill}?month={month}`."""
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.method} {self.path}" + (f"?{query}" if query else "")

    def parts(self) -> dict[str, tuple[str, ...]]:
        """Return which placeholders stand in which part."""
        body = msgspec.json.encode(self.json).decode() if self.json is not None else ""
        texts = {
            "path": self.path,
            "query": " ".join(value for _, value in self.query),
            "header": " ".join(value for _, value in self.headers),
            "body": body + " ".join(value for _, value in self.form),
        }
        return {part: tuple(holes(text)) for part, text in texts.items() if holes(text)}

    @property
    def ids(self) -> tuple[str, ...]:
        """The kinds of id it takes, in their order."""
        return tuple(dict.fromkeys(kind for kinds in self.parts().values() for kind in kinds))


def asked(op: Operation, base: str, values: Mapping[str, Any], *, query: Sequence[tuple[str, str]] | None = None) -> Request:
    """Return the request of an operation with its placeholders filled; `query` takes the place of its own."""
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    path = filled(op.path, texts, quote=lambda value: quote(value, safe=""))
    pairs = [(name, filled(value, texts)) for name, value in op.query] if query is None else query
    line = "&".join(f"{quote(name, safe='[]$')}={quote(value, safe='')}" for name, value in pairs)
    headers = tuple((name, filled(value, texts)) for name, value in op.headers)
    url = base.rstrip("/") + path + (f"?{line}" if line else "")
    if op.json is not None:
        return Request(op.method, url, (("Content-Type", "application/json"), *headers), msgspec.json.encode(filled_tree(op.json, values)))
    if op.form:
        body = "&".join(f"{quote(name)}={quote(filled(value, texts), safe='')}" for name, value in op.form).encode()
        return Request(op.method, url, (("Content-Type", "application/x-www-form-urlencoded"), *headers), body)
    return Request(op.method, url, headers)


def values_for(op: Operation, identity: Identity, target: Target) -> dict[str, str] | None:
    """Return an own id for every placeholder of the operation, or nothing if the identity has none of one of the kinds."""
    found: dict[str, str] = {}
    for kind in op.ids:
        own = identity.own(kind)
        if not own and kind not in target.fill:
            return None
        found[kind] = own[0] if own else target.fill[kind]
    return found


def declared(op: Declared) -> Operation:
    """Return an operation of the target file."""
    path, _, query = op.path.partition("?")
    pairs = tuple((name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part))
    return Operation(
        method=op.method.upper(), path=path, query=pairs, headers=tuple(op.headers.items()), form=tuple(op.form.items()), json=op.json
    )


def matches(op: Operation, templates: Iterable[str]) -> bool:
    """Whether an operation's path fits one of the declared templates: `{x}` is one part, a `*` at the end all that follows."""
    return is_declared(op.path, templates)


def is_declared(path: str, templates: Iterable[str]) -> bool:
    """Whether a path fits one of the templates."""
    return any(_fits(template.partition("?")[0]).fullmatch(path) for template in templates)


def _fits(template: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{[^}]*\}|\*$)", template)
    return re.compile("".join(".*" if piece == "*" else "[^/]+" if piece.startswith("{") else re.escape(piece) for piece in pieces))


def kind_of(name: str, path: str, target: Target) -> str:
    """Return which kind of own id a parameter takes: as `bind` says, by its own name, or by the part of the path before it."""
    if name in target.bind:
        return target.bind[name]
    kinds = {_plain(kind): kind for identity in target.identity for kind in (*identity.ids, *identity.former)} | {
        _plain(kind): kind for kind in target.fill
    }
    before = path.partition("{" + name + "}")[0].rstrip("/").rpartition("/")[2]
    words = [_plain(name), _stem(name)]
    if _plain(name) in _OWN:
        words += [_plain(before), _stem(before), _singular(_stem(before))]
    words += [_singular(word) for word in words]
    bound = target.bind.get(before, "") if _plain(name) in _OWN else ""
    return bound or next((kinds[word] for word in words if word in kinds), "")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _stem(name: str) -> str:
    return _IDLE_ENDS.sub("", _plain(name)) or _plain(name)


def _singular(word: str) -> str:
    return re.sub(r"ies$", "y", word) if word.endswith("ies") else re.sub(r"(?<=[^s])s$", "", word)
