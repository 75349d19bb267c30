"""Which column plays which part? The names that people and programs give to the same thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROLE_NAMES: Mapping[str, tuple[str, ...]] = {
    "time": (
        *("time", "timestamp", "seen_at", "ts", "time_iso8601", "msec", "time_local", "datetime", "date_time", "date", "event_time"),
        *("timestamp_derived", "created_at", "created_date", "start_time", "started_at", "logged_at", "when"),
    ),
    "client": (
        *("remote_addr", "client_ip", "remote_ip", "source_ip", "src_ip", "ip_address", "ip", "client"),
        *("client_addr", "client_address", "remote_address", "downstream_remote_address", "remote_host", "x_real_ip"),
    ),
    "recipient": (
        *("recipient", "remote_user", "user_id", "agent_id", "employee_id", "staff_id", "operator_id", "created_by_id"),
        *("login", "user_name", "user", "employee", "staff", "operator", "created_by"),
    ),
    "method": ("request_method", "method", "http_method", "verb"),
    "uri": ("request_uri", "uri", "url", "request_url", "path", "request_path", "uri_path", "page"),
    "host": ("host", "http_host", "server_name", "vhost", "authority", "virtual_host"),
    "status": ("status", "status_code", "response_status", "response_code", "http_status", "code"),
    "bytes": ("body_bytes_sent", "bytes_sent", "bytes", "size", "response_size", "bytes_out", "sc_bytes"),
    "agent": ("http_user_agent", "user_agent", "browser", "agent"),
    "referer": ("http_referer", "referer", "referrer"),
    "cache": ("upstream_cache_status", "cache_status", "cache", "x_cache"),
    "session": ("session", "session_id", "session_key", "sid"),
    "request": ("request", "request_line"),
}
"""The parts of a line, each with its usual names, the surest first."""


def guess_roles(fields: Sequence[str], *, clocks: Mapping[str, str], names: Mapping[str, Sequence[str]] = ROLE_NAMES) -> dict[str, str]:
    """Return role -> field by the fields' names; the time must have one of `clocks`, field -> clock of its values.

    A whole name wins over the last part of a dotted one; one field plays one part.
    """
    keys = {_bare(name): name for name in reversed(fields)}
    tails = {_bare(name.rpartition(".")[2]): name for name in reversed(fields)}
    roles: dict[str, str] = {}
    for role, usual in names.items():
        taken = set(roles.values())
        wanted = (place[_bare(name)] for name in usual for place in (keys, tails) if _bare(name) in place)
        for field in wanted:
            if field not in taken and (role != "time" or clocks.get(field)):
                roles[role] = field
                break
    # Another name will do for the time if its values are dates; bare digits may be a phone number.
    dated = [name for name in fields if len(clocks.get(name, "")) > 2 and not clocks[name].startswith("epoch")]
    if "time" not in roles and dated:
        roles = {"time": dated[0]} | {role: field for role, field in roles.items() if field != dated[0]}
    if "uri" in roles and "method" in roles:
        roles.pop("request", None)
    return roles


def _bare(name: str) -> str:
    """Return a name without its spelling: `createdAt`, `Created At` and `created_at` are one."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())
