"""Does the ledger still say what the sources say?"""

import gzip

import pytest

from small_operator import case, judged, line, operator, written
from whosaw.judge import audit
from whosaw.judge.audit import State
from whosaw.judge.work import opened
from whosaw.ledger import Ledger

ROWS = [line("10:00", "anna", account="A1"), "garbage", line("10:01", "anna", uri="/style.css"), line("10:02", "bert", account="A1")]


def verified(folder, changes=None):
    with opened(case(folder, changes)) as work:
        return audit.verify(work, progress=lambda *_: None)


def states(found):
    return {check.file.path: (check.state, check.found) for check in found.files}


@pytest.fixture
def read(tmp_path):
    operator(tmp_path, ROWS)
    written(tmp_path, **{"portal-b.log": [line("11:00", "anna", account="A1")]})
    judged(tmp_path)
    return tmp_path


def test_a_ledger_that_is_right_is_said_to_be(read):
    found = verified(read)
    assert states(found) == {"portal.log": (State.SAME, ""), "portal-b.log": (State.SAME, "")}
    assert (found.differs, found.incomplete, found.parts, found.rows) == (False, False, 2, 3)


def test_nothing_is_changed_and_nothing_kept_by_looking(read):
    def everything():
        return {path: path.read_bytes() for path in (read / "ledger").rglob("*") if path.is_file() and path.name != "manifest.sqlite-shm"}

    before = everything()
    verified(read)
    assert everything() == before


def test_a_file_that_grew_is_still_the_one_that_was_read(read):
    with (read / "portal.log").open("a") as f:
        f.write(line("12:00", "anna", account="A1") + "\n" + line("12:01", "anna")[:20])
    assert verified(read).files[1].state is State.SAME


@pytest.mark.parametrize("ends", ["", "\n"])
def test_a_last_line_without_an_end_is_recounted_as_it_was(tmp_path, ends):
    operator(tmp_path, portal_log="\n".join(ROWS) + ends)
    judged(tmp_path)
    with (tmp_path / "portal.log").open("a") as f:
        f.write("and more\n")
    assert not verified(tmp_path).differs


def test_a_file_under_another_name_and_packed_is_found(read):
    (read / "portal.log.1.gz").write_bytes(gzip.compress((read / "portal.log").read_bytes()))
    (read / "portal.log").unlink()
    assert states(verified(read))["portal.log"] == (State.SAME, "now portal.log.1.gz")


def test_a_file_that_is_gone_could_not_be_looked_at(read):
    (read / "portal-b.log").unlink()
    found = verified(read)
    assert states(found)["portal-b.log"] == (State.GONE, "")
    assert (found.differs, found.incomplete) == (False, True)


def test_all_files_gone_is_no_error(read):
    for path in read.glob("portal*"):
        path.unlink()
    assert {check.state for check in verified(read).files} == {State.GONE}


def test_one_changed_byte_in_the_middle_of_a_file_is_found(read):
    content = bytearray((read / "portal.log").read_bytes())
    content[content.index(b"anna")] = ord("A")
    (read / "portal.log").write_bytes(content)
    found = verified(read)
    assert states(found)["portal.log"][0] is State.CHANGED
    assert found.differs


def test_after_a_rotation_the_former_log_is_gone_and_not_changed(read):
    (read / "portal.log").write_text(line("2012-01-11T00:00:00Z", "anna", account="A1") + "\n")
    judged(read)
    assert sorted((check.file.path, check.state) for check in verified(read).files) == [
        ("portal-b.log", State.SAME),
        ("portal.log", State.GONE),
        ("portal.log", State.SAME),
    ]


def test_what_is_read_otherwise_now_is_said_with_its_numbers(read):
    with Ledger(read / "ledger") as ledger:
        ledger._manifest.rows("update files set lines = 5, other = 2 where path = 'portal.log'")
    assert states(verified(read))["portal.log"] == (State.DIFFERS, "4 lines, 5 recorded; 1 other, 2 recorded")


def test_rows_that_are_missing_or_too_many_are_found(read):
    with opened(case(read), write=True) as work:
        work.ledger.rewrite(work.engine, "source_line = 4")
    assert verified(read).miscounted == ["portal.log: 2 disclosures recorded, 1 there (0 settled)"]
    with Ledger(read / "ledger") as ledger:
        ledger._manifest.rows("delete from files where path = 'portal-b.log'")
    assert "1 disclosures of a file that is not recorded" in verified(read).miscounted


def test_every_byte_of_every_part_is_looked_at(read):
    path = next((read / "ledger" / "disclosures").rglob("*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    found = verified(read)
    assert [name.rpartition("/")[2] for name in found.damaged] == [path.name]
    assert found.differs


def test_a_part_that_was_set_aside_could_not_be_looked_at(read):
    next((read / "ledger" / "disclosures").rglob("*.parquet")).unlink()
    judged(read)
    found = verified(read)
    assert (len(found.lost), found.miscounted, found.incomplete) == (1, [], True)


def test_an_empty_log_is_recounted(tmp_path):
    operator(tmp_path, [])
    judged(tmp_path)
    assert states(verified(tmp_path)) == {"portal.log": (State.SAME, "")}
