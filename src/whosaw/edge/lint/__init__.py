"""Which faults do existing configurations have, of proxies, lists of partners and policies? Rules find them; none of them is repaired here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.edge.lint import files, haproxy, lists, nginx, policy, squid
from whosaw.edge.lint.finding import Finding, Level, Lint, Target, found
from whosaw.edge.lint.guess import target as guessed
from whosaw.edge.lint.rules import haproxy as haproxy_rules
from whosaw.edge.lint.rules import lists as list_rules
from whosaw.edge.lint.rules import nginx as nginx_rules
from whosaw.edge.lint.rules import policy as policy_rules
from whosaw.edge.lint.rules import squid as squid_rules
from whosaw.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

__all__ = ["LINTS", "Finding", "Level", "Lint", "Target", "lint"]

LINTS = (*squid_rules.LINTS, *haproxy_rules.LINTS, *nginx_rules.LINTS, *list_rules.LINTS, *policy_rules.LINTS)
"""All rules; each has a row in docs/reference/edge-lint.md."""

_PARSERS = {Target.SQUID: squid.parse, Target.HAPROXY: haproxy.parse, Target.NGINX: nginx.parse, Target.LIST: lists.parse}


def lint(path: Path, moment: datetime, target: Target | None = None) -> tuple[Finding, ...]:
    """Return what the rules find in a file and in what it names, by line. Raises `InputError` if the file cannot be read."""
    if files.text(path) is None:
        raise InputError(f"cannot read `{path}`", hint="name a configuration, a list of partners or a policy")
    kind = target or guessed(path)
    config = policy.parse(path, moment) if kind is Target.POLICY else _PARSERS[kind](path)
    findings = {found(one, spot) for one in LINTS if one.target is kind for spot in one.look(config)}
    return tuple(sorted(findings, key=lambda f: (f.file != str(path), f.file, f.line, f.level, f.rule, f.what)))
