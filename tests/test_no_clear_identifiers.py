"""This software must not be the next leak: nothing it says or writes names a drill's customer, login or agent in clear."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from whosaw import drill

SEED = 11
FORMATS = ("html", "json", "csv", "sarif", "ocsf")


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("operator")
    drill.write(folder, scenarios=["bad-quarter"], seed=SEED, customers=400, days=20)
    return folder


def whosaw(folder, *arguments):
    path = os.pathsep.join(sys.path)
    run = subprocess.run(
        [sys.executable, "-m", "whosaw", *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=False
    )
    return run.stdout + run.stderr


def clear_identifiers(folder):
    """Everything in the registries that names a person: accounts, numbers, logins, agents, bills."""
    found = set()
    for registry in (folder / "registry").glob("*.csv"):
        with registry.open() as f:
            for row in csv.DictReader(f):
                found |= {row[name] for name in ("account", "login", "agent", "number", "bill") if row.get(name)}
    return {name.encode() for name in found if len(name) >= 6}


def test_no_output_and_no_file_of_the_ledger_names_anyone(operator):
    outs = [f"--out={name}=out/answer.{name}" for name in FORMATS]
    said = whosaw(operator, "judge", "whosaw.toml", "--dir", "ledger", *outs)
    for question in (
        ["report"],
        ["explain", "INC-1"],
        ["explain", "account-mixup"],
        ["scope", "INC-2"],
        ["explain", "logs/crm/audit.csv:3"],
    ):
        said += whosaw(operator, *question, "--dir", "ledger")
    account = (operator / "registry/logins.csv").read_text().splitlines()[1].split(",")[1]
    said += whosaw(operator, "saw", account, "--all", "--dir", "ledger")
    said += whosaw(operator, "saw", "A-nobody-has-this", "--dir", "ledger")
    said += whosaw(operator, "doctor", "whosaw.toml") + whosaw(
        operator, "init", "logs/portal/access.log", "--no-input", "--to", "sketch.toml"
    )
    assert b"account-mixup" in said
    written = [p for p in operator.rglob("*") if p.is_file() and {"logs", "registry"}.isdisjoint(p.relative_to(operator).parts)]
    everything = {"what was said": said} | {str(p.relative_to(operator)): p.read_bytes() for p in written if p.name != "truth.json"}

    assert {"out/answer.html", "ledger/manifest.sqlite", "sketch.toml"} <= set(everything)
    assert {place: name for place, data in everything.items() for name in clear_identifiers(operator) if name in data} == {}


def test_a_reason_opens_the_vault_and_is_recorded(operator):
    whosaw(operator, "judge", "whosaw.toml", "--dir", "opened", "--quiet")
    masked = whosaw(operator, "explain", "logs/crm/audit.csv:3", "--dir", "opened")
    opened = whosaw(operator, "explain", "logs/crm/audit.csv:3", "--dir", "opened", "--reveal", "complaint 4711")
    line = (operator / "logs/crm/audit.csv").read_text().splitlines()[2].split(",")
    agent, account = line[1], line[4]

    assert agent.encode() not in masked
    assert agent.encode() in opened
    assert account.encode() in opened
    assert b"complaint 4711" in whosaw(operator, "saw", account, "--all", "--dir", "opened")


def test_an_error_about_a_configuration_quotes_no_value_of_a_registry(operator, tmp_path):
    text = (operator / "whosaw.toml").read_text().replace('customer = "account"', 'customer = "nowhere"', 1)
    (tmp_path / "whosaw.toml").write_text(text)
    for name in ("logs", "registry"):
        (tmp_path / name).symlink_to(Path(operator) / name)

    said = whosaw(tmp_path, "judge", "whosaw.toml", "--dir", "ledger")

    assert b"hint:" in said
    assert not any(name in said for name in clear_identifiers(operator))
