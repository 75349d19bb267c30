"""Which fields stand in an nginx access log? Any `log_format` with its `$variables`; combined, with further fields that nobody named."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from whosaw.errors import ConfigError
from whosaw.layout import (
    DECIMAL,
    LIST,
    LIST_BEHIND,
    NUMBER,
    PLAIN,
    REQUEST,
    Field,
    Part,
    Text,
    compose,
    decode,
    first_roles,
    fit,
    read_line,
    safe_name,
    time_field,
    timed,
)
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
MAIN = COMBINED + ' "$http_x_forwarded_for"'
COMMON = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
_NAMED = {"": COMBINED, "combined": COMBINED, "main": MAIN}

_CLOCKS = {"msec": "epoch", "time_iso8601": "iso", "time_local": "clf"}
"""The time variables, the most exact first."""

_NUMBERS = {"status", "body_bytes_sent", "bytes_sent", "request_length", "connection", "connection_requests", "remote_port", "server_port"}
_DECIMALS = {"request_time", "connection_time"}
_LISTS = {"http_x_forwarded_for", "proxy_add_x_forwarded_for"}
_BODIES = {"scheme": "[a-z]*", "host": '[^/ "]*', "http_host": '[^/ "]*', "is_args": r"\??"}

_ROLES = {
    "time": tuple(_CLOCKS),
    "client": ("remote_addr", "realip_remote_addr", "binary_remote_addr"),
    "recipient": ("remote_user",),
    "method": ("method", "request_method"),
    "uri": ("request_uri", "uri", "document_uri"),
    "host": ("host", "http_host", "server_name"),
    "status": ("status",),
    "bytes": ("body_bytes_sent", "bytes_sent"),
    "agent": ("http_user_agent",),
    "referer": ("http_referer",),
    "cache": ("upstream_cache_status",),
}


def layout(text: str) -> Layout:
    """Return the layout of a `log_format` string, of the whole directive as it stands in nginx.conf, or of `combined` or `main`."""
    escape, form = _unwrap(_NAMED.get(text.strip(), text))
    return _made(_separated(_parts(form)), escape)


def _parts(form: str) -> list[Part]:
    return [_part(piece) for piece in re.findall(r"\$\{\w+\}|\$\w+|[^$]+|\$", form)]


def _made(parts: Sequence[Part], escape: str = "default") -> Layout:
    pattern, fields = compose(parts, quoted=PLAIN)
    roles = first_roles(fields, _ROLES)
    if "method" in fields and "request_uri" not in fields:
        # `$uri` beside `$request` is an address that nginx rewrote, without its query.
        roles["uri"] = fields[fields.index("method") + 1]
    made = Layout(
        kind="pattern",
        fields=fields,
        roles=roles,
        pattern=pattern,
        clock=_CLOCKS.get(roles.get("time", ""), "clf"),
        unquote="none" if escape == "none" else "backslash",
        headers=_headers(fields, "http_"),
        responses=_headers(fields, "upstream_http_") | _headers(fields, "sent_http_"),
    )
    return timed(made, "$time_iso8601")


def _unwrap(text: str) -> tuple[str, str]:
    """Return the escape mode and the bare format of a directive; a bare format is its own."""
    match = re.fullmatch(r"\s*log_format\s+\S+\s+(?:escape=(\w+)\s+)?(.*?);?\s*", text, re.DOTALL)
    if match is None:
        return "default", text
    quoted = re.findall(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", match[2])
    if not quoted:
        raise ConfigError(
            "the layout's `log_format` has no quoted text", hint="copy the directive as it stands in nginx.conf, quotes and all"
        )
    return match[1] or "default", "".join(re.sub(r"\\(['\"\\])", r"\1", one or two) for one, two in quoted)


def _part(piece: str) -> Part:
    if not piece.startswith("$") or piece == "$":
        return Text(piece)
    name = piece.strip("${}")
    if name == "request":
        return Field(("method", "uri"), REQUEST)
    if name in _CLOCKS:
        return time_field(name, _CLOCKS[name])
    if name in _NUMBERS:
        return Field((name,), NUMBER)
    if name in _DECIMALS:
        return Field((name,), DECIMAL)
    # An address before `:$remote_port` may be IPv6 and hold colons itself.
    return Field((name,), greedy=name.endswith("_addr"))


def _separated(parts: Sequence[Part]) -> list[Part]:
    """Give the fields that run into the next one, and the lists that hold spaces, their own class."""
    done: list[Part] = []
    for i, part in enumerate(parts):
        following = parts[i + 1] if i + 1 < len(parts) else Text(" ")
        if not isinstance(part, Field) or part.body:
            done.append(part)
        elif isinstance(following, Field):
            done.append(Field(part.names, _BODIES.get(part.names[0], "")))
        elif (part.names[0] in _LISTS or part.names[0].startswith("upstream_")) and following == Text(" "):
            done.append(Field(part.names, LIST))
        else:
            done.append(part)
    return done


def _headers(fields: Sequence[str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix).replace("_", "-"): name for name in fields if name.startswith(prefix)}


# --- formats that nobody named: combined, and behind it whatever the operator added ---------------------------------

_BODIES_FURTHER = {"quoted": PLAIN, "braced": r"[^\]]*", "bare": LIST_BEHIND}

_AROUND = {"quoted": ('"', '"'), "braced": ("[", "]"), "bare": ("", "")}
_FURTHER = re.compile(
    r" (?P<tag>[A-Za-z_][A-Za-z0-9_.-]{0,31}=(?!=))?"
    r'(?:"(?P<quoted>[^"]*)"|\[(?P<braced>[^\]]*)\]|(?P<bare>' + _BODIES_FURTHER["bare"] + "))(?= |$)"
)
_ADDRESSES = re.compile(r"-|[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]+(?:, ?[0-9a-fA-F.:]+)*")

SHAPES_TRIED = 4
"""The commonest shapes of further fields that are tried; others are odd lines."""

MEANING_GUESSED = 0.95
"""How sure a guess can be at most when a role rests on nothing but the name that somebody gave to a field."""

_USUAL = {
    "recipient": ("login", "user", "username", "user_name", "user_id", "userid"),
    "customer": ("shown", "customer", "customer_id", "shown_customer", "x_customer", "sent_http_x_customer", "upstream_http_x_customer"),
    "session": ("sid", "session", "session_id", "sessionid", "sess", "cookie_sid", "cookie_session", "cookie_sessionid", "jsessionid"),
    "cache": ("cache", "cache_status", "upstream_cache_status", "ucs", "x_cache"),
    "host": ("host", "http_host", "vhost", "server_name"),
}


@dataclass(frozen=True, slots=True)
class _Further:
    """One field behind the known beginning: its name (empty if nobody gave one), the text before it, and how its value is held."""

    name: str
    tag: str
    held: str

    def parts(self, name: str) -> tuple[Part, ...]:
        before, after = _AROUND[self.held]
        return Text(f" {self.tag}{before}"), Field((name,), _BODIES_FURTHER[self.held]), Text(after)


_Shape = tuple[_Further, ...]


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for the combined format, with whatever fields the sample's lines have behind it.

    A field written `name=value` gets that name, another one `extra_1`, `extra_2` ...; the surer, the more lines agree.
    """
    tried = [(fit(made, sample) * sure, made, seen) for made, sure, seen in _candidates(sample)]
    best, made, seen = max(tried, key=lambda found: found[0])
    return Guess(reader="nginx", confidence=best, layout=made, seen=f"nginx log format {seen}") if best else None


