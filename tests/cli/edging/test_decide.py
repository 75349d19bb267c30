"""What does a person see who starts the service that is asked before data are shown?"""

import json
import signal
import socket

import pytest

import decisions
from decisions import CERTIFIED
from whosaw.cli.edging.decide import _address
from whosaw.errors import ConfigError


def test_it_says_where_it_answers_and_at_its_end_what_it_recorded(tmp_path):
    with decisions.serving(tmp_path, CERTIFIED) as service:
        service.decisions(decisions.asked(("user", "alice"), "read", ("record", "record-1")))
        assert service.stop(signal.SIGTERM) == 0
    said = (tmp_path / "talk").read_text().splitlines()
    assert said == [f"3 entitlements; answering at 127.0.0.1:{service.port}", "decisions recorded: 1"]
    assert (tmp_path / "out" / "secret.key").exists(), "the ledger's own key, so that its judge knows who is meant"


def test_a_port_that_is_taken_is_told_at_once(run, tmp_path):
    path = decisions.configured(tmp_path, CERTIFIED)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = run("edge", "decide", path, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert said.code == 4
    assert said.message[0].startswith("cannot listen at `127.0.0.1:")


@pytest.mark.parametrize("text", ["8181", "here:", ":80", "127.0.0.1:99999", "127.0.0.1:x"])
def test_an_address_without_a_host_or_a_port_is_none(text):
    with pytest.raises(ConfigError, match="expected an address and a port"):
        _address(text)


def test_an_address_may_be_one_of_ipv6():
    assert _address("[::1]:8181") == ("::1", 8181)


def test_its_record_may_lie_elsewhere(tmp_path):
    with decisions.serving(tmp_path, CERTIFIED, options=["--record", str(tmp_path / "audit")]) as service:
        service.decisions(decisions.asked(("user", "bob"), "write", ("record", "record-1")))
        (line,) = (tmp_path / "audit" / "stopped.jsonl").read_text().splitlines()
    assert json.loads(line)["outcome"] == "stopped"
