"""Which fields stand in a Squid access log? The native format, common, combined, and any `logformat` with its codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.layout import (
    ESCAPED,
    NUMBER,
    Field,
    Part,
    Raw,
    Text,
    clock_of,
    compose,
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

NATIVE = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt"
# The built-in formats write `HTTP/1.1` and `NONE/0.0` where a configured one has `HTTP/%rv`.
COMMON = '%>a %[ui %[un [%tl] "%rm %ru %protocol" %>Hs %<st %Ss:%Sh'
COMBINED = '%>a %[ui %[un [%tl] "%rm %ru %protocol" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" %Ss:%Sh'
_NAMED = {"": NATIVE, "squid": NATIVE, "common": COMMON, "combined": COMBINED}

_CODES = {
    ">a": "client",
    ">A": "client_name",
    ">p": "client_port",
    ">eui": "client_mac",
    "<a": "server",
    "<A": "server_name",
    "<p": "server_port",
    "la": "local_address",
    "lp": "local_port",
    "rm": "method",
    ">rm": "method",
    "<rm": "sent_method",
    "ru": "uri",
    ">ru": "uri",
    "<ru": "sent_uri",
    "rp": "path",
    ">rP": "request_port",
    ">rd": "host",
    "<rd": "sent_host",
    ">rs": "scheme",
    "rv": "protocol",
    "protocol": "protocol",
    ">rv": "protocol",
    ">Hs": "status",
    "Hs": "status",
    "<Hs": "server_status",
    "<st": "bytes",
    ">st": "request_bytes",
    "st": "total_bytes",
    "<sH": "reply_header_bytes",
    "tr": "response_time",
    "dt": "dns_time",
    "Ss": "squid_status",
    "Sh": "hierarchy",
    "un": "login",
    "ul": "login_auth",
    "ui": "ident",
    "ue": "login_acl",
    "us": "login_tls",
    "mt": "content_type",
    "et": "acl_tag",
    "ea": "acl_log",
    "sn": "sequence",
    "ssl::>sni": "tls_name",
    "err_code": "error",
    "err_detail": "error_detail",
    "note": "notes",
    ">h": "request_headers",
    ">ha": "adapted_headers",
    "<h": "response_headers",
}
_NUMBERS = (">p", "<p", "lp", ">Hs", "Hs", "<Hs", "<st", ">st", "st", "<sH", "tr", "dt", "sn", ">rP")
_BODIES = dict.fromkeys(_NUMBERS, NUMBER) | {"Ss": "[A-Z_]+|-", "Sh": "[A-Z_]+|-"}
"""Closed classes; Squid writes a login name's spaces as they are, and what is beside them must not pass for part of it."""
_ARGUED = {">h": "request_header", ">ha": "adapted_header", "<h": "response_header", "note": "note"}
_TOKEN = re.compile(
    r"""%(?P<escape>["\[#'/]?)(?P<left>-?)(?P<width>[0-9]*(?:\.[0-9]+)?)(?:\{(?P<before>[^}]*)\})?"""
    r"""(?P<code>(?:http::|ssl::|icap::|adapt::|tls::)?[<>]?[A-Za-z_]+|%)(?:\{(?P<after>[^}]*)\})?|(?P<text>[^%]+|%)"""
)

_ROLES = {
    "time": ("time",),
    "client": ("client", "client_name"),
    "recipient": ("login", "login_auth", "login_acl"),
    "method": ("method", "sent_method"),
    "uri": ("uri", "sent_uri", "path"),
    "host": ("host", "sent_host", "request_header_host"),
    "status": ("status",),
    "bytes": ("bytes", "total_bytes"),
    "agent": ("request_header_user_agent",),
    "referer": ("request_header_referer",),
    "cache": ("squid_status",),
}


def layout(text: str) -> Layout:
    """Return the layout of a `logformat` string, of the whole line as it stands in squid.conf, or of `squid`, `common`, `combined`."""
    form = re.sub(r"^\s*logformat\s+\S+\s+", "", _NAMED.get(text.strip(), text)).strip()
    tokens = list(_TOKEN.finditer(form))
    parts = list(_parts(tokens))
    pattern, fields = compose(parts, quoted=ESCAPED)
    made = Layout(
        kind="pattern",
        fields=fields,
        roles=first_roles(fields, _ROLES),
        pattern=pattern,
        clock=clock_of(parts),
        unquote="backslash" if '"' in form else "none",
        headers=_headers(tokens, {">h", ">ha"}),
        responses=_headers(tokens, {"<h"}),
    )
    return timed(made, "%ts.%03tu")


def _code(token: re.Match[str]) -> str:
    return re.sub("^(http|adapt)::", "", token["code"] or "")


def _argument(token: re.Match[str]) -> str:
    """Return a code's argument without the list separator that may follow it (`X-Forwarded-For:,first`)."""
    return (token["before"] or token["after"] or "").partition(":")[0]


def _headers(tokens: Sequence[re.Match[str]], codes: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for token in tokens:
        if _code(token) in codes and _argument(token):
            found.setdefault(_argument(token).lower(), f"{_ARGUED[_code(token)]}_{safe_name(_argument(token))}")
    return found


def _parts(tokens: Sequence[re.Match[str]]) -> Iterator[Part]:
    skip = 0
    for i, token in enumerate(tokens):
        code = _code(token)
        if skip:
            skip -= 1
        elif token["text"] or code == "%":
            yield Text(token["text"] or "%")
        elif code == "ts":
            # Seconds and their fraction are two codes and one time.
            skip = 2 if [t["text"] or _code(t) for t in tokens[i + 1 : i + 3]] == [".", "tu"] else 0
            yield time_field("time", "epoch")
        elif code in {"tl", "tg"}:
            yield time_field("time", token["before"] or token["after"] or "clf")
        else:
            yield from _value(token, code)


def _value(token: re.Match[str], code: str) -> Iterator[Part]:
    """Yield a field, and the spaces that fill it up to its width."""
    argument = _argument(token)
    name = _CODES.get(code, f"code_{safe_name(code)}")
    if argument and code in _ARGUED:
        name = f"{_ARGUED[code]}_{safe_name(argument)}"
    width = (token["width"] or "").partition(".")[0]
    padded = bool(width) and not width.startswith("0")
    if padded and not token["left"]:
        yield Raw(" *")
    yield Field((name,), _BODIES.get(code, ""), greedy=code in {">a", "<a", "la"})
    if padded and token["left"]:
        yield Raw(" *")


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for the formats that are built into Squid."""
    best, name = max(((fit(layout(name), sample), name) for name in ("squid", "combined", "common")), key=lambda found: found[0])
    return Guess(reader="squid", confidence=best, layout=layout(name), seen=f"Squid log format {name}") if best else None


SQUID = Reader(
    name="squid",
    claim="Squid access log: native, common, combined, or any `logformat`",
    sniff=sniff,
    layout=layout,
    careful=read_line,
)