def _candidates(sample: Sequence[bytes]) -> Iterator[tuple[Layout, float, str]]:
    """Yield the layouts to try: combined, and its beginning with the further fields that the sample's lines carry."""
    yield layout(COMBINED), 1.0, "combined"
    lines = [decode(raw).rstrip("\r\n") for raw in sample]
    for form, name in ((COMBINED, "combined"), (COMMON, "common")):
        beginning = re.compile(layout(form).pattern.removesuffix("$"))
        found = [(match, text[match.end() :]) for text in lines if (match := beginning.match(text)) and match.end() < len(text)]
        nobody = all(match[2] in {"-", ""} for match, _ in found)
        for shape, values in _shapes([rest for _, rest in found]):
            yield _named(form, name, _with_forwarded(shape, values), nobody=nobody)


def _shapes(rests: Sequence[str]) -> list[tuple[_Shape, list[tuple[str, ...]]]]:
    """Return the commonest shapes of further fields, each with the values of its lines."""
    found: dict[_Shape, list[tuple[str, ...]]] = {}
    for rest in rests:
        fields = list(_FURTHER.finditer(rest))
        whole = fields and fields[0].start() == 0 and fields[-1].end() == len(rest)
        if whole and all(one.end() == two.start() for one, two in pairwise(fields)):
            shape = tuple(_further(match) for match in fields)
            values = tuple(match[match.lastgroup or 0] for match in fields)
            found.setdefault(shape, []).append(values)
            if untagged := _untagged(shape):
                found.setdefault(untagged, []).append(values)
    # The named shape first: it stands before the one without its names, which fits the same lines.
    return sorted(found.items(), key=lambda item: -len(item[1]))[:SHAPES_TRIED]


def _further(match: re.Match[str]) -> _Further:
    tag = match["tag"] or ""
    return _Further(safe_name(tag), tag, match.lastgroup or "bare")


def _untagged(shape: _Shape) -> _Shape:
    """Return the shape with bare `name=value` taken for a bare value, in case the names are no names but differ from line to line."""
    changed = tuple(_Further("", "", "bare") if field.tag and field.held == "bare" else field for field in shape)
    return changed if changed != shape else ()


def _with_forwarded(shape: _Shape, values: Sequence[tuple[str, ...]]) -> _Shape:
    """Return the shape with its first field called a forwarded address, if it looks like one in all lines."""
    first = shape[0]
    alike = all(_ADDRESSES.fullmatch(row[0]) for row in values)
    told = len(shape) == 1 or any(row[0] != "-" for row in values)
    if first.tag or first.held != "quoted" or not alike or not told:
        return shape
    return _Further("http_x_forwarded_for", "", "quoted"), *shape[1:]


def _named(form: str, name: str, shape: _Shape, *, nobody: bool) -> tuple[Layout, float, str]:
    """Return the layout of a beginning and further fields, how sure it can be at most, and how to call it.

    With `nobody`, the server itself never knew who was logged in: a further field may.
    """
    unnamed = iter(range(1, len(shape) + 1))
    names = [field.name or f"extra_{next(unnamed)}" for field in shape]
    if form == COMBINED and names == ["http_x_forwarded_for"]:
        return layout(MAIN), 1.0, "main (combined and a forwarded address)"
    made = _made([*_separated(_parts(form)), *(part for field, name in zip(shape, names, strict=True) for part in field.parts(name))])
    usual = first_roles(names, _USUAL)
    guessed = {role: field for role, field in usual.items() if role not in made.roles or (role == "recipient" and nobody)}
    sure = MEANING_GUESSED if guessed else 1.0
    return replace(made, roles={**made.roles, **guessed}), sure, f"{name} with further fields {', '.join(names)}"


NGINX = Reader(
    name="nginx",
    claim="nginx access log: combined, main, or any `log_format`",
    sniff=sniff,
    layout=layout,
    careful=read_line,
)
