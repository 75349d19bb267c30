"""Which value stands where in a JSON line? Paths that DuckDB and the slow path read alike."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from whosaw.layout.careful import BINARY, TIME_UNREAD, time_reads
from whosaw.layout.clock import guess_clock
from whosaw.layout.pattern import decode
from whosaw.layout.roles import ROLE_NAMES, guess_roles
from whosaw.model import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_]*)|\."([^"]*)"|\[([0-9]+)\]')
_LEVELS = 3
_DEEPEST = 64
"""Levels of nesting that a row may have: no log has as many, and Python runs out of stack long before DuckDB does."""
_HEADERS = {"headers", "request_headers", "requestheaders", "req_headers", "http_headers"}
_RESPONSES = {"response_headers", "responseheaders", "resp_headers", "res_headers"}
_PREFIXED = re.compile(r"(?:.*\.)?(?:(?P<request>http|request_header|req_header)|sent_http|upstream_http|response_header)_(?P<header>.+)")


def json_path(keys: Sequence[str | int]) -> str:
    """Return the path of nested keys, `$.request."User-Agent"[0]`."""
    steps = (f"[{k}]" if isinstance(k, int) else f".{k}" if _PLAIN_KEY.fullmatch(k) else f'."{k}"' for k in keys)
    return "$" + "".join(steps)


def parse_row(text: str) -> dict[str, Any] | None:
    """Return a line's JSON object, or nothing: the first of two equal keys wins, numbers keep all their digits.

    NaN is no JSON, and what is nested absurdly deep is no row.
    """
    try:
        found = json.loads(text, object_pairs_hook=_first_wins, parse_int=_Whole, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and not _too_deep(found) else None


def _too_deep(found: dict[str, Any]) -> bool:
    level: list[Any] = [found]
    for _ in range(_DEEPEST):
        level = [
            inner for value in level if isinstance(value, (dict, list)) for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


class _Whole(str):
    """A whole number as it was written: longer than Python would convert."""

    __slots__ = ()


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _refuse(name: str) -> None:
    raise ValueError(name)


def value_at(row: object, path: str) -> str:
    """Return the text of the value at a path, as DuckDB's `json_extract_string` gives it; nothing where there is none."""
    for key, odd, index in _STEP.findall(path):
        if index:
            row = row[int(index)] if isinstance(row, list) and int(index) < len(row) else None
        else:
            row = row.get(key or odd) if isinstance(row, dict) else None
    return _plain(_rendered(row))


def _rendered(value: object) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else _dumped(value)


def _dumped(value: object) -> str:
    """Return a value's JSON without blanks; whole numbers as they were written."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_dumped(key)}:{_dumped(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dumped, value)) + "]"
    return str(value) if isinstance(value, _Whole) else json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> str:
    """Return the text without lone surrogates, which no file and no database takes."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def read_json(layout: Layout, raw: bytes) -> dict[str, str] | str:
    """Return the fields of a JSON line, or why it cannot be read."""
    text = decode(raw).lstrip("\0\ufeff").strip()
    if not text:
        return "empty line"
    row = parse_row(text)
    if row is None:
        return _json_reason(text)
    values = {name: value_at(row, path) for name, path in zip(layout.fields, layout.paths, strict=True)}
    time = layout.roles.get("time", "")
    if not values.get(time):
        return f"`{time}` is missing" if time else "the layout has no time"
    return values if time_reads(layout, values) else TIME_UNREAD


def _json_reason(text: str) -> str:
    if BINARY.search(text):
        return "binary data"
    if not text.startswith("{"):
        return "not a json object"
    return "not valid json" if text.endswith("}") else "line ends inside the json object"


def json_layout(rows: Sequence[Mapping[str, Any]], names: Mapping[str, Sequence[str]] = ROLE_NAMES) -> Layout:
    """Return the layout of rows of JSON; `names` are the usual names of each role."""
    columns = columns_of(rows)
    clocks = {name: guess_clock([value_at(row, path) for row in rows]) for name, path in columns.items()}
    roles = guess_roles(tuple(columns), clocks=clocks, names=names)
    headers, responses = header_fields(tuple(columns))
    return Layout(
        kind="json",
        fields=tuple(columns),
        roles=roles,
        paths=tuple(columns.values()),
        clock=clocks.get(roles.get("time", ""), "iso"),
        headers=headers,
        responses=responses,
    )


def json_fit(layout: Layout, sample: Sequence[bytes]) -> float:
    """Return the share of a sample's lines that are JSON with a time; blank lines do not count."""
    lines = [raw for raw in sample if raw.strip()]
    good = sum(not isinstance(read_json(layout, raw), str) for raw in lines)
    return good / len(lines) if lines else 0.0


def rows_of(sample: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return the JSON objects among a sample's lines."""
    parsed = (parse_row(decode(raw).lstrip("\0\ufeff").strip()) for raw in sample)
    return [row for row in parsed if row]


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return field name -> path for every value in the rows, nested ones by their dotted names, up to three levels."""
    found: dict[str, str] = {}
    for row in rows:
        for keys in _leaves(row, ()):
            name = ".".join(k for k in keys if isinstance(k, str))
            found.setdefault(name, json_path(keys))
    return found


def _leaves(value: object, keys: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict) and value and len(keys) < _LEVELS:
        for key, inner in value.items():
            if key and key.isprintable() and '"' not in key and "\\" not in key:
                yield from _leaves(inner, (*keys, key))
    elif keys:
        # A header that can stand twice is logged as a list; its first value is the one that was acted on.
        single = isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)
        yield (*keys, 0) if single and _kind_of(keys) else keys


def _kind_of(keys: Sequence[str | int]) -> str:
    parent = str(keys[-2]).lower().replace("-", "_") if len(keys) > 1 else ""
    return "headers" if parent in _HEADERS else "responses" if parent in _RESPONSES else ""


def header_fields(fields: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the request and the response headers among field names: header name -> field."""
    headers: dict[str, str] = {}
    responses: dict[str, str] = {}
    for name in fields:
        kind = _kind_of(name.split("."))
        header = name.rpartition(".")[2].lower()
        prefixed = _PREFIXED.fullmatch(name.lower())
        if prefixed and not kind:
            kind = "headers" if prefixed["request"] else "responses"
            header = prefixed["header"].replace("_", "-")
        if kind:
            (headers if kind == "headers" else responses).setdefault(header, name)
    return headers, responses
