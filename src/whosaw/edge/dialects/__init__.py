"""How does each proxy say it? One file per proxy; `DIALECTS` is the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.edge.dialects import haproxy, nginx, squid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from whosaw.edge.compiled import Compiled
    from whosaw.edge.policy import Policy

DIALECTS: Mapping[str, Callable[[Policy, datetime, Path], Compiled]] = {
    "squid": squid.compiled,
    "haproxy": haproxy.compiled,
    "nginx": nginx.compiled,
}
"""Proxy -> what makes its rules of a policy at a moment, for the folder they will lie in."""
