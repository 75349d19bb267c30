"""In which files do the disclosures lie?"""

from datetime import UTC, datetime

import pytest

from ledgers import filled, rows_of, stand_in
from whosaw.errors import LedgerError, StorageError
from whosaw.ledger import Ledger
from whosaw.ledger import parts as module
from whosaw.ledger.facts import Change


def listed(ledger):
    return ledger._parts.listed()


def test_rows_lie_in_the_folder_of_their_day_sorted_by_time(tmp_path, engine):
    stand_in(engine, [f"2012-01-{1 + i % 2:02} {9 - i % 10:02}:00" for i in range(40)])
    with filled(tmp_path, engine) as ledger:
        days = {p.name.partition("/")[0]: p for p in listed(ledger)}
        assert list(days) == ["day=2012-01-01", "day=2012-01-02"]
        for name, part in days.items():
            path = ledger._parts.path(part)
            assert engine.rows(f"select distinct seen_at::date::varchar from {module.reading([path])}") == [(name.removeprefix("day="),)]
            numbered = f"read_parquet('{path}', file_row_number = true)"
            keys = engine.rows(f"select seen_at, id from {numbered} order by file_row_number")
            assert keys == sorted(keys)
            assert (part.since.replace(tzinfo=None), part.until.replace(tzinfo=None)) == (keys[0][0], keys[-1][0])
            assert (part.rows, part.size, part.batch) == (20, path.stat().st_size, 1)


def test_the_day_of_the_folder_is_no_column(tmp_path, engine):
    stand_in(engine, ["2012-01-01"])
    with filled(tmp_path, engine) as ledger:
        ledger.open_in(engine)
        assert "day" not in engine.columns("select * from disclosures_read")


def test_nonsense_clocks_do_not_make_a_file_for_each_day(tmp_path, engine, monkeypatch):
    monkeypatch.setattr(module, "ENOUGH_ROWS", 5)
    times = [f"{1000 + i}-01-01" for i in range(500)] + ["2012-01-01"] * 5 + ["0001-01-01", "9999-12-31 23:59:59", "290000-01-01"]
    stand_in(engine, times)
    with filled(tmp_path, engine) as ledger:
        assert [p.day for p in listed(ledger)] == ["2012-01-01", ""]
        assert {p.name.partition("/")[0] for p in listed(ledger)} == {"day=2012-01-01", "day=__HIVE_DEFAULT_PARTITION__"}
        assert (listed(ledger)[1].since.year, listed(ledger)[1].until.year) == (1, 9999)
        assert rows_of(ledger, engine) == len(times)


def test_only_the_days_that_can_hold_it_are_looked_at(tmp_path, engine):
    stand_in(engine, ["2012-01-01 10:00", "2012-01-02 10:00", "2012-01-03 10:00"])
    with filled(tmp_path, engine) as ledger:

        def days(*span, **more):
            return [path.parent.name[-2:] for path in ledger.part_paths(*span, **more)]

        assert days() == ["01", "02", "03"]
        assert days(datetime(2012, 1, 2, 10, tzinfo=UTC)) == ["02", "03"]
        assert days(None, datetime(2012, 1, 2, 10, tzinfo=UTC)) == ["01"]
        assert days(None, datetime(2012, 1, 2, 10, 1)) == ["01", "02"]  # noqa: DTZ001 - a time without zone is UTC
        assert days(after=1) == []
        mark = ledger.batch
        stand_in(engine, ["2012-01-02 11:00"])
        filled(tmp_path, engine, ledger=ledger, number=2)
        assert days(after=mark) == ["02"]


def test_no_name_is_ever_used_twice(tmp_path, engine):
    names = []
    for i in range(3):
        stand_in(engine, ["2012-01-01"])
        with filled(tmp_path, engine, number=i) as ledger:
            names += [p.name for p in listed(ledger)]
            ledger.rewrite(engine, "true")
            assert listed(ledger) == []
    assert len(set(names)) == 3


def test_rows_that_cannot_all_be_written_leave_none(tmp_path, engine, monkeypatch):
    stand_in(engine, ["2012-01-01", "2012-01-02"])
    with Ledger(tmp_path, write=True) as ledger:
        real, seen = module.sync, []

        def full(path):
            seen.append(path)
            if len(seen) > 1:
                raise OSError(28, "No space left on device")
            real(path)

        monkeypatch.setattr(module, "sync", full)
        with pytest.raises(StorageError, match="no space left"):
            ledger.write(engine, "batch")
        assert list((tmp_path / "incoming").iterdir()) == []


