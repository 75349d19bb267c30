import gzip

from whosaw.drill.logbook import Logbook
from whosaw.drill.truth import Case


def test_a_leaking_row_is_told_the_physical_line_it_came_to_stand_on(tmp_path):
    case = Case("x", ("x",), "crm", "recipient")
    with Logbook(tmp_path, "a/b.csv", heading="time,agent") as log:
        log.write([(5, "late", case.seen("A1", "e", "e")), (3, "early", None)])
        log.write([(9, "next day", case.seen("A2", "e", "e"))])
    text = (tmp_path / "a/b.csv").read_text().splitlines()
    assert text == ["time,agent", "early", "late", "next day"]
    assert [(row.ms, row.file, row.line) for row in case.rows] == [(5, "a/b.csv", 3), (9, "a/b.csv", 4)]


def test_lines_of_one_time_keep_their_order(tmp_path):
    with Logbook(tmp_path, "x.log") as log:
        log.write([(1, "b", None), (1, "a", None), (0, "c", None)])
    assert (tmp_path / "x.log").read_text() == "c\nb\na\n"


def test_a_compressed_log_holds_no_time_of_its_own(tmp_path):
    for name in ("one", "two"):
        with Logbook(tmp_path / name, "x.log.gz") as log:
            log.write([(1, "é", None)])
    assert (tmp_path / "one/x.log.gz").read_bytes() == (tmp_path / "two/x.log.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one/x.log.gz").read_bytes()) == b"\xe9\n"
