"""What was shown, according to the logs? Facts are kept whole or not at all."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from small_operator import BILLS, LOGINS, MADE, case, counts, judged, line, operator, portal, read_counts, written
from whosaw import judge
from whosaw.engine.duckdb import Engine
from whosaw.errors import LedgerError, StorageError
from whosaw.identifiers.vault import Vault
from whosaw.judge.work import opened
from whosaw.ledger import COLUMNS, FileRow, Ledger, disclosure_key, disclosure_label
from whosaw.ledger import manifest as module
from whosaw.model import DataClass

DAY = [line("10:00", "anna", account="A1"), line("10:01", "bert", account="A1"), line("10:02", "anna", uri="/bill/B2")]


def ids(folder, ledger="ledger"):
    with opened(case(folder, ledger=ledger)) as work:
        work.ledger.open_in(work.engine)
        return dict(work.engine.rows("select source_line, id from disclosures_read order by 1"))


def parts(folder):
    return sorted(
        str(path.relative_to(folder / "ledger" / "disclosures")) for path in (folder / "ledger" / "disclosures").rglob("*.parquet")
    )


# --- reading twice, growing, rotating -------------------------------------------------------------------------------


def test_the_same_input_twice_changes_nothing(tmp_path):
    operator(tmp_path, DAY)
    first = judged(tmp_path)
    before = ids(tmp_path), parts(tmp_path)
    assert judged(tmp_path) == first
    assert (ids(tmp_path), parts(tmp_path)) == before
    assert read_counts(first) == (3, 3, 0, 0)


def test_the_order_in_which_files_arrive_changes_nothing(tmp_path):
    days = {
        f"portal-{d}_log": [line(f"2012-01-1{d}T10:00:00Z", "bert", account="A1"), line(f"2012-01-1{d}T11:00:00Z", "anna", account="A1")]
        for d in range(3)
    }
    answers = []
    for i, order in enumerate([(0, 1, 2), (2, 1, 0), (1, 2, 0)]):
        folder = tmp_path / str(i)
        folder.mkdir()
        written(folder, logins_csv=LOGINS, bills_csv=BILLS)
        for d in order:
            written(folder, **{f"portal-{d}_log": days[f"portal-{d}_log"]})
            answer = judged(folder)
        answers.append((answer, all_ids(folder)))
    assert answers[0] == answers[1] == answers[2]
    assert read_counts(answers[0][0]) == (6, 6, 0, 0)


def test_a_grown_file_is_read_on_and_keeps_its_ids(tmp_path):
    operator(tmp_path, DAY[:2])
    judged(tmp_path)
    before = ids(tmp_path)
    operator(tmp_path, DAY)
    grown = judged(tmp_path)
    assert read_counts(grown) == (3, 3, 0, 0)
    assert {n: key for n, key in ids(tmp_path).items() if n in before} == before
    assert sorted(all_ids(tmp_path)) == sorted(ids(tmp_path).values())


def test_a_file_that_grew_beyond_the_first_block_keeps_its_ids(tmp_path):
    many = [line("10:00", "anna", account="A1", filler="x" * 200) for _ in range(500)]
    operator(tmp_path, many[:200])
    judged(tmp_path)
    before = ids(tmp_path)
    for upto in (210, 400, 500):
        operator(tmp_path, many[:upto])
        assert read_counts(judged(tmp_path)) == (upto, upto, 0, 0)
    assert before.items() <= ids(tmp_path).items()


def test_a_line_that_was_half_written_is_read_when_it_is_whole(tmp_path):
    whole = "".join(f"{row}\n" for row in DAY)
    operator(tmp_path, portal_log=whole[:-40])
    assert read_counts(judged(tmp_path)) == (3, 2, 1, 0)
    operator(tmp_path, portal_log=whole)
    assert read_counts(judged(tmp_path)) == (3, 3, 0, 0)


def test_a_log_that_is_rotated_while_it_grows_is_counted_once(tmp_path):
    operator(tmp_path, DAY[:2])
    judged(tmp_path)
    before = ids(tmp_path)
    written(tmp_path, **{"portal.log.1": DAY, "portal_log": [line("12:00", "bert", account="A2")]})
    rotated = judged(tmp_path)
    assert read_counts(rotated) == (4, 4, 0, 0)
    assert set(before.values()) <= all_ids(tmp_path)


def all_ids(folder):
    with opened(case(folder)) as work:
        work.ledger.open_in(work.engine)
        return {row[0] for row in work.engine.rows("select id from disclosures_read")}


def test_content_that_went_into_a_longer_file_is_known_and_not_added_again(tmp_path):
    operator(tmp_path, DAY[:2])
    judged(tmp_path)
    operator(tmp_path, DAY)
    judged(tmp_path)
    operator(tmp_path, DAY[:2])  # an old copy is put back
    assert read_counts(judged(tmp_path)) == (3, 3, 0, 0)


def test_files_that_share_only_a_heading_do_not_replace_each_other(tmp_path):
    settings = {"source": [portal(format="csv", files=["*.csv"])], "entitlement": [], "owner": []}
    heading = "time,login,account,sid,uri\n"
    written(tmp_path, a_csv=heading, b_csv=heading + "2012-01-10T10:00:00Z,anna,A1,s,/home\n")
    first = judged(tmp_path, settings)
    assert read_counts(first) == (1, 1, 0, 0)
    assert {f.path for f in files(tmp_path)} == {"a.csv", "b.csv"}
    assert judged(tmp_path, settings) == first


def files(folder):
    with Ledger(folder / "ledger") as ledger:
        return ledger.files()


def test_two_files_that_begin_alike_have_different_numbers(tmp_path):
    settings = {"source": [portal(), portal(name="second", files=["portal.log"])]}
    operator(tmp_path, DAY)
    assert read_counts(judged(tmp_path, settings)) == (6, 6, 0, 0)
    assert len({f.number for f in files(tmp_path)}) == 2
    assert len(all_ids(tmp_path)) == 6


def test_content_that_was_read_for_one_source_is_new_for_another(tmp_path):
    operator(tmp_path, DAY)
    assert read_counts(judged(tmp_path)) == (3, 3, 0, 0)
    assert read_counts(judged(tmp_path, {"source": [portal(), portal(name="second", files=["portal.log"])]})) == (6, 6, 0, 0)


# --- a crash between any two steps ----------------------------------------------------------------------------------


class Crash(BaseException):
    """Power is cut."""


def stop(*_, **__):
    raise Crash


STEPS = {
    "before the part is written": "whosaw.ledger.parts.Parts.write",
    "before the part is on the disk": "whosaw.ledger.parts.sync",
    "before the part has its name": "pathlib.Path.rename",
    "before the manifest is written": "whosaw.ledger.advance",
    "before the manifest is complete": "whosaw.ledger.parts.Parts.record",
    "before old parts are removed": "whosaw.ledger.parts.Parts.remove",
    "after all of it": "whosaw.judge.judged",
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("grown", [False, True], ids=["new file", "grown file"])
def test_a_crash_leaves_nothing_half_counted_and_the_next_start_goes_on(tmp_path, step, grown):
    folder = tmp_path / "crashed"
    folder.mkdir()
    operator(folder, DAY[:1])
    former = judged(folder) if grown else None
    operator(folder, DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(STEPS[step], stop)
        with pytest.raises(Crash):
            judged(folder)
    with opened(case(folder)) as work:
        seen = judge.judged(work, made=MADE, command="test")
    recorded = step in {"before old parts are removed", "after all of it"}
    assert read_counts(seen) == ((3, 3, 0, 0) if recorded else (1, 1, 0, 0) if grown else (0, 0, 0, 0))
    assert former is None or recorded or seen == former
    again = judged(folder)
    assert read_counts(again) == (3, 3, 0, 0)
    assert counts(again) == (1, 2, 0)
    assert len(parts(folder)) == (2 if grown else 1)
    assert list((folder / "ledger" / "incoming").iterdir()) == []


def test_files_that_nothing_names_are_removed_by_the_next_writer(tmp_path):
    operator(tmp_path, DAY)
    judged(tmp_path)
    kept = parts(tmp_path)
    for orphan in ("disclosures/day=2012-01-10/00009999.parquet", "disclosures/day=2012-01-09/00009998.parquet", "incoming/0000.parquet"):
        (tmp_path / "ledger" / orphan).parent.mkdir(exist_ok=True)
        (tmp_path / "ledger" / orphan).write_bytes(b"left by a crash")
    judged(tmp_path)
    assert parts(tmp_path) == kept
    assert list((tmp_path / "ledger" / "incoming").iterdir()) == []


def test_who_only_asks_removes_nothing(tmp_path):
    operator(tmp_path, DAY)
    judged(tmp_path)
    (tmp_path / "ledger" / "incoming" / "0000.parquet").write_bytes(b"being written by somebody else")
    with opened(case(tmp_path)):
        pass
    assert (tmp_path / "ledger" / "incoming" / "0000.parquet").exists()


def test_a_ledger_has_one_writer(tmp_path):
    with Ledger(tmp_path, write=True), pytest.raises(LedgerError, match="another whosaw is writing") as problem:
        Ledger(tmp_path, write=True)
    assert problem.value.hint
    with Ledger(tmp_path, write=True), Ledger(tmp_path) as asking:
        assert asking.files() == []


# --- folders that are no ledger, or a damaged one -------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"hello, I am something else entirely", b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_manifest_that_is_no_database_is_one_clear_error(tmp_path, content):
    (tmp_path / "manifest.sqlite").write_bytes(content)
    with pytest.raises(LedgerError, match="is no whosaw ledger, or is damaged") as problem:
        Ledger(tmp_path)
    assert "--dir" in problem.value.hint
    assert (tmp_path / "manifest.sqlite").read_bytes() == content


def test_a_database_of_somebody_else_is_left_as_it_is(tmp_path):
    db = sqlite3.connect(tmp_path / "manifest.sqlite")
    db.execute("create table files (name text)")
    db.commit()
    db.close()
    before = (tmp_path / "manifest.sqlite").read_bytes()
    with pytest.raises(LedgerError, match="no whosaw ledger"):
        Ledger(tmp_path)
    assert (tmp_path / "manifest.sqlite").read_bytes() == before


def test_a_folder_with_rooms_of_the_same_names_loses_nothing(tmp_path):
    for room in ("incoming", "disclosures"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "access.log").write_text("precious")
        with pytest.raises(LedgerError, match=f"`{room}` holds other files"):
            Ledger(tmp_path, write=True)
        assert (tmp_path / room / "access.log").read_text() == "precious"
        assert not (tmp_path / "manifest.sqlite").exists()
        (tmp_path / room / "access.log").rename(tmp_path / "access.log")


def test_other_files_that_come_to_lie_in_a_ledger_are_left_alone(tmp_path):
    operator(tmp_path, DAY)
    judged(tmp_path)
    for room in ("incoming", "disclosures"):
        (tmp_path / "ledger" / room / "note.txt").write_text("mine")
    judged(tmp_path)
    assert all((tmp_path / "ledger" / room / "note.txt").exists() for room in ("incoming", "disclosures"))


def test_a_ledger_of_another_version_is_refused(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.remember("version", "99")
    with pytest.raises(LedgerError, match="is a ledger of version 99, expected 2"):
        Ledger(tmp_path)


def test_a_ledger_is_read_with_its_own_key_only(tmp_path):
    operator(tmp_path, DAY)
    first = judged(tmp_path)
    key = tmp_path / "ledger" / "secret.key"
    own = key.read_text()
    key.write_text("ab" * 32 + "\n")
    with pytest.raises(LedgerError, match="written with another key"):
        judged(tmp_path)
    key.unlink()
    with pytest.raises(LedgerError, match="is gone"):
        judged(tmp_path)
    assert not key.exists()
    key.write_text(own)
    assert judged(tmp_path) == first


# --- disks ----------------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write") as problem:
        Ledger(tmp_path / "file" / "ledger")
    assert problem.value.exit_code == 5


AS_NOBODY = """
import os, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from whosaw.errors import WhosawError
from whosaw.ledger import Ledger
os.setgid(65534); os.setuid(65534)
try:
    Ledger(Path(sys.argv[1]))
