"""On the live operator, behind a real nginx: with its faults on each is found and nothing else, with none there is silence."""

import json
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest

import selfcare
from whosaw.config import probing
from whosaw.probes import PROBES
from whosaw.probes.asking.conduct import conduct

pytestmark = pytest.mark.xdist_group("live-probes")
PATIENCE = 60.0
FAULTS = (
    "session-mixup=0.01",
    "relogin-mixup",
    "cached-page",
    "cached-cookie",
    "missing-object-check",
    "missing-tenant-check",
    "writable-profile",
    "lookup-without-reason",
    "anonymous-export",
    "former-owner",
)
FOUND = {
    "portal": {
        ("account-mixup", "any page"),
        ("cached-page", "GET /me/phonebook"),
        ("shared-session", "GET /help"),
        ("foreign-record", "GET /bills/{bill}"),
        ("foreign-write", "PUT /profiles/{account}"),
        ("anonymous-read", "GET /export/customers/{account}"),
        ("former-owner", "GET /api/v1/numbers/{msisdn}"),
    },
    "bills": {
        ("foreign-record", "GET /company/bills/{bill}"),
        ("foreign-record", "GET /company/bills?company={company}"),
        ("foreign-record", "GET /company/export?company={company}"),
        ("foreign-record", "GET /company/lines/{number}"),
        ("foreign-record", "POST /graphql"),
    },
    "crm": {
        ("unexplained-lookup", "GET /customers/{account}?reason={reason}"),
        ("unexplained-lookup", "GET /customers/{account}/calls?reason={reason}"),
    },
}


@contextmanager
def operator(*faults):
    """Run the live operator with faults until the end of the block, in a folder that Squid may enter."""
    with tempfile.TemporaryDirectory(prefix="whosaw-live-") as made:
        Path(made).chmod(0o755)
        with _running(Path(made) / "live", *faults) as told:
            yield told, Path(made) / "live"


@contextmanager
def _running(folder, *faults):
    words = [word for fault in faults for word in ("--fault", fault)]
    command = [sys.executable, "-m", "whosaw", "drill", "--live", "--dir", str(folder), "--traffic", "2", *words]
    with (folder.parent / "talk").open("w+") as talk:
        running = subprocess.Popen(command, stdout=talk, stderr=talk)
        try:
            wait(lambda: (folder / "operator.json").exists() or running.poll() is not None)
            assert running.poll() is None, Path(talk.name).read_text()
            yield json.loads((folder / "operator.json").read_text())
        finally:
            running.terminate()
            running.wait(PATIENCE)


def wait(happened):
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def asked(folder, app):
    """What all probes find on an application of the operator, by the target file that the operator wrote."""
    target = msgspec.structs.replace(probing.load(folder / f"probe-{app}.toml", {}), budget=probing.Budget(rate=1000.0))
    outcome = conduct(selfcare.run_on(None, folder, target=target), PROBES, lambda _: None).outcome
    return {(finding.kind, finding.operation) for finding in outcome.findings}, outcome


@pytest.fixture(scope="module")
def leaking():
    with operator(*FAULTS) as (told, folder):
        log = folder / "logs" / "portal" / "access.log"
        urlopen(f"{told['urls']['portal']}/export/customers/{told['identities'][0]['account']}").close()  # noqa: S310 - our own portal
        wait(lambda: "/export/" in log.read_text())
        yield folder


@pytest.fixture(scope="module")
def sound():
    with operator() as (_, folder):
        yield folder


@pytest.mark.parametrize("app", FOUND)
def test_every_fault_is_found_and_nothing_else(leaking, app):
    found, _ = asked(leaking, app)
    pages = {(kind, re.sub(r"^GET /help.*", "GET /help", page)) for kind, page in found}
    assert pages == FOUND[app]


@pytest.mark.parametrize("app", FOUND)
def test_without_faults_there_is_silence(sound, app):
    found, outcome = asked(sound, app)
    assert (found, outcome.exit_code) == (set(), 0)
    assert outcome.requests < 3000


def test_the_command_line_asks_what_the_operator_wrote(sound, tmp_path):
    command = [sys.executable, "-m", "whosaw", "probe", str(sound / "probe-portal.toml"), "--only", "neighbour", "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "NO LEAK FOUND in what could be asked: self-care portal")


def test_the_guide_shows_what_the_probes_say(leaking):
    """Its figures are of one run; what was found, and the words, are those of every run."""
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "probe-your-portal-in-ci.md").read_text(encoding="utf-8")
    found, _ = asked(leaking, "portal")
    shown = re.findall(r"^P-[0-9]+ (\S+)  (.+)$", guide, re.MULTILINE)
    assert len(shown) == 3
    assert set(shown) <= found


def test_the_guides_target_file_is_right(tmp_path):
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "probe-your-portal-in-ci.md").read_text(encoding="utf-8")
    for page in (guide, (Path(__file__).parents[2] / "docs" / "reference" / "probe.md").read_text(encoding="utf-8")):
        (block,) = (text for text in re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if text.startswith("url"))
        (tmp_path / "probe.toml").write_text(block)
        assert len(probing.load(tmp_path / "probe.toml", {}).identity) == 2
