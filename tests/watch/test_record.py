"""Is every state of an incident kept with its date, told once, and never overwritten?"""

import sqlite3
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from report.sample import mixup
from whosaw.errors import StorageError
from whosaw.model import Bound, Evidence
from whosaw.watch.record import Record, status_of

NOON = datetime(2012, 1, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def incident(name="INC-1", customers=12, disclosures=40, **more):
    return msgspec.structs.replace(mixup(), id=name, customers=Bound(customers, customers + 5), disclosures=disclosures, **more)


@pytest.fixture
def record(tmp_path):
    with Record(tmp_path, more_tables="create table if not exists told (name text, number integer);") as record:
        yield record


def revise(record, *found, at=NOON, merged=None, queue=lambda *_: None):
    return record.revise(found, merged or {}, made=at, every=HOUR, queue=queue)


def test_the_first_sight_is_revision_one(record):
    (first,) = revise(record, incident())
    assert (first.name, first.number, first.is_new) == ("INC-1", 1, True)
    assert record.history("INC-1") == [first]


def test_nothing_new_is_no_revision(record):
    revise(record, incident())
    assert revise(record, incident(), at=NOON + 9 * HOUR) == []


def test_mere_growth_waits_for_its_hour(record):
    revise(record, incident(disclosures=40))
    assert revise(record, incident(disclosures=41), at=NOON + timedelta(minutes=59)) == []
    (second,) = revise(record, incident(disclosures=41), at=NOON + HOUR)
    assert second.changes == ("disclosures 40 -> 41",)


@pytest.mark.parametrize(
    "now",
    [
        {"customers": 24},
        {"customers": 3},
        {"disclosures": 80},
        {"evidence_kind": Evidence.WEAK},
        {"since": NOON - timedelta(days=90)},
        {"data": ["number"]},
    ],
)
def test_what_matters_is_told_at_once(record, now):
    revise(record, incident())
    (second,) = revise(record, incident(**now))
    assert second.number == 2
    assert not second.is_new


def test_an_incident_that_is_explained_is_taken_back_and_its_history_stays(record):
    revise(record, incident())
    (second,) = revise(record)
    assert second.incident is None
    assert second.changes == ("every disclosure of it has been explained since",)
    assert revise(record) == []
    (third,) = revise(record, incident())
    assert [r.number for r in record.history("INC-1")] == [1, 2, 3]
    assert third.changes == ("seen again after it had been explained",)


def test_an_incident_that_became_part_of_another_says_of_which(record):
    revise(record, incident(), incident("INC-2"))
    (gone,) = revise(record, incident(), merged={"INC-2": "INC-1"})
    assert gone.changes[0].startswith("is part of INC-1")


def test_a_revision_and_its_message_are_written_together_or_not_at_all(record):
    def queue(db, revision):
        db.execute("insert into told values (?, ?)", [revision.name, revision.number])
        if revision.name == "INC-2":
            raise sqlite3.OperationalError

    with pytest.raises(StorageError, match="cannot write"):
        revise(record, incident(), incident("INC-2"), queue=queue)
    assert record.latest() == {}
    assert len(revise(record, incident())) == 1


def test_a_state_is_read_back_as_it_was_written(record):
    revise(record, incident())
    assert record.latest()["INC-1"].incident == incident()


def test_the_status_is_read_without_the_watch(record, tmp_path):
    assert status_of(tmp_path / "elsewhere") is None
    assert status_of(tmp_path) is None
    record.keep_status(b"{}")
    record.keep_status(b'{"a":1}')
    assert status_of(tmp_path) == b'{"a":1}'
