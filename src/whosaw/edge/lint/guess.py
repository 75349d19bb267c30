"""What is a file written for? By its name, else by the words it uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.edge.lint import files
from whosaw.edge.lint.finding import Target

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = {".toml": Target.POLICY, ".yaml": Target.POLICY, ".yml": Target.POLICY, ".csv": Target.POLICY}
_WORDS = {
    Target.SQUID: re.compile(
        r"^\s*(?:acl\s+\S+\s+(?:dst|src|url_|note|method|port|external|any-of|all-of)|http_access|http_port|icap_|request_header_|adaptation_)",
        re.MULTILINE,
    ),
    Target.HAPROXY: re.compile(
        r"^\s*(?:frontend|backend|listen|defaults|global|bind|http-request|acl\s+\S+\s+\S+\s+-)(?=\s|$|-)", re.MULTILINE
    ),
    Target.NGINX: re.compile(
        r"^\s*(?:server|location|http|events|upstream|map)\b[^\n]*\{|^\s*(?:proxy_|grpc_|include |log_format)[^\n]*;", re.MULTILINE
    ),
}


def target(path: Path) -> Target:
    """Return the target of a file; what speaks no proxy's language is a list."""
    named = next((kind for kind in _WORDS if kind.value in path.name.lower()), None)
    if found := named or _SUFFIXES.get(path.suffix.lower()):
        return found
    whole = files.text(path) or ""
    counts = {kind: len(words.findall(whole)) for kind, words in _WORDS.items()}
    best = max(counts, key=lambda kind: counts[kind])
    return best if counts[best] else Target.LIST