except WhosawError as problem:
    print(type(problem).__name__, problem.message, "|", problem.hint)
"""


@pytest.mark.parametrize("made", [False, True], ids=["new", "existing"])
def test_a_folder_that_may_not_be_written_is_a_storage_error(tmp_path, made):
    folder = tmp_path / "ledger"
    if made:
        with Ledger(folder):
            pass
    else:
        folder.mkdir()
    if os.getuid() == 0:
        for place in (tmp_path, *tmp_path.parents):
            if place.owner() == "root" and place.is_relative_to("/tmp") and place != Path("/tmp"):  # noqa: S108
                place.chmod(0o755)
        done = subprocess.run([sys.executable, "-c", AS_NOBODY, str(folder), *sys.path], capture_output=True, text=True, check=True)
        said = done.stdout
    else:
        folder.chmod(0o500)
        with pytest.raises(StorageError) as problem:
            Ledger(folder)
        said = f"StorageError {problem.value.message}"
        folder.chmod(0o700)
    assert said.startswith("StorageError cannot write")


@pytest.mark.parametrize("when", ["copy", "commit"])
def test_a_full_disk_records_nothing_and_says_so(tmp_path, monkeypatch, when):
    operator(tmp_path, DAY[:1])
    before = judged(tmp_path)
    operator(tmp_path, DAY)
    with monkeypatch.context() as patch:
        if when == "copy":
            run = Engine.run

            def full(self, sql, values=()):
                if sql.startswith("copy"):
                    raise StorageError("the disk is full; nothing is half-written", hint="free some space")
                return run(self, sql, values)

            patch.setattr(Engine, "run", full)
        else:

            def full(*_):
                problem = sqlite3.OperationalError("database or disk is full")
                problem.sqlite_errorname = "SQLITE_FULL"
                raise problem

            patch.setattr(Ledger, "_record", full)
        with pytest.raises(StorageError, match="full"):
            judged(tmp_path)
    assert list((tmp_path / "ledger" / "incoming").iterdir()) == []
    with opened(case(tmp_path)) as work:
        assert judge.judged(work, made=before.made, command="test") == before


def test_a_manifest_that_could_not_be_made_whole_is_made_by_the_next_start(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("whosaw.ledger.manifest._TABLES", module._TABLES + "create table one_too_many (")
        with pytest.raises(LedgerError):
            Ledger(tmp_path)
    with Ledger(tmp_path, write=True) as ledger:
        assert ledger.files() == []


def test_asking_does_not_wait_for_who_is_writing(tmp_path):
    with Ledger(tmp_path, write=True) as ledger:
        ledger._manifest._db.execute("begin immediate")
        with Ledger(tmp_path) as asking:
            assert asking.files() == []
        ledger._manifest._db.execute("rollback")


def test_a_manifest_that_another_process_is_writing_is_in_use_and_not_damaged(tmp_path):
    with Ledger(tmp_path) as ledger:
        other = sqlite3.connect(tmp_path / "manifest.sqlite", isolation_level=None)
        other.execute("begin exclusive")
        ledger._manifest._db.execute("pragma busy_timeout = 10")
        with pytest.raises(LedgerError, match="is in use") as problem:
            ledger.remember("a", "b")
        assert "wait" in problem.value.hint
        other.close()


def test_a_manifest_that_breaks_while_it_is_read_is_said_to_be_damaged(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger._manifest._db.execute("drop table rejected")
        with pytest.raises(LedgerError, match="is damaged"):
            ledger.rejected(10)


# --- names, notes and vouchers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["", "D-", "D-x.1", "D-00000001", "D-00000001.", "D-00000001.99999999999", "D-1.1", "D--0000001.1", "D-ffffffff.1", "D-00000001.²"],
)
def test_what_is_no_name_of_a_disclosure_has_no_key(name):
    assert disclosure_key(name) is None


@pytest.mark.parametrize(("number", "n"), [(0, 0), (1, 1), (2**31 - 1, 2**32 - 1)])
def test_a_disclosure_is_found_by_the_name_it_is_shown_with(number, n):
    assert disclosure_key(disclosure_label(number << 32 | n)) == number << 32 | n


def test_vouchers_are_recorded_all_or_none(tmp_path):
    good = ("ownership", 1, 2, None, "2012-01-01", "a contract on paper", "ada", "2012-02-01")
    with Ledger(tmp_path) as ledger:
        with pytest.raises(LedgerError):
            ledger.vouch([good, (None,) * 8])
        assert ledger.vouched() == []
        ledger.vouch([good])
        assert ledger.vouched() == [good[:7]]


def test_our_own_look_ups_are_kept_in_the_order_of_time(tmp_path):
    with Ledger(tmp_path) as ledger:
        for at in ("2012-02-02", "2012-02-01"):
            ledger.note_lookup(at=at, by="ada", command="saw", customer=7, reason="a complaint")
        assert [row[0] for row in ledger.lookups(7)] == ["2012-02-01", "2012-02-02"]
        assert ledger.lookups(8) == []


def test_many_names_are_sealed_in_lots_and_each_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["whosaw.judge.read"], "NAMES_TOGETHER", 4)
    days = {
        f"portal-{d}_log": [line(f"2012-01-1{d}T10:00:{i:02}Z", f"login-{i}", account=f"A{d}-{i}") for i in range(40)] for d in range(2)
    }
    written(tmp_path, logins_csv=LOGINS, bills_csv=BILLS, **days)
    judged(tmp_path)
    with opened(case(tmp_path)) as work:
        lots = [work.vault.open(sealed) for (sealed,) in work.ledger._manifest.rows("select sealed from names where domain = 'r'")]
        assert 10 <= len(lots) <= 32
        assert sum(lot.count('"v"') for lot in lots) == 40, "the second day's logins are known, and must not be sealed again"
        for domain, name in [("r", f"login-{i}") for i in range(40)] + [("c", f"A{d}-{i}") for d in range(2) for i in range(40)]:
            key = work.engine.one("select pseudonym(?, ?)", [domain, name])[0]
            assert work.vault.name(work.ledger.sealed_names(domain, key), key) == name


def test_clear_names_lie_sealed_in_the_ledger_and_nowhere_else(tmp_path):
    operator(tmp_path, [line("10:00", "anna-of-somewhere", account="A1-secret-account")])
    judged(tmp_path)
    for path in (tmp_path / "ledger").rglob("*"):
        if path.is_file():
            assert b"anna-of-somewhere" not in path.read_bytes(), path
            assert b"A1-secret-account" not in path.read_bytes(), path
    with opened(case(tmp_path)) as work:
        key = work.engine.one("select pseudonym('c', 'A1-secret-account')")[0]
        assert work.vault.name(work.ledger.sealed_names("c", key), key) == "A1-secret-account"
        assert list(work.ledger.sealed_names("c", key + 1)) == []
        assert isinstance(work.vault, Vault)


def test_the_columns_hold_facts_and_no_verdict():
    names = [name for name, _, _ in COLUMNS]
    assert len(set(names)) == len(names)
    assert not {"verdict", "entitled", "unentitled", "incident", "detector"} & set(names)
    assert len(DataClass) <= 31, "the mask is a 32-bit number"


def test_counts_of_a_file_that_do_not_add_up_are_never_written(tmp_path):
    operator(tmp_path, [*DAY, "garbage", line("10:05", "anna", uri="/style.css", status=404)])
    judged(tmp_path)
    (row,) = files(tmp_path)
    assert isinstance(row, FileRow)
    assert row.lines == row.disclosures + row.rejected + row.other == 5
    assert msgspec.to_builtins(row)["path"] == "portal.log"
