"""The rules are those that HAProxy takes; what they do is proved by `verify`."""

import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from policies import PINNED, loaded
from whosaw.edge import compiled
from whosaw.edge.dialects import haproxy
from whosaw.identifiers import catalogue

NOW = datetime(2026, 1, 15, tzinfo=UTC)
AROUND = """\
defaults mine
    mode http
    timeout connect 5s
    timeout server 5s
frontend gateway from whosaw
    log 127.0.0.1:5514 local0
    timeout client 5s
    bind 127.0.0.1:8080
    default_backend web
backend web from mine
    server web 127.0.0.1:8081
"""


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"head": 'mode = "quarantine"\naccept = ["cookies", "own-number"]\n'},
        {"partners": PINNED, "head": 'intercepted = true\naccept = ["cookies", "own-number"]\n'},
        {"partners": ""},
    ],
    ids=["strict", "quarantine", "intercepted", "no partner"],
)
def test_haproxy_takes_the_rules_without_a_warning(tmp_path, more):
    compiled.write(haproxy.compiled(loaded(tmp_path, **more), NOW, tmp_path / "out"), tmp_path / "out")
    (tmp_path / "mine.cfg").write_text(AROUND)
    program = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program, "haproxy is not installed: ./dev test installs it"
    command = [program, "-c", "-f", str(tmp_path / "out" / "whosaw.cfg"), "-f", str(tmp_path / "mine.cfg")]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr


@pytest.fixture
def pattern(tmp_path):
    """The one pattern that deletes names."""
    text = haproxy.compiled(loaded(tmp_path), NOW, tmp_path / "out").files()["whosaw.cfg"]
    return re.compile(re.search(r"del-header '(.*)' -m reg", text)[1])


def test_the_pattern_meets_every_listed_name_in_every_spelling_and_none_that_is_innocent(pattern):
    headers = [entry.name for entry in catalogue().headers if entry.place == "header"]
    for name in headers:
        for spelled in (name, name.upper(), name.replace("-", "_"), name.replace("_", "-"), name.replace("-", ".")):
            assert pattern.match(spelled.replace("*", "ANYTHING")), spelled
    assert pattern.match("X-Brandnew-Msisdn")
    for name in ("Host", "Cookie", "Accept", "User-Agent", "Referer", "X-Requested-With", "X-Wap-Profile", "X-ATT-DeviceId"):
        assert not pattern.match(name), name


def test_a_pin_is_looked_up_in_the_networks_of_its_size(tmp_path):
    files = haproxy.compiled(loaded(tmp_path, PINNED, head="intercepted = true\n"), NOW, tmp_path / "out").files()
    hosts = {name: text.split() for name, text in files.items() if name.startswith("hosts-")}
    assert hosts == {
        "hosts-1-0-4-24.lst": ["music.example|127.0.0.0"],
        "hosts-1-2-4-24.lst": [".games.example|127.0.0.0"],
        "hosts-1-0-4-29.lst": ["tickets.example|127.0.0.8"],
        "hosts-1-2-4-29.lst": [".tickets.example|127.0.0.8"],
        "hosts-1-0-6-32.lst": ["tickets.example|2001:db8::"],
        "hosts-1-2-6-32.lst": [".tickets.example|2001:db8::"],
    }
    assert "dst,ipmask(24)" in files["whosaw.cfg"]
    assert "dst,ipmask(32,32)" in files["whosaw.cfg"]
