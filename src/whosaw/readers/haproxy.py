"""Which fields stand in an HAProxy HTTP log? The default format with its captured headers, and any `log-format`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whosaw.layout import (
    PLAIN,
    REQUEST,
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

HTTP = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
_SYSLOG = r"(?:<[0-9]+>)?(?:1 [^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ - |[^\[]*\[[0-9]+\]: |haproxy: )?"
"""What syslog puts in front: RFC 5424, `Jan  9 23:00:00 gw haproxy[14389]: ` with or without date and host, or nothing."""

_DATE = "%d/%b/%Y:%H:%M:%S"
_CLOCKS = {"tr": _DATE + ".%g", "t": _DATE + ".%g", "trl": "clf", "trg": "clf", "T": "clf", "Tl": "clf", "Ts": "epoch"}
_CODES = {
    "ci": "client",
    "cp": "client_port",
    "fi": "frontend_ip",
    "fp": "frontend_port",
    "ft": "frontend",
    "f": "frontend",
    "b": "backend",
    "s": "server",
    "si": "server_ip",
    "sp": "server_port",
    "ST": "status",
    "B": "bytes",
    "U": "bytes_uploaded",
    "CC": "request_cookie",
    "CS": "response_cookie",
    "HM": "method",
    "HP": "path",
    "HPO": "path",
    "HQ": "query",
    "HU": "uri",
    "HV": "protocol",
    "ID": "unique_id",
    "hr": "captured_request",
    "hs": "captured_response",
    "hrl": "captured_request",
    "hsl": "captured_response",
    "ts": "termination",
    "tsc": "termination",
    "H": "hostname",
    "ac": "conn_all",
    "fc": "conn_frontend",
    "bc": "conn_backend",
    "sc": "conn_server",
    "rc": "retries",
    "sq": "queue_server",
    "bq": "queue_backend",
    "TR": "time_request",
    "Tq": "time_request",
    "Tw": "time_queue",
    "Tc": "time_connect",
    "Tr": "time_response",
    "Ta": "time_active",
    "Tt": "time_total",
    "Td": "time_data",
    "Th": "time_handshake",
    "Ti": "time_idle",
    "sslv": "tls_version",
    "sslc": "tls_cipher",
    "rt": "request_number",
    "pid": "pid",
    "lc": "log_number",
    "ms": "accept_ms",
}
_COUNT = "[+-]?[0-9]+|-"
"""A plus sign marks a value that was logged before the end (`option logasap`) or a redispatched retry."""
_COUNTS = frozenset({"cp", "fp", "sp", "ST", "B", "U", "ac", "fc", "bc", "sc", "rc", "sq", "bq", "pid", "lc", "ms", "rt"})
_TOKEN = re.compile(r"%(?:\{([^}]*)\})?(?:\[((?:[^\[\]]|\[[^\]]*\])*)\]|([A-Za-z]+|%))|\\(.)|([^%\\]+|[%\\])")
_HEADER = re.compile(r"(?:capture\.)?(req|res)\.(?:f?hdr)\(([A-Za-z][^,)]*)")
_SLOT = re.compile(r"capture\.(req|res)\.hdr\(([0-9]+)\)")
_FETCHES = {
    "src": "client",
    "src_port": "client_port",
    "dst": "frontend_ip",
    "path": "path",
    "method": "method",
    "url": "uri",
    "status": "status",
}

_ROLES = {
    "time": ("time",),
    "client": ("client",),
    "method": ("method",),
    "uri": ("uri", "path"),
    "host": ("request_header_host",),
    "status": ("status",),
    "bytes": ("bytes",),
    "agent": ("request_header_user_agent",),
    "referer": ("request_header_referer",),
    "session": ("request_cookie",),
    "query": ("query",),
}


@dataclass(frozen=True, slots=True)
class _Captures:
    """The fields of the captured headers, in the order of their slots."""

    request: tuple[str, ...]
    response: tuple[str, ...]


def layout(text: str) -> Layout:
    """Return the layout of a `log-format`, or of the default HTTP format where the text has none.

    `captures: host,x-msisdn | x-customer` in front, ended by a line end or `;`, names the captured request and response
    headers in their order.
    """
    captures = re.match(r"\s*captures:([^;\n|]*)(?:\|([^;\n]*))?(?:[;\n]|$)", text)
    requests, responses = (_names(captures[1]), _names(captures[2] or "")) if captures else ([], [])
    form = (text[captures.end() :] if captures else text).strip() or HTTP
    names = _Captures(
        tuple(f"request_header_{safe_name(n)}" for n in requests), tuple(f"response_header_{safe_name(n)}" for n in responses)
    )
    parts = list(_parts(re.sub(r'^log-format\s+"(.*)"$', r"\1", form, flags=re.DOTALL), names))
    pattern, fields = compose([Raw(_SYSLOG), *parts], quoted=PLAIN)
    made = Layout(
        kind="pattern",
        fields=fields,
        roles=first_roles(fields, _ROLES),
        pattern=pattern,
        clock=clock_of(parts),
        headers=_headers(form, requests, "req", fields),
        responses=_headers(form, responses, "res", fields),
    )
    return timed(made, "%tr")


def _names(text: str) -> list[str]:
    return [name.strip().lower() for name in text.split(",") if name.strip()]


def _headers(form: str, captured: Sequence[str], side: str, fields: Sequence[str]) -> dict[str, str]:
    fetched = [name.lower() for where, name in _HEADER.findall(form) if where == side]
    kind = "request_header" if side == "req" else "response_header"
    return {name: f"{kind}_{safe_name(name)}" for name in [*captured, *fetched] if f"{kind}_{safe_name(name)}" in fields}


def _parts(form: str, captures: _Captures) -> Iterator[Part]:
    always_quoted = False
    # `%o` writes nothing, and the space after it is not written either.
    tokens = list(_TOKEN.finditer(re.sub(r"(%\{[^}]*\}o) +", r"\1", form)))
    for i, token in enumerate(tokens):
        flags, fetch, code, escaped, text = token.groups()
        flags = flags or ""
        if code == "o":
            always_quoted = "+Q" in flags
        elif code in {"hr", "hs"}:
            yield _captured(captures.response if code == "hs" else captures.request, code, last=i + 1 == len(tokens))
        elif escaped or text or code == "%":
            # The space after captured headers belongs to them: where none are captured, neither is written.
            after = i and tokens[i - 1][3] in {"hr", "hs"}
            yield Text((escaped or text or "%").removeprefix(" " if after else ""))
        else:
            value = _value(code, fetch, captures)
            # Times and numbers are never quoted.
            quoted = "-Q" not in flags and (always_quoted or "+Q" in flags) and (not value.body or code == "r")
            yield from (Text('"'), value, Text('"')) if quoted else (value,)


def _value(code: str | None, fetch: str | None, captures: _Captures) -> Field:
    if fetch or not code:
        return Field((_fetched(fetch or "", captures),))
    if code == "r":
        return Field(("method", "uri"), REQUEST)
    if code in _CLOCKS:
        return time_field("time", _CLOCKS[code])
    counted = code in _COUNTS or code.startswith("T")
    return Field((_CODES.get(code, f"code_{code.lower()}"),), _COUNT if counted else "", greedy=code in {"ci", "fi", "si"})


def _captured(names: tuple[str, ...], code: str, *, last: bool) -> Field:
    """Return the field of the captured headers, `{one|two} `: a brace, bar or quote in a value is written `#7D`."""
    space = "" if last else " "
    inner = r"\|".join("([^|}]*)" for _ in names) if names else "([^}]*)"
    # A request that could not be read has no captures, and the braces are missing with them.
    return Field(names or (_CODES[code],), rf'(?:"?\{{{inner}\}}"?{space})?')


def _fetched(fetch: str, captures: _Captures) -> str:
    """Return the field name of a sample expression; a captured slot has the name of its header."""
    slot = _SLOT.match(fetch)
    if slot:
        names = captures.response if slot[1] == "res" else captures.request
        return names[int(slot[2])] if int(slot[2]) < len(names) else safe_name(fetch)
    header = _HEADER.match(fetch)
    if header:
        return f"{'request' if header[1] == 'req' else 'response'}_header_{safe_name(header[2])}"
    return _FETCHES.get(fetch, safe_name(fetch))


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for the default HTTP format."""
    found = layout("")
    share = fit(found, sample)
    return Guess(reader="haproxy", confidence=share, layout=found, seen="HAProxy HTTP log format") if share else None


HAPROXY = Reader(
    name="haproxy",
    claim="HAProxy HTTP log: the default of `option httplog` with captured headers, or any `log-format`",
    sniff=sniff,
    layout=layout,
    careful=read_line,
)
