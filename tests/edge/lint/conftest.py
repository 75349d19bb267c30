"""Write a configuration and look at it as the command does."""

import os
import shutil
import subprocess
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


@pytest.fixture
def accepted(tmp_path):
    """Let a program itself look at a text; returns what it says against it, and nothing if it accepts it."""

    def said(program, text, *arguments, **beside):
        for name, content in {**beside, "config": text}.items():
            (tmp_path / name).write_text(content)
        found = shutil.which(program, path=os.pathsep.join(("/usr/sbin", "/usr/local/sbin", os.environ.get("PATH", ""))))
        done = subprocess.run(
            [found, *arguments, str(tmp_path / "config")], cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False
        )
        return done.stdout + done.stderr if done.returncode else ""

    return said
