"""Which parts count, and what is known besides?"""

import sqlite3

import pytest

from whosaw.errors import LedgerError, StorageError
from whosaw.ledger.manifest import MANIFEST, Manifest, advance, trouble


@pytest.fixture
def manifest(tmp_path):
    made = Manifest(tmp_path)
    yield made
    made.close()


def test_a_number_is_given_once_and_never_again(manifest, tmp_path):
    assert [manifest.reserve("sequence", 3), manifest.reserve("sequence", 2), manifest.reserve("other", 1)] == [1, 4, 1]
    manifest.close()
    again = Manifest(tmp_path)
    assert again.reserve("sequence", 1) == 6
    again.close()


def test_a_change_that_fails_leaves_nothing(manifest):
    def change(db):
        advance(db, "batch")
        raise KeyError

    with pytest.raises(KeyError):
        manifest.together(change)
    assert manifest.rows("select * from counters") == []
    manifest.together(lambda db: advance(db, "batch"))
    assert manifest.rows("select * from counters") == [("batch", 1)]


def test_what_is_looked_at_steadily_does_not_change_under_the_look(manifest, tmp_path):
    other = Manifest(tmp_path)
    with manifest.steady():
        other.reserve("batch", 1)
        with manifest.steady():
            assert manifest.rows("select * from counters") == []
        assert manifest.rows("select * from counters") == []
    assert manifest.rows("select * from counters") == [("batch", 1)]
    other.close()


def test_what_is_committed_is_on_the_disk(manifest):
    assert manifest.rows("pragma synchronous") == [(2,)]
    assert manifest.rows("pragma journal_mode") == [("wal",)]


def test_another_version_is_refused_before_anything_is_written(manifest, tmp_path):
    manifest.rows("update meta set value = '1' where key = 'version'")
    manifest.rows("drop table lost")
    manifest.close()
    with pytest.raises(LedgerError, match="is a ledger of version 1, expected 2"):
        Manifest(tmp_path)
    db = sqlite3.connect(tmp_path / MANIFEST)
    assert db.execute("select count(*) from sqlite_master where name = 'lost'").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize(("name", "kind"), [("SQLITE_BUSY", LedgerError), ("SQLITE_FULL", StorageError), ("SQLITE_CORRUPT", LedgerError)])
def test_trouble_is_told_by_its_kind(tmp_path, name, kind):
    problem = sqlite3.OperationalError("it does not work")
    problem.sqlite_errorname = name
    assert isinstance(trouble(tmp_path, problem), kind)