def test_a_part_is_replaced_once(tmp_path, engine):
    stand_in(engine, ["2012-01-01"])
    with filled(tmp_path, engine) as ledger:
        old = listed(ledger)
        ledger.swap(Change(old, []))
        with pytest.raises(LedgerError, match="is not in the ledger any more"):
            ledger.swap(Change(old, ledger.write(engine, "batch")))
        assert listed(ledger) == []


# --- readers --------------------------------------------------------------------------------------------------------


def test_what_somebody_reads_is_removed_only_when_they_are_done(tmp_path, engine):
    stand_in(engine, ["2012-01-01"])
    with filled(tmp_path, engine) as ledger:
        with Ledger(tmp_path) as asking:
            asking.open_in(engine)
            (path,) = asking.part_paths()
            ledger.rewrite(engine, "true")
            assert engine.one("select count(*) from disclosures_read") == (1,)
            ledger._parts.sweep()
            assert path.exists()
        ledger._parts.sweep()
        assert not path.exists()
        assert not path.parent.exists()


# --- damage ---------------------------------------------------------------------------------------------------------


def damaged(path, how):
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "another":
        path.write_bytes(b"PAR1 broken PAR1")
    else:
        path.write_bytes(content[:60] + bytes(b ^ 0xFF for b in content[60:90]) + content[90:])
    return content


@pytest.mark.parametrize("how", ["gone", "cut", "another"])
def test_a_part_that_cannot_be_opened_is_set_aside_and_said_to_be_lost(tmp_path, engine, how):
    stand_in(engine, ["2012-01-01", "2012-01-02", "2012-01-02"])
    with filled(tmp_path, engine) as ledger:
        bad = listed(ledger)[1]
        content = damaged(ledger._parts.path(bad), how)
        with Ledger(tmp_path) as asking:
            assert rows_of(asking, engine) == 1
            assert asking.lost() == [bad]
            assert len(listed(asking)) == 2, "who only asks changes nothing"
        assert rows_of(ledger, engine) == 1
        assert (ledger.lost(), [p.day for p in listed(ledger)]) == ([bad], ["2012-01-01"])
        name = bad.name.rpartition("/")[2]
        assert (tmp_path / "quarantine" / name).exists() == (how != "gone")
    with Ledger(tmp_path, write=True) as ledger:
        assert ledger.lost() == [bad]
    (tmp_path / "quarantine" / name).write_bytes(content)  # from a backup
    with Ledger(tmp_path, write=True) as ledger:
        assert ledger.lost() == []
        assert rows_of(ledger, engine) == 3


def test_damage_within_the_columns_is_found_when_all_is_read(tmp_path, engine):
    stand_in(engine, ["2012-01-01"] * 1000)
    with filled(tmp_path, engine) as ledger:
        assert not ledger.set_damaged_aside()
        damaged(ledger.part_paths()[0], "within")
        assert ledger._parts.sound(engine, listed(ledger)), "the part still opens"
        assert ledger.set_damaged_aside()
        assert [p.rows for p in ledger.lost()] == [1000]


def test_parts_that_are_whole_and_not_what_the_manifest_says_are_no_ledger(tmp_path, engine):
    stand_in(engine, ["2012-01-01"])
    with filled(tmp_path, engine) as ledger:
        ledger._manifest.rows("update parts set rows = 2")
        with pytest.raises(LedgerError, match="not as many as its manifest says"):
            ledger.open_in(engine)


def test_a_part_that_may_not_be_read_is_not_there(tmp_path, engine):
    stand_in(engine, ["2012-01-01"])
    with filled(tmp_path, engine) as ledger:
        (path,) = ledger.part_paths()
        path.unlink()
        path.mkdir()
        assert not ledger._parts.intact(listed(ledger)[0])
        path.rmdir()


def test_a_checksum_is_of_all_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    before = module.checksum(path)
    path.write_bytes(b"abd")
    assert module.checksum(path) != before


def test_the_days_of_a_ledger_are_known_without_reading_it_unless_a_part_is_of_several_or_cut(tmp_path, engine):
    stand_in(engine, ["2012-01-10 10:00:00", "2012-01-10 23:59:59", "2012-01-11 00:00:00"])
    with filled(tmp_path / "ledger", engine) as ledger:
        tenth, eleventh = datetime(2012, 1, 10), datetime(2012, 1, 11)  # noqa: DTZ001 - as the ledger keeps times
        assert ledger.days() == [(tenth, 2), (eleventh, 1)]
        assert ledger.days(datetime(2012, 1, 11, tzinfo=UTC)) == [(tenth, 2)]
        assert ledger.days(datetime(2012, 1, 10, 12, tzinfo=UTC)) is None
        stand_in(engine, [f"2013-01-{day:02} 10:00:00" for day in range(1, 9)], number=2)
        filled(tmp_path / "ledger", engine, ledger=ledger, number=2)
        assert ledger.days() is None
