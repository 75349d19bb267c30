"""What must be put back is on the disk before anything is written, survives a kill, and is gone when it is done."""

import pytest

from whosaw.errors import StorageError
from whosaw.probes.asking.journal import Journal


def test_what_was_begun_is_open_for_the_next_run(tmp_path):
    path = tmp_path / "journal"
    Journal(path).begin("/profile", "ann", {"nonce": "old"})
    (entry,) = Journal(path).open
    assert (entry.write, entry.identity, entry.before) == ("/profile", "ann", {"nonce": "old"})
    assert path.stat().st_mode & 0o077 == 0


def test_the_file_is_gone_when_nothing_is_open(tmp_path):
    journal = Journal(tmp_path / "journal")
    first, second = journal.begin("/a", "ann", {}), journal.begin("/a", "bob", {})
    journal.settle(second)
    assert [entry.identity for entry in Journal(tmp_path / "journal").open] == ["ann"]
    journal.settle(first)
    assert not (tmp_path / "journal").exists()


def test_half_a_line_of_a_killed_run_is_no_harm(tmp_path):
    path = tmp_path / "journal"
    Journal(path).begin("/a", "ann", {"nonce": "x"})
    with path.open("ab") as f:
        f.write(b'\n{"number":2,"wri')
    again = Journal(path)
    assert [entry.number for entry in again.open] == [1]
    again.begin("/a", "bob", {})
    assert len(Journal(path).open) == 2


def test_a_journal_that_cannot_be_written_stops_before_the_write(tmp_path):
    with pytest.raises(StorageError, match="cannot use the journal"):
        Journal(tmp_path / "missing" / "journal").begin("/a", "ann", {})
