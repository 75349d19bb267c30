"""What is a table of the configuration, what is a length of time in it, and what is said of a wrong key?"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import msgspec

from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A TOML table in which an unknown key is an error."""


DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
LONGEST_SECONDS = 365_000 * 86400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str, key: str) -> int:
    """Return a duration such as `30m` or `48h` in seconds."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"`{key}` is `{text}`, expected a whole number and s, m, h or d", hint='write for example `"30m"` or `"48h"`')
    found = int(match[1]) * _SECONDS[match[2]]
    if found > LONGEST_SECONDS:
        raise ConfigError(f"`{key}` is `{text}`, expected at most a thousand years", hint='write for example `"30m"` or `"48h"`')
    return found


def named(text: str, tables: Iterable[type[msgspec.Struct]], page: str) -> ConfigError:
    """Turn msgspec's message into ours: the key first, then what was expected. `page` is where the keys of the tables are described."""
    what, _, where = text.partition(" - at `$")
    key = where.rstrip("`").lstrip(".") or "the file"
    unknown = re.search(r"unknown field `([^`]+)`", what)
    if unknown:
        near = difflib.get_close_matches(unknown[1], sorted({name for table in tables for name in table.__struct_fields__}), 1)
        full = unknown[1] if key == "the file" else f"{key}.{unknown[1]}"
        hint = f"did you mean `{near[0]}`?" if near else f"{page} lists every key"
        return ConfigError(f"`{full}` is not a known key", hint=hint)
    missing = re.search(r"missing required field `([^`]+)`", what)
    if missing:
        return ConfigError(f"`{key}` lacks `{missing[1]}`", hint=f"{page} shows a whole example")
    return ConfigError(f"`{key}`: {what[0].lower()}{what[1:]}", hint=f"{page} lists what each key may hold")
