"""Is each piece of a followed file read as its file is, and as it has become?"""

import gzip
import json
import socket

import pytest

from small_operator import BILL_OWNER, OWNERSHIP, line, operator, portal
from watch.watched import append, unnamed, watched
from whosaw.engine.duckdb import Engine

CALM = [line("09:00", "anna", account="A1"), line("09:01", "bert", account="A2")]
GUESSED = {"source": [portal(format="")]}


def test_a_field_that_no_line_had_before_is_read_from_then_on(tmp_path):
    bare = [json.dumps({"time": f"2012-01-10T09:0{i}:00Z", "login": "anna", "uri": "/home", "status": 200}) for i in range(5)]
    operator(tmp_path, bare)
    with watched(tmp_path, GUESSED) as hands:
        waiting = hands.answer()
        assert (waiting.read.lines, waiting.partial) == (0, True)
        assert "which the lines do not have" in hands.watch.status.sources[0].problems[0]
        append(tmp_path / "portal.log", *CALM)
        result = hands.answer()
        assert (result.read.lines, result.verdicts.entitled, result.partial) == (7, 2, False)
    append(tmp_path / "portal.log", *bare)
    with watched(tmp_path, GUESSED) as hands:
        assert hands.answer().read.lines == 12


def test_json_whose_time_has_another_name_from_now_on_is_read_on(tmp_path):
    operator(tmp_path, CALM)
    with watched(tmp_path, GUESSED) as hands:
        hands.answer()
        append(tmp_path / "portal.log", *(row.replace('"time"', '"@timestamp"') for row in CALM))
        result = hands.answer()
    assert (result.verdicts.entitled, result.read.rejected) == (4, 0)


PLAIN = '10.0.0.1 - anna [10/Jan/2012:10:0{i}:00 +0000] "GET /home HTTP/1.1" 200 900 "-" "Mozilla/5.0"'
APACHE = {"source": [portal(format="apache", customer="", session="")]}


def test_a_line_format_that_changes_on_the_way_is_read_on_and_that_is_said(tmp_path):
    operator(tmp_path, [PLAIN.format(i=i) for i in range(5)])
    with watched(tmp_path, APACHE) as hands:
        hands.answer()
        assert hands.troubles() == ""
        append(tmp_path / "portal.log", *(f"www.example:80 {PLAIN.format(i=i)}" for i in range(5)))
        result = hands.answer()
        assert "its format has changed" in hands.troubles()
    assert (result.read.lines, result.read.rejected) == (10, 0)


def test_lines_that_no_format_fits_are_counted_and_change_nothing(tmp_path):
    operator(tmp_path, [PLAIN.format(i=i) for i in range(5)])
    with watched(tmp_path, APACHE) as hands:
        hands.answer()
        append(tmp_path / "portal.log", *["\x16\x03\x01"] * 5)
        hands.answer()
        append(tmp_path / "portal.log", *(PLAIN.format(i=i) for i in range(5)))
        result = hands.answer()
        assert hands.troubles() == ""
    assert (result.read.lines, result.read.rejected) == (15, 5)


def test_a_file_whose_format_is_not_known_is_a_problem_until_it_is(tmp_path):
    operator(tmp_path, [])
    (tmp_path / "portal.log").write_text("%%%\n")
    with watched(tmp_path, GUESSED) as hands:
        hands.step()
        assert "was not recognised" in hands.watch.status.sources[0].problems[0]
        append(tmp_path / "portal.log", *CALM)
        result = hands.answer()
        assert (result.read.lines, result.read.rejected) == (3, 1)
        assert hands.watch.status.sources[0].problems == ()


def test_a_table_goes_on_without_its_heading(tmp_path):
    operator(tmp_path, [], portal_log="time,login,account,sid,uri\n2012-01-10T10:00:00Z,anna,A1,s,/home\n")
    with watched(tmp_path, {"source": [portal(format="csv")]}) as hands:
        hands.answer()
        append(tmp_path / "portal.log", "2012-01-10T10:00:00Z,bert,A2,s,/home")
        result = hands.answer()
    assert (result.read.lines, result.verdicts.entitled) == (2, 2)


def test_files_that_are_renamed_packed_and_begun_anew_end_in_the_answer_of_judge(tmp_path):
    from small_operator import judged

    operator(tmp_path, CALM)
    with watched(tmp_path) as hands:
        hands.step()
        (tmp_path / "portal.log").rename(tmp_path / "portal.log.1")
        append(tmp_path / "portal.log.1", line("09:05", "anna", account="A2"))
        append(tmp_path / "portal.log", line("09:06", "anna", account="A2"))
        hands.step()
        (tmp_path / "portal.log.1.gz").write_bytes(gzip.compress((tmp_path / "portal.log.1").read_bytes()))
        (tmp_path / "portal.log.1").unlink()
        hands.step()
        hands.step()
        result = hands.answer()
    assert result.read.lines == 4
    assert unnamed(judged(tmp_path, ledger="whole"))[1:3] == unnamed(result)[1:3]


def test_a_parquet_file_is_read_whole_and_again_when_it_is_written_anew(tmp_path):
    operator(tmp_path, [])
    (tmp_path / "portal.log").unlink()

    def export(*accounts):
        rows = " union all ".join(
            f"select '2012-01-10T10:00:00Z' as time, 'anna' as login, '/home' as uri, 200 as status, '{a}' as account" for a in accounts
        )
        engine = Engine()
        engine.run(f"copy ({rows}) to '{tmp_path / 'portal.log'}' (format parquet)")
        engine.close()

    export("A1", "A1")
    with watched(tmp_path, {"source": [portal(format="parquet", session="")]}) as hands:
        hands.step()
        hands.step()
        assert hands.answer().verdicts.entitled == 2
        export("A1", "A2", "A2")
        hands.step()
        hands.step()
        assert hands.answer().read.lines == 5


def test_syslog_messages_of_a_source_are_lines_of_it(tmp_path):
    operator(tmp_path, CALM)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    changes = {"source": [portal(listen=f"tcp://127.0.0.1:{port}")], "owner": [BILL_OWNER], "entitlement": [OWNERSHIP]}
    with watched(tmp_path, changes) as hands:
        with socket.create_connection(("127.0.0.1", port)) as s:
            for row in (line("10:00", "anna", account="A2"), "no json"):
                message = f"<134>1 2012-01-10T10:00:00Z web portal - - - {row}".encode()
                s.sendall(b"%d %s" % (len(message), message))
        result = None
        for _ in range(100):
            result = hands.answer(1)
            if result.read.lines == 4:
                break
            hands.clock_wait()
        assert (result.read.lines, result.read.rejected, result.verdicts.unentitled) == (4, 1, 1)
        spooled = list((tmp_path / "ledger" / "spool").rglob("*.log"))
        assert spooled
        hands.step(4000)
        assert hands.watch.status.spool_bytes >= 0


@pytest.mark.parametrize("again", [False, True])
def test_what_was_looked_into_need_not_be_again_after_a_start(tmp_path, again):
    operator(tmp_path, CALM)
    with watched(tmp_path) as hands:
        hands.answer()
        hands.step()
    if again:
        append(tmp_path / "portal.log", line("10:00", "anna", account="A2"))
    with watched(tmp_path) as hands:
        assert hands.step().lines == (1 if again else 0)
        assert hands.answer().read.lines == (3 if again else 2)
