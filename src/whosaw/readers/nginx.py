"""Which fields stand in an nginx access log? The combined format, and any `log_format` with its `$variables`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.errors import ConfigError
from whosaw.layout import (
    DECIMAL,
    LIST,
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
    time_field,
    timed,
)
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
MAIN = COMBINED + ' "$http_x_forwarded_for"'
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
    parts = [_part(piece) for piece in re.findall(r"\$\{\w+\}|\$\w+|[^$]+|\$", form)]
    pattern, fields = compose(_separated(parts), quoted=PLAIN)
    roles = first_roles(fields, _ROLES)
    if "uri" in fields and "method" in fields:
        roles["uri"] = roles.get("uri", "uri") if "request_uri" in fields else "uri"
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


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for the combined format, with a forwarded address or unnamed fields behind it."""
    best, form = max(((fit(layout(form), sample), form) for form in (COMBINED, *_longer(sample))), key=lambda found: found[0])
    if best == 0:
        return None
    name = {COMBINED: "combined", MAIN: "main (combined and a forwarded address)"}.get(form, "combined with further fields")
    return Guess(reader="nginx", confidence=best, layout=layout(form), seen=f"nginx log format {name}")


def _longer(sample: Sequence[bytes]) -> list[str]:
    """Return combined with the further fields that the sample's lines carry."""
    shapes: dict[str, list[str]] = {}
    for raw in sample:
        match = re.fullmatch(layout(COMBINED).pattern.removesuffix("$") + r'((?: (?:"[^"]*"|[^ "]+))+)', decode(raw).rstrip("\r\n"))
        if match:
            values = re.findall(r' ("[^"]*"|[^ "]+)', match[match.re.groups])
            shapes.setdefault("".join('"' if v[0] == '"' else "-" for v in values), []).append(values[0])
    return [_extra_form(shape, firsts) for shape, firsts in shapes.items()]


def _extra_form(shape: str, firsts: Sequence[str]) -> str:
    forwarded = all(re.fullmatch(r'"(?:-|[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]+(?:, ?[0-9a-fA-F.:]+)*)"', v) for v in firsts)
    if shape == '"' and forwarded:
        return MAIN
    extras = (f' "$extra_{i}"' if sign == '"' else f" $extra_{i}" for i, sign in enumerate(shape, 1))
    return COMBINED + "".join(extras)


NGINX = Reader(
    name="nginx",
    claim="nginx access log: combined, main, or any `log_format`",
    sniff=sniff,
    layout=layout,
    careful=read_line,
)
