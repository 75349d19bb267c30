"""How do rows leave the ledger with their verdict?"""

from datetime import UTC, datetime

import pytest

from ledgers import filled, rows_of, stand_in
from whosaw.errors import LedgerError
from whosaw.ledger import COLUMNS, KEPT, Ledger, Settlement
from whosaw.ledger.facts import Change

NOTE = ("2012-03-01", "ada", "retain", "")


def kept_rows(engine):
    more = ", ".join(f"null::{kind} as {name}" for name, kind, _ in KEPT[len(COLUMNS) :])
    engine.run(f"create or replace temp table settling as select batch.*, {more} from batch")


@pytest.fixture
def ledger(tmp_path, engine):
    stand_in(engine, ["2012-01-01", "2012-01-01", "2012-01-02"])
    kept_rows(engine)
    engine.run("delete from settling where source_line <> 1")
    with filled(tmp_path, engine) as made:
        yield made


def settled(ledger, engine, **more):
    live, kept = ledger.leaving(engine, "source_line < 3"), ledger.keeping(engine, "settling")
    ledger.settle(Settlement(live, kept, [("2012-01-01", 1, 1, 1)], NOTE, **more))


def test_what_leaves_is_kept_or_counted_in_one_transaction(ledger, engine, tmp_path):
    settled(ledger, engine)
    assert rows_of(ledger, engine) == 1
    assert engine.rows("select source_line, why from kept_read") == [(1, None)]
    assert ledger.settled() == [("2012-01-01", 1)]
    assert ledger.settled_of(1) == (1, 1)
    assert ledger.settlements() == [(*NOTE, 1, 1)]
    assert len(list((tmp_path / "kept").rglob("*.parquet"))) == 1


def test_a_settlement_that_does_not_come_to_count_changes_nothing(ledger, engine, tmp_path, monkeypatch):
    def stop(*_):
        raise LedgerError("the power fails", hint="none")

    with monkeypatch.context() as patch:
        patch.setattr("whosaw.ledger.settling.record", stop)
        with pytest.raises(LedgerError):
            settled(ledger, engine)
    assert rows_of(ledger, engine) == 3
    assert ledger.settlements() == []
    ledger.__exit__()
    with Ledger(tmp_path, write=True) as again:
        assert rows_of(again, engine) == 3
        assert list((tmp_path / "kept").rglob("*.parquet")) == []


def test_numbers_of_one_day_and_file_add_up(ledger, engine):
    settled(ledger, engine)
    ledger.settle(Settlement(Change(), Change(), [("2012-01-01", 1, 2, 0)], NOTE))
    assert ledger.settled_of(1) == (3, 1)


def test_only_whole_days_before_a_moment_are_counted_for_it(ledger, engine):
    settled(ledger, engine)
    assert ledger.settled(datetime(2012, 1, 1, 12, tzinfo=UTC)) == []
    assert ledger.settled(datetime(2012, 1, 2, tzinfo=UTC)) == [("2012-01-01", 1)]


def test_a_pseudonym_is_replaced_wherever_the_manifest_holds_it(ledger, engine):
    ledger.note_lookup(at="2012-02-01", by="ada", command="saw", customer=7, reason="asked")
    ledger.vouch([("ownership", 8, 7, None, "2012-01-01", "paper", "ada", "2012-02-01")])
    settled(ledger, engine, renamed={7: 70, 8: 80})
    assert ledger.lookups(7) == []
    assert len(ledger.lookups(70)) == 1
    assert ledger.vouched()[0][1:3] == (80, 70)


def test_a_lot_of_names_shrinks_or_goes(ledger, engine):
    ledger._manifest.rows("insert into names values ('c', 1, 9, x'00'), ('c', 1, 5, x'01')")
    (one, _), (other, _) = ledger.lots("c", 3)
    settled(ledger, engine, lots=[(one, 4, 9, b"new"), (other, 0, 0, b"")])
    assert ledger._manifest.rows("select first, last, sealed from names") == [(4, 9, b"new")]
