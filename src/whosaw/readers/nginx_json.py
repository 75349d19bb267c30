"""Which values stand in nginx's JSON lines? A `log_format ... escape=json` names its keys itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from whosaw.errors import ConfigError
from whosaw.layout import (
    columns_of,
    decode,
    first_roles,
    guess_clock,
    guess_roles,
    header_fields,
    json_fit,
    parse_row,
    read_json,
    rows_of,
    timed,
    unhex,
    value_at,
)
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOCKS = {"time_iso8601": "iso", "time_local": "clf", "msec": "epoch"}
_ROLES = {
    "time": ("msec", "time_iso8601", "time_local"),
    "client": ("remote_addr", "realip_remote_addr"),
    "recipient": ("remote_user",),
    "method": ("request_method",),
    "uri": ("request_uri", "uri"),
    "host": ("host", "http_host", "server_name"),
    "status": ("status",),
    "bytes": ("body_bytes_sent", "bytes_sent"),
    "agent": ("http_user_agent",),
    "referer": ("http_referer",),
    "cache": ("upstream_cache_status",),
    "query": ("args", "query_string"),
    "request": ("request",),
}
_KEYS = frozenset(name for names in _ROLES.values() for name in names)
_HEXED = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")


def layout(text: str) -> Layout:
    """Return the layout of a JSON `log_format`: the template itself or the whole directive as it stands in nginx.conf."""
    quoted = re.findall(r"'((?:[^'\\]|\\.)*)'", text) if text.lstrip().startswith("log_format") else []
    template = "".join(quoted) if quoted else text
    # A number's variable stands without quotes: quoted, the template is JSON itself.
    row = parse_row(re.sub(r"([:,\[]\s*)(\$\w+)(?=\s*[,}\]])", r'\1"\2"', template))
    if not row:
        raise ConfigError(
            "the layout is not a json object with `$variables`",
            hint="""copy the `log_format` from nginx.conf: '{"time":"$time_iso8601","uri":"$request_uri"}'""",
        )
    columns = columns_of([row])
    variables = {value_at(row, path).strip("${}"): name for name, path in reversed(columns.items())}
    return timed(_layout(columns, variables), '{"time":"$time_iso8601", ...')


def _layout(columns: dict[str, str], variables: dict[str, str], clock: str = "") -> Layout:
    """Return the layout of these columns; `variables` says which field holds which nginx variable."""
    roles = {role: variables[name] for role, name in first_roles(tuple(variables), _ROLES).items()}
    if "uri" in roles and "method" in roles:
        roles.pop("request", None)
    time = next((name for name, field in variables.items() if field == roles.get("time")), "")
    named = {variable: variables[variable] for variable in variables if variable.startswith(("http_", "sent_http_", "upstream_http_"))}
    headers, responses = header_fields(tuple(named))
    return Layout(
        kind="json",
        fields=tuple(columns),
        roles=roles,
        paths=tuple(columns.values()),
        clock=clock or _CLOCKS.get(time, "iso"),
        headers={header: named[name] for header, name in headers.items()},
        responses={header: named[name] for header, name in responses.items()},
    )


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for JSON lines whose keys are named after nginx's variables."""
    lines = [_repaired(raw) for raw in sample]
    rows = rows_of(lines)
    columns = columns_of(rows)
    if len(_KEYS & set(columns)) < 4:
        return None
    clocks = {name: guess_clock([value_at(row, path) for row in rows]) for name, path in columns.items()}
    time = guess_roles(tuple(columns), clocks=clocks).get("time")
    if time is None:
        return None
    found = _layout(columns, {name: name for name in columns} | {"msec": time}, clocks[time])
    share = json_fit(found, lines)
    return Guess(reader="nginx_json", confidence=share, layout=found, seen="nginx JSON lines") if share else None


def careful(found: Layout, raw: bytes) -> dict[str, str] | str:
    r"""Return the fields of a line, also of one written without `escape=json`, in which a quote is `\x22` and no JSON."""
    return read_json(found, _repaired(raw))


def _repaired(raw: bytes) -> bytes:
    if b"\\x" not in raw:
        return raw
    return _HEXED.sub(lambda m: json.dumps(unhex(m[0]))[1:-1], decode(raw)).encode()


NGINX_JSON = Reader(
    name="nginx_json",
    claim="nginx access log written as JSON (`log_format ... escape=json`)",
    sniff=sniff,
    layout=layout,
    careful=careful,
)
