"""Which names are asked from behind the gateway, and which way? The target file of `whosaw probe header-echo`, checked once."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import msgspec

from whosaw.config.tables import Table, seconds
from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "docs/guides/canary-probe.md has a whole example"
_DOMAIN = re.compile(r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{1,63}(?<!-)")
_PLACE = re.compile(r"[^:\s]+:[0-9]{1,5}|\[[0-9a-fA-F:.]+\]:[0-9]{1,5}")


class EchoTarget(Table, frozen=True, kw_only=True):
    """Own domains below which any name leads to an origin of ours, and how a request gets there.

    `address` (HOST:PORT) is where the origin lies, if it is not to be looked up; `proxy` is a proxy that is asked openly. `partner` is a
    name that the gateway's policy has as a partner: it must be told, or the line is not behind the gateway. `allow` are names of
    headers that may be added.
    """

    key_file: str
    domains: tuple[str, ...]
    strangers: int = 3
    partner: str = ""
    address: str = ""
    proxy: str = ""
    allow: tuple[str, ...] = ()
    timeout: str = "10s"


def load(path: Path) -> EchoTarget:
    """Return the checked target file. Raises `ConfigError`."""
    try:
        target = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), EchoTarget)
    except OSError as problem:
        raise ConfigError(f"cannot read `{path}`: {(problem.strerror or 'unknown reason').lower()}", hint=_HINT) from problem
    except msgspec.ValidationError as problem:
        what, _, where = str(problem).partition(" - at `$")
        key = where.rstrip("`").lstrip(".") or path.name
        raise ConfigError(f"`{key}`: {what[0].lower()}{what[1:]}", hint=_HINT) from problem
    except ValueError as problem:
        raise ConfigError(f"`{path}` is not TOML: {str(problem).lower()}", hint=_HINT) from problem
    _check(target)
    return target


def _check(target: EchoTarget) -> None:
    if not target.domains:
        raise ConfigError("`domains` is empty", hint="name a domain of your own below which every name leads to the origin")
    for key, name in (*(("domains", name) for name in target.domains), *([("partner", target.partner)] if target.partner else [])):
        if not _DOMAIN.fullmatch(name):
            raise ConfigError(f"`{key}` holds `{name}`, expected a host name in lower case", hint=_HINT)
    for key, place in (("address", target.address), ("proxy", target.proxy)):
        if place and (not _PLACE.fullmatch(place) or int(place.rpartition(":")[2]) > 65_535):
            raise ConfigError(f"`{key}` is `{place}`, expected HOST:PORT", hint=_HINT)
    if not 1 <= target.strangers <= 100:
        raise ConfigError(f"`strangers` is {target.strangers}, expected 1 to 100", hint="three names are enough to tell a rule from a slip")
    seconds(target.timeout, "timeout")
