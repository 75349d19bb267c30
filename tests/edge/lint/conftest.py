"""Write a configuration and look at it as the command does."""

from datetime import UTC, datetime

import pytest

from whosaw.edge.lint import Target, lint

MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = {Target.SQUID: "squid.conf", Target.HAPROXY: "haproxy.cfg", Target.NGINX: "nginx.conf", Target.POLICY: "policy.toml"}


@pytest.fixture
def rules_of(tmp_path):
    """Return the ids of the rules that find something in a text, with the lines they stand at; further files lie beside it."""

    def looked_at(target, text, **beside):
        for name, content in beside.items():
            (tmp_path / name.replace("_", ".")).write_text(content)
        path = tmp_path / NAMES.get(target, "partners.lst")
        path.write_text(text)
        return {(finding.rule, finding.line) for finding in lint(path, MOMENT, target)}

    return looked_at
