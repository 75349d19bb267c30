"""Every decision is a line of one of two files, whole, in the ledger's own pseudonyms; what could not be written is counted."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from whosaw.edge.record import Decision, Recorder, append, keyed
from whosaw.errors import StorageError
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


def test_what_the_disk_does_not_take_is_counted_as_lost(tmp_path, monkeypatch):
    recorder = Recorder(tmp_path)
    for outcome in ("shown", "shown", "stopped"):
        recorder.write(Decision(seen_at=SEEN, service="icap", outcome=outcome))
    with monkeypatch.context() as broken:
        broken.setattr("whosaw.edge.record.os.fsync", refuse)
        recorder.flush()
    assert (recorder.written, recorder.lost) == (0, 3)
    recorder.write(Decision(seen_at=SEEN, service="icap", outcome="shown"))
    recorder.close()
    assert (recorder.written, recorder.lost) == (1, 3)


def refuse(_file):
    raise OSError(errno.EIO, "input/output error")


def test_files_that_cannot_be_opened_anew_leave_the_old_ones(tmp_path):
    recorder = Recorder(tmp_path / "edge")
    (tmp_path / "edge").rename(tmp_path / "before")
    (tmp_path / "edge").touch()
    with pytest.raises(StorageError, match=r"cannot record decisions in .*: (file exists|not a directory)"):
        recorder.reopen()
    recorder.write(Decision(seen_at=SEEN, service="icap", outcome="shown"))
    recorder.close()
    assert len((tmp_path / "before" / "shown.jsonl").read_text().splitlines()) == 1


def test_many_write_while_the_files_are_flushed_and_opened_anew(tmp_path):
    recorder = Recorder(tmp_path)
    one = Decision(seen_at=SEEN, service="decide", outcome="shown")
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(lambda: [recorder.write(one) for _ in range(500)]) for _ in range(4)]
        jobs += [pool.submit(lambda job=job: [job() for _ in range(50)]) for job in (recorder.flush, recorder.reopen)]
        for job in jobs:
            job.result()
    recorder.close()
    assert (recorder.written, recorder.lost) == (2000, 0)
    assert (tmp_path / "shown.jsonl").read_text().count("\n") == 2000


def test_nothing_to_append_makes_no_file(tmp_path):
    assert append(tmp_path / "edge", []) == 0
    assert not (tmp_path / "edge").exists()
