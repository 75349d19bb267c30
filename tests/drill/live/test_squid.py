from pathlib import Path

import pytest

from whosaw.drill.live import squid
from whosaw.drill.live.faults import switches
from whosaw.drill.live.processes import CannotStartError
from whosaw.drill.live.squid import Net, configuration

NET = Net("127.0.0.1", 3128, 8080, {"127.0.0.1": "447700900001"}, ["tones.example"])


def text(*faults):
    return configuration(Path("/run/here"), Path("/run/logs"), net=NET, faults=switches(faults))


def test_the_gateway_listens_on_loopback_and_leads_nowhere_else():
    lines = text().splitlines()
    assert [line for line in lines if line.startswith("http_port")] == ["http_port 127.0.0.1:3128"]
    rules = [line for line in lines if line.startswith("http_access")]
    assert rules[:2] == ["http_access deny !sites", "http_access deny !make_believe"]
    assert "@" not in text().replace("@here", "")


def test_the_fault_is_the_partner_list_and_nothing_else():
    right, wrong = set(text().splitlines()), set(text("header-to-everyone").splitlines())
    assert right - wrong == {"http_access allow partners known"}
    assert {line for line in wrong - right if not line.startswith("#")} == {"http_access allow known"}


def test_a_folder_that_squid_cannot_enter_is_told_before_it_is_tried(monkeypatch, tmp_path):
    monkeypatch.setattr(squid, "account", lambda: "root")
    closed = tmp_path / "closed"
    (closed / "run").mkdir(parents=True)
    closed.chmod(0o700)
    with pytest.raises(CannotStartError, match="cannot enter"):
        squid._hand_over(closed / "run" / "squid")
