"""The rules are those that nginx takes; what they do is proved by `verify`."""

import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from policies import PINNED, loaded
from whosaw.edge import compiled
from whosaw.edge.dialects import nginx

NOW = datetime(2026, 1, 15, tzinfo=UTC)
AROUND = """\
daemon off; pid {home}/nginx.pid; error_log {home}/error.log;
events {{}}
http {{
    access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u;
    scgi_temp_path {home}/s;
    include {home}/out/maps.conf;
    server {{
        listen 127.0.0.1:8080;
        location / {{ proxy_pass http://127.0.0.1:8081; proxy_set_header Host $host; include {home}/out/rules.conf; }}
    }}
}}
"""


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"head": 'mode = "quarantine"\naccept = ["cookies", "own-number"]\n'},
        {"partners": PINNED, "head": 'intercepted = true\naccept = ["cookies", "own-number", "pattern-names", "unlisted-names"]\n'},
        {"partners": ""},
    ],
    ids=["strict", "quarantine", "intercepted", "no partner"],
)
def test_nginx_takes_the_rules_without_a_warning(tmp_path, more):
    compiled.write(nginx.compiled(loaded(tmp_path, **more), NOW, tmp_path / "out"), tmp_path / "out")
    (tmp_path / "nginx.conf").write_text(AROUND.format(home=tmp_path))
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program, "nginx is not installed: ./dev test installs it"
    run = subprocess.run([program, "-t", "-c", str(tmp_path / "nginx.conf")], check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "[warn]" not in run.stderr.replace('[warn] the "user" directive', "")


def test_one_line_a_name_strips_and_tells(tmp_path):
    rules = nginx.compiled(loaded(tmp_path), NOW, tmp_path / "out").files()["rules.conf"]
    assert "proxy_set_header X-MSISDN $whosaw_value_x_msisdn;\n" in rules
    assert 'proxy_set_header X-Up-Calling-Line-ID "";\n' in rules
    assert rules.count("proxy_set_header X-MSISDN ") == 1


def test_in_quarantine_only_innocent_names_are_passed_on(tmp_path):
    rules = nginx.compiled(loaded(tmp_path, head='mode = "quarantine"\n'), NOW, tmp_path / "out").files()["rules.conf"]
    assert "proxy_pass_request_headers off;\n" in rules
    assert "proxy_set_header Accept-Language $http_accept_language;\n" in rules
    assert "X-Up-Calling-Line-ID" not in rules
