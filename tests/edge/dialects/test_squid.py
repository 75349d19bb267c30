"""The rules are those that Squid takes; what they do is proved by `verify`."""

import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from policies import GROUND, PINNED, loaded
from whosaw.edge import compiled
from whosaw.edge.dialects import squid

NOW = datetime(2026, 1, 15, tzinfo=UTC)
AROUND = """\
http_port 127.0.0.1:3128
visible_hostname gateway.example
pid_filename {home}/squid.pid
cache_log {home}/cache.log
coredump_dir {home}
include {home}/out/whosaw.conf
http_access allow all
"""


@pytest.fixture
def parsed(tmp_path):
    """What Squid says of a policy: nothing but its usual words if all is well."""

    def said(**more):
        compiled.write(squid.compiled(loaded(tmp_path, **more), NOW, tmp_path / "out"), tmp_path / "out")
        (tmp_path / "squid.conf").write_text(AROUND.format(home=tmp_path))
        program = shutil.which("squid", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        assert program, "squid is not installed: ./dev test installs it"
        run = subprocess.run([program, "-k", "parse", "-f", str(tmp_path / "squid.conf")], check=False, capture_output=True, text=True)
        return run.returncode, [line for line in run.stderr.splitlines() if ("WARNING" in line or "ERROR" in line or "FATAL" in line)]

    return said


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"head": 'mode = "quarantine"\naccept = ["cookies", "own-number"]\n'},
        {"partners": PINNED, "head": 'intercepted = true\naccept = ["cookies", "own-number", "pattern-names", "unlisted-names"]\n'},
        {"partners": ""},
        {"head": "", "ground": '[icap]\nurl = "icap://127.0.0.1:1344/request"\n' + GROUND},
    ],
    ids=["strict", "quarantine", "intercepted", "no partner", "with ICAP"],
)
def test_squid_takes_the_rules_without_a_warning(parsed, more):
    assert parsed(**more) == (0, [])


def test_every_spelling_of_every_listed_name_is_stripped(tmp_path):
    text = squid.compiled(loaded(tmp_path), NOW, tmp_path / "out").files()["whosaw.conf"]
    for name in ("X-MSISDN", "X_MSISDN", "X-Up-Calling-Line-ID", "X_Up_Calling_Line_ID", "X-Up_Calling-Line_ID"):
        assert f"request_header_access {name} deny all\n" in text


def test_a_domain_that_is_not_meant_itself_is_left_out(tmp_path):
    files = squid.compiled(loaded(tmp_path), NOW, tmp_path / "out").files()
    assert ".games.example\n" in files["hosts-2.txt"]
    assert files["not-2.txt"] == "games.example\n"


def test_without_partners_nothing_is_looked_up(tmp_path):
    files = squid.compiled(loaded(tmp_path, ""), NOW, tmp_path / "out").files()
    assert set(files) == {"whosaw.conf"}
    assert "request_header_add" not in files["whosaw.conf"]


def test_squid_goes_on_without_the_icap_service_for_what_is_stripped_by_name_is_stripped_anyway(tmp_path):
    policy = loaded(tmp_path, head="", ground='[icap]\nurl = "icap://127.0.0.1:1344/request"\n' + GROUND)
    text = squid.compiled(policy, NOW, tmp_path / "out").files()["whosaw.conf"]
    assert "icap_service whosaw_icap reqmod_precache bypass=on on-overload=wait icap://127.0.0.1:1344/request\n" in text
    assert "adaptation_send_client_ip on\n" in text
    assert "request_header_access X-MSISDN deny all\n" in text
