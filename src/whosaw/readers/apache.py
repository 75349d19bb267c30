"""Which fields stand in an Apache httpd access log? Any `LogFormat`: common, combined, with virtual hosts, headers, cookies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.layout import (
    ESCAPED,
    NUMBER,
    REQUEST_ESCAPED,
    Field,
    Part,
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

COMMON = '%h %l %u %t "%r" %>s %b'
COMBINED = COMMON + ' "%{Referer}i" "%{User-agent}i"'
_NAMED = {
    "": COMBINED,
    "combined": COMBINED,
    "common": COMMON,
    "vhost_combined": "%v:%p " + COMBINED.replace("%b", "%O"),
    "combinedio": COMBINED + " %I %O",
}

_CODES = {
    "a": "client",
    "A": "local_address",
    "B": "bytes",
    "b": "bytes",
    "D": "duration_us",
    "T": "duration_s",
    "f": "filename",
    "h": "client",
    "H": "protocol",
    "I": "bytes_received",
    "k": "keepalives",
    "l": "ident",
    "L": "log_id",
    "m": "method",
    "O": "bytes_sent",
    "p": "port",
    "P": "pid",
    "q": "query",
    "R": "handler",
    "s": "status",
    "S": "bytes_total",
    "u": "login",
    "U": "uri",
    "v": "host",
    "V": "server",
    "X": "connection_status",
}
_NUMBERS = frozenset("BbDTIOkpPsS")
_LETTERED = {"i": "request_header", "o": "response_header", "C": "cookie", "e": "env", "n": "note", "^ti": "trailer", "^to": "trailer"}
_TOKEN = re.compile(r"%([!0-9,<>]*)(?:\{([^}]*)\})?([<>]*)(\^t[io]|[A-Za-z%])|([^%]+|%)")
_COMPOSITES = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%R": "%H:%M", "%e": "%d", "%h": "%b"}

_ROLES = {
    "time": ("time",),
    "client": ("client",),
    "recipient": ("login",),
    "method": ("method",),
    "uri": ("uri",),
    "host": ("request_header_host", "host", "server"),
    "status": ("status",),
    "bytes": ("bytes", "bytes_sent"),
    "agent": ("request_header_user_agent",),
    "referer": ("request_header_referer",),
    "query": ("query",),
}


def layout(text: str) -> Layout:
    r"""Return the layout of a `LogFormat` string (`\"` as in the configuration, or plain quotes) or of a usual nickname."""
    form = _unwrap(_NAMED.get(text.strip(), text))
    tokens = list(_TOKEN.finditer(form))
    parts = list(_parts(tokens))
    headers: dict[str, str] = {}
    responses: dict[str, str] = {}
    for token in tokens:
        if token[2] and token[4] in {"i", "o"}:
            kept = headers if token[4] == "i" else responses
            kept.setdefault(token[2].lower(), f"{_LETTERED[token[4]]}_{safe_name(token[2])}")
    pattern, fields = compose(parts, quoted=ESCAPED)
    made = Layout(
        kind="pattern",
        fields=fields,
        roles=first_roles(fields, _ROLES),
        pattern=pattern,
        clock=clock_of(parts),
        unquote="backslash",
        headers=headers,
        responses=responses,
    )
    return timed(made, "%t")


def _unwrap(text: str) -> str:
    """Return the bare format of a `LogFormat "..." nickname` or `CustomLog` line; a bare format is its own."""
    match = re.fullmatch(r'\s*LogFormat\s+"((?:[^"\\]|\\.)*)"(?:\s+\S+)?\s*', text)
    return re.sub(r'\\(["\\])', r"\1", match[1] if match else text)


def _parts(tokens: Sequence[re.Match[str]]) -> Iterator[Part]:
    skip = 0
    for i, token in enumerate(tokens):
        _, argument, _, code, text = token.groups()
        if skip:
            skip -= 1
        elif text or code == "%":
            yield Text(text or "%")
        elif code == "t":
            skip = _milliseconds(tokens, i)
            yield from _time(argument, exact=bool(skip))
        elif code == "r":
            yield Field(("method", "uri"), REQUEST_ESCAPED)
        elif argument and code in _LETTERED:
            yield Field((f"{_LETTERED[code]}_{safe_name(argument)}",))
        else:
            yield _value(code, argument)


def _value(code: str, argument: str | None) -> Field:
    name = _CODES.get(code, f"code_{code.lower()}")
    # An address before `:%{remote}p` may be IPv6 and hold colons itself.
    body = NUMBER if code in _NUMBERS else ""
    suffix = f"_{safe_name(argument)}" if argument and code in "aph" else ""
    return Field((name + suffix,), body, greedy=code in "ahv")


def _milliseconds(tokens: Sequence[re.Match[str]], i: int) -> int:
    """Return 2 if a time is followed by `.%{msec_frac}t`, which belongs to it."""
    following = tokens[i + 1 : i + 3]
    return 2 if len(following) == 2 and following[0][0] == "." and following[1][0] == "%{msec_frac}t" else 0


def _time(argument: str | None, *, exact: bool) -> Iterator[Part]:
    form = re.sub("^(begin|end):", "", argument or "")
    if not form:
        yield from (Text("["), time_field("time", "clf"), Text("]"))
    elif form in {"usec", "msec_frac", "usec_frac"}:
        yield Field((f"time_{form}",), NUMBER)
    else:
        clock = {"sec": "epoch", "msec": "epoch_ms", "%s": "epoch"}.get(form) or _expanded(form)
        yield time_field("time", clock + ".%g" * (exact and clock != "epoch"))


def _expanded(form: str) -> str:
    """Return a strftime format with its shorthands written out."""
    return re.sub("%.", lambda code: _COMPOSITES.get(code[0], code[0]), form)


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for the formats that Debian's and the upstream configuration name."""
    best, name = max(
        ((fit(layout(name), sample), name) for name in ("combined", "common", "vhost_combined", "combinedio")), key=lambda f: f[0]
    )
    return Guess(reader="apache", confidence=best, layout=layout(name), seen=f"Apache log format {name}") if best else None


APACHE = Reader(
    name="apache",
    claim="Apache httpd access log: common, combined, or any `LogFormat`",
    sniff=sniff,
    layout=layout,
    careful=read_line,
)
