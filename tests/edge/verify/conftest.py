"""A policy in which every kind of agreement occurs, and the scene that is made of it."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from whosaw.edge import policy as policies
from whosaw.edge.verify import scene as scenes
from whosaw.edge.verify.origins import Origins
from whosaw.edge.verify.report import Report
from whosaw.edge.verify.sending import Result
from whosaw.edge.verify.starting import Stage

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = """
accept = ["pattern-names", "unlisted-names", "cookies", "own-number", "expiry", "trailers"]

[[field]]
name = "msisdn"
header = "X-MSISDN"

[[field]]
name = "acr"
header = "X-ACR"
value = "acr"
data = "identity"

[subscribers]
file = "subscribers.csv"
ttl = "1s"

[log]
key_file = "any.key"

[[partner]]
agreement = "A-1"
hosts = ["music.example", ".tickets.example", "*.games.example"]
fields = ["msisdn"]

[[partner]]
agreement = "A-2"
hosts = ["bank.example"]
fields = ["acr", "msisdn"]
encoding = "base64"
ports = [80, 8081]
path = "/billing/"

[[partner]]
agreement = "A-0"
hosts = ["old.example", "*.gone.example"]
fields = ["msisdn"]
until = 2020-01-01T00:00:00Z
"""

PINNED = (
    POLICY.partition("[[partner]]")[0]
    + """
[[partner]]
agreement = "P-1"
hosts = ["music.example", "*.games.example"]
addresses = ["198.51.100.0/24"]
fields = ["msisdn"]

[[partner]]
agreement = "P-2"
hosts = [".tickets.example"]
addresses = ["198.51.100.8/29", "2001:db8::/32"]
fields = ["msisdn", "acr"]
encoding = "sha256"
"""
)


@pytest.fixture
def text():
    return POLICY


@pytest.fixture
def pinned():
    return f"intercepted = true\n{PINNED}"


@pytest.fixture
def moment():
    return MOMENT


@pytest.fixture
def origins():
    with Origins() as those:
        yield those


@pytest.fixture
def staged(written, origins):
    """Return the stage of a policy on a proxy, in a folder that a proxy without the rights of root can reach."""
    folders = []

    def made(text, target):
        folder = Path(tempfile.mkdtemp(prefix="whosaw-stage-"))
        folders.append(folder)
        return Stage(policies.load(written(text)), target, MOMENT, folder, origins)

    yield made
    for folder in folders:
        shutil.rmtree(folder)


@pytest.fixture
def written(tmp_path):
    """Write a policy file and return its path."""

    def write(text=POLICY):
        path = tmp_path / "policy.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def policy(written):
    return policies.load(written())


@pytest.fixture
def scene(policy, tmp_path):
    here = scenes.local(policy, tmp_path)
    return scenes.stage(here, MOMENT, scenes.invented(here))


@pytest.fixture
def accepting(scene):
    return scene._replace(open_gaps=scene.policy.accept)


@pytest.fixture
def with_partners():
    """Return a policy with other agreements."""

    def changed(policy, *partners):
        return msgspec.structs.replace(policy, partners=partners)

    return changed


@pytest.fixture
def report():
    """Return a report in which probes ended in some states."""

    def made(*states, mutants=()):
        results = tuple(
            Result(probe=f"p{n}", claim="a claim", state=state, why=("x: y",), milliseconds=7) for n, state in enumerate(states)
        )
        return Report(
            policy="0" * 16,
            catalogue="1",
            target="nginx",
            version="1.22.1",
            proxy="started",
            begun="2026-03-01T00:00:00Z",
            ended="2026-03-01T00:00:01Z",
            cpu_milliseconds=5,
            accepted=(),
            results=results,
            mutants=mutants,
        )

    return made
