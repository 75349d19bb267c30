"""How does the ledger stay small and right?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers import filled, rows_of, stand_in
from whosaw.engine.duckdb import Engine
from whosaw.ledger import Ledger, upkeep
from whosaw.ledger import parts as module


def listed(ledger):
    return ledger._parts.listed()


def held(ledger, engine):
    ledger.open_in(engine)
    return engine.rows("select * from disclosures_read order by id")


def of_appends(folder, engine, *appends):
    ledger = None
    for i, times in enumerate(appends, start=1):
        stand_in(engine, times, number=i)
        ledger = filled(folder, engine, ledger=ledger, number=i)
    return ledger


def test_small_parts_of_a_day_become_one_and_nothing_else_changes(tmp_path, engine):
    with of_appends(tmp_path, engine, *[["2012-01-01 10:00", "2012-01-02 09:00"]] * 5) as ledger:
        before = held(ledger, engine)
        assert ledger.compact(engine) == 8
        assert [(p.day, p.rows, p.batch) for p in listed(ledger)] == [("2012-01-01", 5, 5), ("2012-01-02", 5, 5)]
        assert held(ledger, engine) == before
        assert len(list((tmp_path / "disclosures").rglob("*.parquet"))) == 2
        assert ledger.compact(engine) == 0


def test_parts_that_are_still_asked_for_by_their_append_are_left_alone(tmp_path, engine):
    with of_appends(tmp_path, engine, *[["2012-01-01"]] * 5) as ledger:
        ledger.compact(engine, before=4)
        assert [p.batch for p in listed(ledger)] == [4, 5, 3]
        assert len(ledger.part_paths(after=3)) == 2


def test_a_day_with_few_small_parts_is_not_worth_it(tmp_path, engine):
    with of_appends(tmp_path, engine, *[["2012-01-01"]] * 3) as ledger:
        assert ledger.compact(engine, least=4) == 0
        assert len(listed(ledger)) == 3


def test_merging_makes_no_part_larger_than_a_full_one(tmp_path, engine, monkeypatch):
    monkeypatch.setattr(upkeep, "FULL", 10)
    with of_appends(tmp_path, engine, *[["2012-01-01"] * 4] * 6) as ledger:
        before = held(ledger, engine)
        ledger.compact(engine)
        assert [p.rows for p in listed(ledger)] == [8, 8, 8]
        assert held(ledger, engine) == before


def test_rows_of_many_days_find_their_days_when_there_are_enough(tmp_path, engine, monkeypatch):
    monkeypatch.setattr(module, "ENOUGH_ROWS", 3)
    with of_appends(tmp_path, engine, *[[f"2012-01-{d:02}" for d in range(1, 8)]] * 3) as ledger:
        assert [p.day for p in listed(ledger)] == ["", "", ""]
        before = held(ledger, engine)
        ledger.compact(engine)
        assert [(p.day[-2:], p.rows) for p in listed(ledger)] == [(f"{d:02}", 3) for d in range(1, 8)]
        assert held(ledger, engine) == before


def test_a_damaged_part_is_not_merged_into_a_sound_one(tmp_path, engine):
    with of_appends(tmp_path, engine, *[["2012-01-01"]] * 3) as ledger:
        path = ledger.part_paths()[1]
        path.write_bytes(path.read_bytes()[:-20] + b"\0" * 20)
        assert ledger.compact(engine) == 0


def test_only_parts_that_hold_such_rows_are_written_anew(tmp_path, engine):
    with of_appends(tmp_path, engine, ["2012-01-01"] * 9, ["2012-01-02"] * 9, ["2012-01-03"]) as ledger:
        before = {p.day: p for p in listed(ledger)}
        assert ledger.rewrite(engine, "id >> 32 = 2 and source_line > 4") == 5
        after = {p.day: p for p in listed(ledger)}
        assert after["2012-01-01"] == before["2012-01-01"]
        assert (after["2012-01-02"].rows, after["2012-01-02"].batch) == (4, 2)
        assert ledger.rewrite(engine, "id >> 32 = 3") == 1
        assert [p.day for p in listed(ledger)] == ["2012-01-01", "2012-01-02"]
        assert rows_of(ledger, engine) == 13


def test_a_row_of_which_a_condition_says_nothing_stays(tmp_path, engine):
    with of_appends(tmp_path, engine, ["2012-01-01"] * 3) as ledger:
        assert ledger.rewrite(engine, "site = 'x.example' or source_line = 1") == 1
        assert rows_of(ledger, engine) == 2


@settings(max_examples=12, deadline=None)
@given(
    appends=st.lists(
        st.lists(st.sampled_from(["2012-01-01", "2012-01-02", "2012-02-01", "1970-01-01", "0005-01-01"]), max_size=9),
        min_size=1,
        max_size=6,
    ),
    steps=st.lists(st.tuples(st.integers(0, 8), st.integers(2, 3)), max_size=4),
)
def test_however_parts_are_merged_and_written_anew_the_rows_are_the_same(tmp_path_factory, appends, steps):
    engine = Engine()
    with of_appends(tmp_path_factory.mktemp("any"), engine, *appends) as ledger:
        expected = {row[0] for row in held(ledger, engine)}
        for line, least in steps:
            ledger.compact(engine, least=least)
            ledger.rewrite(engine, f"source_line = {line}")
            expected = {key for key in expected if key & 0xFFFFFFFF != line}
            assert [row[0] for row in held(ledger, engine)] == sorted(expected)
    engine.close()


@pytest.mark.parametrize("least", [2, 3])
def test_a_ledger_without_parts_is_kept_too(tmp_path, engine, least):
    with Ledger(tmp_path, write=True) as ledger:
        assert ledger.compact(engine, least=least) == 0
        assert ledger.rewrite(engine, "true") == 0
