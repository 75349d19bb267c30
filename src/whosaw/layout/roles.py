"""Which column plays which part? The names that people and programs give to the same thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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


def guess_roles(fields: Sequence[str], *, times: Collection[str], names: Mapping[str, Sequence[str]] = ROLE_NAMES) -> dict[str, str]:
    """Return role -> field by the fields' names; the time must be one of `times`, the fields whose values read as times.

    A whole name wins over the last part of a dotted one; one field plays one part.
    """
    keys = {_bare(name): name for name in reversed(fields)}
    tails = {_bare(name.rpartition(".")[2]): name for name in reversed(fields)}
    roles: dict[str, str] = {}
    for role, usual in names.items():
        taken = set(roles.values())
        wanted = (place[_bare(name)] for name in usual for place in (keys, tails) if _bare(name) in place)
        for field in wanted:
            if field not in taken and (role != "time" or field in times):
                roles[role] = field
                break
    # Any field that reads as a time will do, unless nothing is known about the values.
    if "time" not in roles and 0 < len(times) < len(fields):
        roles["time"] = next(name for name in fields if name in times)
    if "uri" in roles and "method" in roles:
        roles.pop("request", None)
    return roles


def _bare(name: str) -> str:
    """Return a name without its spelling: `createdAt`, `Created At` and `created_at` are one."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())
