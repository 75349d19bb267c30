"""Does a report reach the desk, masked and sealed, and only so often?"""

import json
import stat
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from whosaw.edge.check_page import reports
from whosaw.edge.check_page.answer import Answer, Doubt, Verdict
from whosaw.edge.check_page.reports import Report, Reports, message_of
from whosaw.errors import StorageError
from whosaw.identifiers import Addition

NOW = datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC)
ANSWER = Answer(Verdict.IDENTIFIED, (Addition("X-MSISDN", "447700900123"),), (Doubt.TWO_ADDRESSES,))
MESSAGE = "call me: 447700900123, ann@mail.example"


def written(tmp_path, message=MESSAGE):
    name = Reports(tmp_path, "Small Operator").write(ANSWER, message, "10.0.0.1", NOW, lambda *_: "d" * 32)
    return tmp_path / f"{name}.json"


def test_a_report_holds_what_was_seen_masked_and_the_message_sealed(tmp_path):
    path = written(tmp_path)
    text = path.read_text()
    assert "447700900123" not in text
    assert "ann@" not in text
    found = json.loads(text)
    assert (found["schema"], found["verdict"], found["made"], found["source"]) == (
        "whosaw.report/1",
        "identified",
        "2026-01-01T12:34Z",
        "check-page",
    )
    assert found["seen"] == [
        {"header": "X-MSISDN", "place": "header", "class": "msisdn", "listed": True, "masked": "4477…23", "digest": "d" * 32}
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_whoever_has_the_key_reads_the_message(tmp_path):
    report = msgspec.json.decode(written(tmp_path).read_bytes(), type=Report)
    assert message_of(report, tmp_path / "desk.key") == MESSAGE
    empty = msgspec.json.decode(written(tmp_path, "").read_bytes(), type=Report)
    assert message_of(empty, tmp_path / "desk.key") == ""


def test_only_so_many_are_taken_within_an_hour(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "OF_ONE_ADDRESS", 2)
    monkeypatch.setattr(reports, "AN_HOUR", 3)
    taken = Reports(tmp_path, "")
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        assert taken.welcome(address, NOW)
        taken.write(ANSWER, "", address, NOW, lambda *_: "")
    assert not taken.welcome("10.0.0.3", NOW)
    assert taken.welcome("10.0.0.1", NOW + timedelta(hours=1))


def test_one_address_has_its_share(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "OF_ONE_ADDRESS", 1)
    taken = Reports(tmp_path, "")
    taken.write(ANSWER, "", "10.0.0.1", NOW, lambda *_: "")
    assert not taken.welcome("10.0.0.1", NOW)
    assert taken.welcome("10.0.0.2", NOW)


def test_a_folder_that_is_gone_is_told_and_nothing_is_half_written(tmp_path):
    folder = tmp_path / "reports"
    taken = Reports(folder, "")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with pytest.raises(StorageError, match="cannot write a report"):
        taken.write(ANSWER, "", "10.0.0.1", NOW, lambda *_: "")
