"""Every decision is a line of one of two files, whole, in the ledger's own pseudonyms; what could not be written is counted."""

import json
import os
from datetime import UTC, datetime

from whosaw.edge.record import Decision, Recorder, keyed
from whosaw.identifiers import label

SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_what_was_shown_and_what_was_stopped_lie_apart(tmp_path):
    recorder = Recorder(tmp_path / "edge")
    recorder.write(Decision(seen_at=SEEN, service="icap", outcome="stopped", site="news.example"))
    recorder.write(Decision(seen_at=SEEN, service="decide", outcome="shown", customer=keyed("c", 7)))
    recorder.flush()
    recorder.close()
    (stopped,) = (tmp_path / "edge" / "stopped.jsonl").read_text().splitlines()
    (shown,) = (tmp_path / "edge" / "shown.jsonl").read_text().splitlines()
    assert json.loads(stopped)["site"] == "news.example"
    assert json.loads(shown) == {"seen_at": "2026-01-02T03:04:05Z", "service": "decide", "outcome": "shown", "customer": keyed("c", 7)}
    assert (tmp_path / "edge" / "shown.jsonl").stat().st_mode & 0o077 == 0


def test_a_pseudonym_is_written_whole_and_begins_as_it_is_shown():
    assert keyed("c", -5).startswith(label("c", -5))
    assert len(keyed("c", -5)) == 18


def test_a_file_that_was_moved_away_is_opened_anew(tmp_path):
    recorder = Recorder(tmp_path)
    recorder.write(Decision(seen_at=SEEN, service="icap", outcome="shown"))
    (tmp_path / "shown.jsonl").rename(tmp_path / "shown.jsonl.1")
    recorder.reopen()
    recorder.write(Decision(seen_at=SEEN, service="icap", outcome="shown"))
    assert [len((tmp_path / name).read_text().splitlines()) for name in ("shown.jsonl", "shown.jsonl.1")] == [1, 1]


def test_a_decision_that_could_not_be_written_is_counted(tmp_path):
    recorder = Recorder(tmp_path)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, recorder._files["shown"])
    recorder.write(Decision(seen_at=SEEN, service="icap", outcome="shown"))
    assert (recorder.written, recorder.lost) == (0, 1)


def test_half_a_line_takes_no_other_with_it(tmp_path, monkeypatch):
    recorder = Recorder(tmp_path)
    real = os.write
    monkeypatch.setattr("whosaw.edge.record.os.write", lambda file, line: real(file, line[:20]))
    recorder.write(Decision(seen_at=SEEN, service="icap", outcome="shown", site="one.example"))
    monkeypatch.undo()
    recorder.write(Decision(seen_at=SEEN, service="icap", outcome="shown", site="two.example"))
    half, whole = (tmp_path / "shown.jsonl").read_text().splitlines()
    assert len(half) == 20
    assert json.loads(whole)["site"] == "two.example"
    assert (recorder.written, recorder.lost) == (1, 1)
