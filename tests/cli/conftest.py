"""What does a person at a terminal see? Each test has a folder of its own and runs the commands as they are run."""

import json
import subprocess
import sys

import pytest

from small_operator import BILLS, LOGINS, line, written
from whosaw import cli

TOML = """
[operator]
name = "Small Operator"

[[source]]
name = "portal"
files = ["portal*.log"]
channel = "portal"
format = "jsonl"
recipient_kind = "customer_login"
recipient = "login"
customer = "account"
session = "sid"
[[source.route]]
template = "/home"
data = ["account"]
self = true
[[source.route]]
template = "/bill/{bill}"
data = ["bill"]
object = "bill"

[[owner]]
object = "bill"
file = "bills.csv"
columns = { object = "bill", customer = "account", since = "since", until = "until" }

[[entitlement]]
basis = "ownership"
file = "logins.csv"
columns = { recipient = "login", customer = "account", since = "since", until = "until" }
"""


class Said:
    """What a command said, and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in err

    @property
    def message(self):
        """The message and its hint, which are all that stands on standard error."""
        what, _, hint = self.err.rpartition("\n\nhint: ")
        return what, hint.strip()


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in the test's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments, stdin=None):
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["whosaw", *map(str, arguments)])
            if stdin is not None:
                patch.setattr(sys, "stdin", stdin)
            with pytest.raises(SystemExit) as stop:
                cli.main()
        out, err = capsys.readouterr()
        return Said(stop.value.code or 0, out, err)

    return run


@pytest.fixture
def small(tmp_path):
    """The small operator's folder: one login shown another's account, one bill of another's."""
    lines = [
        line("10:00", "anna", account="A1"),
        line("10:01", "bert", account="A1"),
        line("11:02", "anna", uri="/bill/B2"),
        line("11:03", "anna", uri="/bill/B1"),
        line("11:04", "anna", uri="/style.css"),
    ]
    return written(tmp_path, whosaw_toml=TOML, portal_log=lines, logins_csv=LOGINS, bills_csv=BILLS)


@pytest.fixture
def judged(run, small):
    """The same, judged once."""
    assert run("judge", "--quiet").code == 0
    return small


@pytest.fixture
def result(tmp_path):
    return lambda folder="whosaw-out": json.loads((tmp_path / folder / "result.json").read_text())


@pytest.fixture
def as_nobody(tmp_path):
    """Run a command as somebody without rights, in a process of its own; modules are loaded while they may be."""

    def as_nobody(*arguments):
        code = (
            "import os, sys, encodings.idna\n"
            "from whosaw import cli, judge, report, readers\n"
            "from whosaw.cli import judging, inquiry, setup\n"
            "import duckdb, cryptography.hazmat.primitives.ciphers.aead, cryptography.hazmat.primitives.kdf.hkdf, nanoarrow, rich.console\n"
            "os.chdir(sys.argv.pop(1))\n"
            "if os.getuid() == 0: os.setgid(65534), os.setuid(65534)\n"
            "cli.main()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONPATH": ":".join(p for p in sys.path if p), "HOME": str(tmp_path), "NO_COLOR": "1"},
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return as_nobody
