import socket
import sys

import pytest

from whosaw.drill.live import processes
from whosaw.drill.live.processes import CannotStartError, Process, free_port, program

LISTENS = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"


@pytest.fixture
def python(monkeypatch):
    monkeypatch.setattr(processes, "program", lambda _: sys.executable)


def test_a_server_listens_when_it_has_started_and_not_when_it_has_ended(python, tmp_path):
    port = free_port("127.0.0.1")
    process = Process("python", ["-c", LISTENS, str(port)], address="127.0.0.1", port=port, talk=tmp_path / "talk")
    socket.create_connection(("127.0.0.1", port)).close()
    assert process.runs()
    process.close()
    assert not process.runs()
    process.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_server_that_gives_up_is_told_with_its_own_words(python, tmp_path):
    with pytest.raises(CannotStartError, match="`python` does not start: no room here") as stop:
        Process("python", ["-c", "import sys; sys.exit('no room here')"], address="127.0.0.1", port=1, talk=tmp_path / "talk")
    assert "talk" in stop.value.hint


def test_a_server_that_is_not_installed_is_named_with_its_package(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(processes, "_SBIN", ())
    with pytest.raises(CannotStartError, match="`nginx` is not installed") as stop:
        program("nginx")
    assert stop.value.hint == "apt-get install nginx"
