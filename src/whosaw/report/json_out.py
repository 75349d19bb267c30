"""How does a machine read the answer? As the documented value `whosaw.result/1`, and it can be read back."""

from __future__ import annotations

from typing import Any

import msgspec

from whosaw.errors import InputError
from whosaw.model import Result

SCHEMA = "whosaw.result/1"


def render(result: Result) -> bytes:
    """Return the answer as JSON: fields in the order of the schema, times in UTC with `Z`, two spaces of indent."""
    return msgspec.json.format(encoded(result), indent=2) + b"\n"


def encoded(value: object) -> bytes:
    """Return a value as JSON in one line. A file name that is no Unicode is written with escapes, for JSON cannot hold it."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_mended(msgspec.to_builtins(value)))


def _mended(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def load(text: str | bytes) -> Result:
    """Return the answer that `render` wrote. Raises `InputError` when it is none, or one of another version."""
    try:
        result = msgspec.json.decode(text, type=Result)
    except msgspec.DecodeError as problem:
        raise InputError(
            f"this is no answer of whosaw: {str(problem)[:1].lower()}{str(problem)[1:]}", hint="`whosaw judge` writes one as `result.json`"
        ) from problem
    if result.schema != SCHEMA:
        raise InputError(
            f"the answer has the schema `{result.schema}`, expected `{SCHEMA}`", hint="run `whosaw judge` again with this version"
        )
    return result


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the answer."""
    schema = msgspec.json.schema(Result)
    schema["$defs"]["Result"]["properties"]["schema"] = {"const": SCHEMA}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **schema}
