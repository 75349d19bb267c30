"""The three real proxies are started, read their configuration again, and are gone afterwards."""

import os
import shutil

import pytest

from whosaw.edge.verify.raw import Piece, talk
from whosaw.edge.verify.running import Running, command, free_port, program, version
from whosaw.errors import ConfigError

CONFIGURATIONS = {
    "squid": """
http_port 127.0.0.1:{port}
cache_effective_user {user}
pid_filename none
cache_log /dev/null
access_log none
cache deny all
shutdown_lifetime 0 seconds
dns_nameservers 127.0.0.1
http_access deny all
deny_info {status}:Answer all
""",
    "haproxy": """
defaults
  mode http
  timeout client 5s
frontend f
  bind 127.0.0.1:{port}
  http-request return status {status}
""",
    "nginx": """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; return {status}; }} }}
""",
}


@pytest.fixture
def configured(tmp_path):
    """Write a configuration that answers everything with one status, and return how it is run."""
    tmp_path.chmod(0o777)
    user = "proxy" if os.getuid() == 0 else ""

    def write(target, port, status):
        main = tmp_path / f"{target}.conf"
        main.write_text(CONFIGURATIONS[target].format(port=port, folder=tmp_path, user=user, status=status))
        return command(target, tmp_path, main)

    return write


def answer(port):
    return talk(("127.0.0.1", port), "127.0.0.1", [Piece(b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n")], patience=10)


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_a_proxy_is_started_reads_its_configuration_again_and_is_ended(configured, target):
    port = free_port()
    with Running(configured(target, port, 403), port) as proxy:
        assert answer(port).statuses == (403,)
        configured(target, port, 410 if target != "haproxy" else 404)
        proxy.reload()
        assert answer(port).statuses[0] in {404, 410}
    assert answer(port).trouble == "connection refused"
    assert version(target)[0].isdigit()


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_a_configuration_that_the_proxy_does_not_read_is_said_in_its_words(configured, target, tmp_path):
    run = configured(target, 1, 200)
    (tmp_path / f"{target}.conf").write_text("no_such_word 447700900123;\n")
    with pytest.raises(ConfigError, match=f"`{target}` does not start: .*no_such_word") as raised, Running(run, 1):
        pass
    assert "447700900123" not in raised.value.message


def test_a_proxy_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ConfigError, match="`squid` is not installed") as raised:
        program("squid")
    assert "--proxy" in raised.value.hint
