"""What is a table of the configuration, and what is a length of time in it?"""

from __future__ import annotations

import re

import msgspec

from whosaw.errors import ConfigError


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
