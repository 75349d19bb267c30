"""Which values stand in OCSF lines? API Activity (6003), Datastore Activity (6005), Web Resources (6001) and HTTP Activity (4002)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whosaw.errors import ConfigError
from whosaw.layout import first_roles, guess_clock, read_json, rows_of, value_at
from whosaw.model import Guess, Layout, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EVERY = (
    *("time", "time_dt", "class_uid", "activity_id", "status_id", "metadata.uid", "metadata.log_name"),
    *("actor.user.uid", "actor.user.name", "actor.user.type_id", "actor.user.email_addr", "actor.session.uid", "actor.app_name"),
    *("src_endpoint.ip", "src_endpoint.hostname"),
)
_HTTP = (
    *("http_request.http_method", "http_request.url.path", "http_request.url.query_string", "http_request.url.url_string"),
    *("http_request.url.hostname", "http_request.user_agent", "http_request.referrer", "http_request.uid"),
    *("http_response.code", "http_response.length", "http_response.body_length"),
)
_RESOURCES = ("resources[0].uid", "resources[0].type", "resources[0].name", "resources[0].owner.uid")
_CLASSES: Mapping[str, tuple[str, ...]] = {
    "6003": (*_EVERY, "api.operation", "api.service.name", "api.request.uid", "api.response.code", *_HTTP, *_RESOURCES),
    "6005": (*_EVERY, "database.name", "table.name", "query_info.query_string", "query_info.bytes", *_HTTP, *_RESOURCES),
    "6001": (*_EVERY, "web_resources[0].uid", "web_resources[0].url_string", "web_resources[0].type", *_HTTP, *_RESOURCES),
    "4002": (*_EVERY, "dst_endpoint.hostname", *_HTTP, *_RESOURCES),
}
_NAMES = {"6003": "API Activity", "6005": "Datastore Activity", "6001": "Web Resources Activity", "4002": "HTTP Activity"}

_ROLES = {
    "time": ("time", "time_dt"),
    "client": ("src_endpoint.ip",),
    "recipient": ("actor.user.uid", "actor.user.name", "actor.user.email_addr"),
    "customer": ("resources[0].owner.uid", "resources[0].uid"),
    "method": ("http_request.http_method",),
    "uri": ("http_request.url.path", "http_request.url.url_string", "web_resources[0].url_string", "api.operation", "table.name"),
    "host": ("http_request.url.hostname", "dst_endpoint.hostname"),
    "status": ("http_response.code", "api.response.code"),
    "bytes": ("http_response.length", "http_response.body_length", "query_info.bytes"),
    "agent": ("http_request.user_agent",),
    "referer": ("http_request.referrer",),
    "session": ("actor.session.uid",),
    "query": ("http_request.url.query_string",),
}


def layout(text: str) -> Layout:
    """Return the layout of a class by its number, `6003`, `6005`, `6001` or `4002`."""
    fields = _CLASSES.get(text.strip() or "6003")
    if fields is None:
        raise ConfigError(f"the layout `{text}` is not an OCSF class that is read here", hint=f"known classes: {', '.join(_CLASSES)}")
    return _layout(fields, [])


def _layout(fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Layout:
    """Return the layout of these fields; a role goes to the first of its fields that the rows fill."""
    paths = {name: f"$.{name}" for name in fields}
    filled = [name for name in fields if any(value_at(row, paths[name]) for row in rows)]
    roles = first_roles(fields, _ROLES) | first_roles(filled, _ROLES)
    times = [value_at(row, paths[roles["time"]]) for row in rows]
    return Layout(kind="json", fields=tuple(fields), roles=roles, paths=tuple(paths.values()), clock=guess_clock(times) or "epoch_ms")


def sniff(sample: Sequence[bytes]) -> Guess | None:
    """Return a guess for JSON lines with a known `class_uid`."""
    rows = [row for row in rows_of(sample) if value_at(row, "$.class_uid") in _CLASSES]
    if not rows:
        return None
    classes = sorted({value_at(row, "$.class_uid") for row in rows})
    found = _layout(tuple(dict.fromkeys(name for number in classes for name in _CLASSES[number])), rows)
    lines = [raw for raw in sample if raw.strip()]
    good = rows_of([raw for raw in lines if not isinstance(read_json(found, raw), str)])
    share = sum(value_at(row, "$.class_uid") in _CLASSES for row in good) / len(lines)
    seen = "OCSF " + ", ".join(_NAMES[number] for number in classes)
    return Guess(reader="ocsf", confidence=share, layout=found, seen=seen) if share else None


OCSF = Reader(
    name="ocsf",
    claim="OCSF as JSON lines: API, Datastore, Web Resources and HTTP Activity",
    sniff=sniff,
    layout=layout,
    careful=read_json,
)
