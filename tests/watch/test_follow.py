import gzip
import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watch.follow_loop import Loop


def lines(first, last, width=12):
    return b"".join(b"line %0*d\n" % (width, i) for i in range(first, last))


def expected(first, last):
    return lines(first, last).splitlines()


@pytest.fixture(autouse=True)
def _let_go():
    yield
    Loop.end()


@pytest.fixture
def log(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def loop(tmp_path):
    return Loop(tmp_path)


def append(path, data):
    with path.open("ab") as f:
        f.write(data)


def age(path, seconds):
    told = path.stat()
    os.utime(path, (told.st_atime, told.st_mtime - seconds))


# --- growing --------------------------------------------------------------------------------------------------------


def test_what_is_there_and_what_comes_is_handed_out_once(log, loop):
    log.write_bytes(lines(0, 10))
    assert loop.poll() == lines(0, 10)
    assert loop.poll() == b""
    append(log, lines(10, 15))
    assert loop.poll() == lines(10, 15)
    assert loop.follower.behind == 0


def test_half_a_line_waits_for_its_other_half(log, loop):
    log.write_bytes(lines(0, 3) + b"line 0000")
    assert loop.poll() == lines(0, 3)
    assert loop.poll(times=3) == b""
    append(log, b"00000003\n")
    assert loop.poll() == lines(3, 4)


def test_a_piece_that_was_not_recorded_comes_again(log, loop):
    log.write_bytes(lines(0, 10))
    (first,) = loop.follower.poll()
    (again,) = loop.follower.poll()
    assert (again.data, again.offset, again.digest) == (first.data, 0, first.digest)
    loop.record(again)
    assert loop.poll() == b""


def test_after_a_restart_it_goes_on_where_the_ledger_ends(log, loop):
    log.write_bytes(lines(0, 200_000))
    loop.poll()
    append(log, lines(200_000, 200_010))
    loop.restart()
    assert loop.poll() == lines(200_000, 200_010)
    assert len(loop.rows) == 1
    assert loop.follower.head(loop.pieces[-1]) == lines(0, 200_000)[: 1 << 16]


def test_a_piece_that_was_handed_out_but_never_recorded_is_read_again_after_a_restart(log, loop):
    log.write_bytes(lines(0, 10))
    loop.poll()
    append(log, lines(10, 20))
    list(loop.follower.poll())
    loop.restart()
    assert loop.poll() == lines(10, 20)


def test_a_known_file_that_did_not_change_is_not_opened_again_when_it_is_remembered(log, loop, monkeypatch):
    log.write_bytes(lines(0, 10))
    loop.poll(times=2)
    loop.restart(remember=True)
    monkeypatch.setattr("whosaw.watch.trail.opened", lambda *_: pytest.fail("it was opened"))
    assert loop.poll(times=2) == b""
    assert loop.follower.remember() == loop.remembered
    monkeypatch.undo()
    append(log, lines(10, 11))
    assert loop.poll() == lines(10, 11)


# --- rotation -------------------------------------------------------------------------------------------------------


def test_a_renamed_log_is_read_to_its_end_and_the_new_one_from_its_beginning(log, loop):
    log.write_bytes(lines(0, 5))
    loop.poll()
    append(log, lines(5, 7))
    log.rename(log.with_suffix(".log.1"))
    log.write_bytes(lines(8, 9))
    append(log.with_suffix(".log.1"), lines(7, 8))
    loop.poll(times=2)
    assert loop.lines() == expected(0, 9)
    assert [row.path for row in loop.rows.values()] == ["access.log.1", "access.log"]


def test_the_last_line_of_a_renamed_log_needs_no_end_when_nothing_more_came(log, loop):
    log.write_bytes(lines(0, 5) + b"cut off")
    loop.poll()
    log.rename(log.with_suffix(".log.1"))
    assert loop.poll() == b""
    assert loop.poll(seconds=11) == b"cut off"
    assert loop.pieces[-1].final
    assert loop.poll(times=3, seconds=2000) == b""


def test_what_is_written_to_a_log_that_was_moved_out_of_sight_is_read(log, loop, tmp_path):
    log.write_bytes(lines(0, 5))
    loop.poll()
    away = tmp_path / "archive"
    log.rename(away)
    append(away, lines(5, 6) + b"cut off")
    assert loop.poll() == lines(5, 6)
    append(away, b", and on\n" + lines(6, 7))
    assert loop.poll() == b"cut off, and on\n" + lines(6, 7)
    append(away, b"the end")
    assert loop.poll(seconds=8) == b""
    assert loop.poll(seconds=11) == b"the end"
    loop.poll(times=2, seconds=11)
    assert loop.follower.files == 0, "it is let go of"


def test_what_is_written_to_a_removed_log_is_read(log, loop):
    log.write_bytes(lines(0, 5))
    loop.poll()
    with log.open("ab") as writer:
        log.unlink()
        assert loop.poll() == b""
        writer.write(lines(5, 6))
        writer.flush()
        assert loop.poll() == lines(5, 6)


def test_a_truncated_log_begins_anew_and_its_copy_adds_only_what_was_not_read(log, loop):
    log.write_bytes(lines(0, 50))
    loop.poll()
    append(log, lines(50, 55))
    shutil.copy(log, log.with_suffix(".log.1"))
    os.truncate(log, 0)
    append(log, lines(55, 60))
    loop.poll(times=3)
    assert loop.lines() == expected(0, 60)
    append(log, lines(60, 61))
    assert loop.poll() == lines(60, 61)


def test_a_truncated_log_that_grew_longer_than_before_between_two_looks_is_found_out(log, loop):
    log.write_bytes(lines(0, 5))
    loop.poll()
    shutil.copy(log, log.with_suffix(".log.1"))
    os.truncate(log, 0)
    append(log, lines(5, 50))
    loop.poll(times=3)
    assert loop.lines() == expected(0, 50)


def test_a_log_rewritten_at_the_same_length_is_found_out(log, loop):
    log.write_bytes(lines(0, 5))
    loop.poll(times=2)
    log.write_bytes(lines(5, 10))
    os.utime(log, ns=(0, log.stat().st_mtime_ns + 10**9))
    loop.poll(times=3)
    assert loop.lines() == expected(0, 10)


def test_a_copy_in_the_making_adds_nothing_before_and_after_it_is_whole(log, loop):
    log.write_bytes(lines(0, 50))
    loop.poll()
    copy = log.with_suffix(".log.1")
    for upto in (3, 20, 49, 50):
        copy.write_bytes(lines(0, upto))
        assert loop.poll() == b""
    append(copy, lines(50, 52))
    assert loop.poll() == lines(50, 52), "what only the copy holds is new"
    append(log, lines(50, 52))
    assert loop.poll(times=2) == b"", "and now it is known"
    append(log, lines(52, 53))
    assert loop.poll(times=2) == lines(52, 53)


def test_two_copies_that_appear_together_count_once(tmp_path, loop):
    (tmp_path / "a.log").write_bytes(lines(0, 30))
    (tmp_path / "b.log").write_bytes(lines(0, 30))
    assert loop.poll(times=3) == lines(0, 30)


def test_a_log_cut_short_in_the_middle_loses_no_line_that_follows(log, loop):
    log.write_bytes(lines(0, 40))
    loop.poll()
    os.truncate(log, len(lines(0, 20)))
    loop.poll()
    append(log, lines(100, 160))
    loop.poll(times=3)
    assert set(expected(0, 40) + expected(100, 160)) == set(loop.lines())


def test_a_file_replaced_by_a_shorter_one_is_read_from_its_beginning(log, loop, tmp_path):
    log.write_bytes(lines(0, 40))
    loop.poll()
    other = tmp_path / "new"
    other.write_bytes(lines(40, 45))
    other.rename(log)
    loop.poll(times=2)
    assert loop.lines() == expected(0, 45)


# --- compressed -----------------------------------------------------------------------------------------------------


def test_a_late_gzip_of_what_is_known_adds_nothing(log, loop):
    log.write_bytes(lines(0, 50))
    loop.poll()
    packed = log.with_suffix(".log.1.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    assert loop.poll(times=4) == b""
    packed.rename(log.with_suffix(".log.2.gz"))
    assert loop.poll(times=4) == b""
    loop.restart()
    assert loop.poll(times=4) == b""


def test_a_gzip_that_holds_more_than_was_read_adds_the_rest(log, loop):
    log.write_bytes(lines(0, 50))
    loop.poll()
    loop.follower.close()
    log.with_suffix(".log.1.gz").write_bytes(gzip.compress(lines(0, 60) + b"no end"))
    log.unlink()
    loop.restart()
    assert loop.poll(times=4) == lines(50, 60) + b"no end"
    assert loop.pieces[-1].compressed
    assert loop.pieces[-1].final
    loop.restart()
    assert loop.poll(times=4) == b""


def test_a_gzip_of_unknown_content_is_read(log, loop):
    log.write_bytes(lines(0, 5))
    loop.poll()
    log.with_suffix(".log.1.gz").write_bytes(gzip.compress(lines(50, 60)))
    assert loop.poll(times=4) == lines(50, 60)


def test_a_gzip_that_lacks_the_last_lines_of_what_was_read_adds_nothing_even_after_a_restart(log, loop):
    log.write_bytes(lines(0, 50))
    loop.poll()
    packed = log.with_suffix(".log.1.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    append(log, lines(50, 55))
    log.unlink()
    assert loop.poll(times=4) == lines(50, 55)
    loop.poll(times=4, seconds=20)
    loop.restart(remember=True)
    assert loop.poll(times=4) == b""


def test_a_gzip_in_the_making_waits_until_it_is_whole(log, loop):
    whole = gzip.compress(lines(0, 20_000), 1)
    packed = log.with_suffix(".log.1.gz")
    packed.write_bytes(whole[: len(whole) // 2])
    loop.poll(times=4)
    packed.write_bytes(whole)
    loop.poll(times=4)
    assert loop.lines() == expected(0, 20_000)
    assert not any(piece.broken for piece in loop.pieces)


def test_a_damaged_gzip_gives_what_it_holds_and_says_so(log, loop):
    whole = gzip.compress(lines(0, 2_000), 1)
    log.with_suffix(".log.1.gz").write_bytes(whole[: len(whole) // 2])
    loop.poll(times=4)
    loop.poll(times=2, seconds=2000)
    found = loop.lines()
    assert 0 < len(found) < 2_000
    assert loop.pieces[-1].broken
    assert loop.pieces[-1].final
    assert loop.poll(times=2, seconds=2000) == b""


# --- beginnings -----------------------------------------------------------------------------------------------------


def test_files_that_share_their_heading_are_told_apart(tmp_path, loop):
    heading = b"#time,agent,account\n"
    for name in ("mon", "tue", "wed"):
        (tmp_path / f"{name}.log").write_bytes(heading)
    loop.poll(times=4)
    for name in ("mon", "tue", "wed"):
        append(tmp_path / f"{name}.log", name.encode() + b"\n")
        loop.poll(times=2)
    loop.restart()
    assert loop.poll(times=4) == b""
    found = {loop.rows[n].path: text for n, text in loop.text.items()}
    assert {name: text.splitlines()[-1] for name, text in found.items()} == {"mon.log": b"mon", "tue.log": b"tue", "wed.log": b"wed"}


def test_a_rotation_while_nobody_looked_is_made_out(log, loop):
    log.write_bytes(lines(0, 50_000))
    loop.poll()
    append(log, lines(50_000, 50_010))
    log.rename(log.with_suffix(".log.1"))
    log.write_bytes(lines(50_010, 50_020))
    loop.restart()
    loop.poll(times=3)
    assert loop.lines() == expected(0, 50_020)


# --- order and amounts ----------------------------------------------------------------------------------------------


def test_a_backlog_is_read_in_the_order_of_time(tmp_path, loop):
    for i, days in enumerate((1, 3, 2)):
        path = tmp_path / f"{i}.log"
        path.write_bytes(lines(i, i + 1))
        age(path, days * 86400)
    (tmp_path / "now.log").write_bytes(lines(9, 10))
    loop.poll(times=2)
    assert [piece.path for piece in loop.pieces] == ["1.log", "2.log", "0.log", "now.log"]


def test_one_poll_hands_out_about_what_was_asked_for_and_no_live_file_starves(tmp_path, loop):
    big = lines(0, 400_000)
    (tmp_path / "big.log").write_bytes(big)
    (tmp_path / "small.log").write_bytes(lines(900_000, 900_010))
    got = loop.poll(2 << 20)
    assert got.endswith(lines(900_009, 900_010)) or got.startswith(lines(900_000, 900_001))
    assert len(got) <= (2 << 20) + 1000
    loop.poll(2 << 20, times=5)
    assert loop.lines() == expected(0, 400_000) + expected(900_000, 900_010)


def test_thousands_of_quiet_files_cost_a_poll_little(tmp_path, loop):
    for i in range(3000):
        (tmp_path / f"{i}.log").write_bytes(b"line of %d\n" % i)
    loop.poll(times=2)
    opened = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whosaw.watch.trail.opened", lambda *a: opened.append(a))
        assert loop.poll() == b""
    assert opened == []
    append(tmp_path / "7.log", b"one more\n")
    assert loop.poll() == b"one more\n"


# --- odd files ------------------------------------------------------------------------------------------------------


def test_a_line_longer_than_any_log_line_is_cut_and_the_next_one_is_whole(log, loop):
    long = b"x" * (5 << 20)
    log.write_bytes(lines(0, 1) + long)
    loop.poll(1 << 20, times=8)
    append(log, b"y\n" + lines(1, 2))
    loop.poll(1 << 20, times=4)
    first, cut, last = b"".join(loop.text.values()).splitlines()
    assert (first, last) == (b"line 000000000000", b"line 000000000001")
    assert 1 << 20 < len(cut) < 1 << 21
    append(log, lines(2, 3))
    loop.restart()
    assert loop.poll() == lines(2, 3), "the fingerprint covers the bytes that were cut"


def test_what_may_not_be_read_is_told_and_tried_again(log, loop, monkeypatch):
    log.write_bytes(lines(0, 3))

    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("whosaw.watch.trail.opened", refused)
    assert loop.poll() == b""
    assert loop.follower.problems == {"access.log": "permission denied"}
    monkeypatch.undo()
    assert loop.poll() == lines(0, 3)
    assert loop.follower.problems == {}


def test_a_handle_that_went_stale_is_opened_again(log, loop, monkeypatch):
    log.write_bytes(lines(0, 3))
    loop.poll()
    append(log, lines(3, 4))

    def stale(*_):
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr("whosaw.watch.content.Content.at", stale)
    assert loop.poll() == b""
    assert loop.follower.problems == {"access.log": "stale file handle"}
    monkeypatch.undo()
    assert loop.poll() == lines(3, 4)


def test_a_file_of_two_names_is_read_once(log, loop, tmp_path):
    log.write_bytes(lines(0, 3))
    (tmp_path / "current.log").symlink_to(log)
    (tmp_path / "hard.log").hardlink_to(log)
    assert loop.poll(times=2) == lines(0, 3)


def test_a_link_that_is_turned_to_the_next_file_is_followed(tmp_path):
    loop = Loop(tmp_path, "current")
    for day in (1, 2):
        (tmp_path / f"day-{day}.txt").write_bytes(lines(day, day + 1))
    (tmp_path / "current").symlink_to("day-1.txt")
    assert loop.poll() == lines(1, 2)
    append(tmp_path / "day-1.txt", b"late\n")
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("day-2.txt")
    assert sorted(loop.poll(times=2).splitlines(keepends=True)) == [b"late\n", lines(2, 3)]


def test_a_file_without_lines_is_handed_out_whole_and_once(tmp_path):
    loop = Loop(tmp_path, "*.parquet")
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(1000) + b"PAR1")
    assert loop.poll(times=3) == b""
    assert [(p.path, p.whole, p.size) for p in loop.pieces] == [("a.parquet", True, 1008)]
    loop.restart()
    loop.poll(times=3)
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes())
    loop.poll(times=3)
    assert len(loop.pieces) == 1


def test_a_document_is_handed_out_whole_when_it_is_at_rest(tmp_path):
    loop = Loop(tmp_path, "*.har", documents=True)
    (tmp_path / "a.har").write_bytes(b'{"log": ')
    loop.poll()
    (tmp_path / "a.har").write_bytes(b'{"log": {}}')
    loop.poll(times=3)
    assert [(p.whole, p.size) for p in loop.pieces] == [(True, 11)]


def test_at_the_end_of_a_run_last_lines_need_no_end(log, loop):
    log.write_bytes(lines(0, 2) + b"no end")
    loop.poll()
    assert loop.poll(ending=True) == b"no end"


def test_an_old_file_whose_last_line_has_no_end_is_read_whole(tmp_path, loop):
    (tmp_path / "old.log").write_bytes(b"one\ntwo")
    age(tmp_path / "old.log", 86400)
    (tmp_path / "now.log").write_bytes(b"three\n")
    loop.poll(times=3)
    assert loop.lines() == [b"one", b"three", b"two"]


# --- the law --------------------------------------------------------------------------------------------------------


class Operator:
    """Somebody who writes, rotates, packs and restarts, as the steps say."""

    def __init__(self, folder):
        self.folder, self.log, self.loop, self.written = folder, folder / "access.log", Loop(folder), 0
        self.log.touch()

    def write(self):
        append(self.log, lines(self.written, self.written + 3))
        self.written += 3

    def half(self):
        line = lines(self.written, self.written + 1)
        append(self.log, line[:7])
        self.loop.poll()
        append(self.log, line[7:])
        self.written += 1

    def _shift(self):
        for path in sorted(self.folder.glob("access.log.*"), key=lambda p: -int(p.name.split(".")[2])):
            number, dot, packed = path.name.removeprefix("access.log.").partition(".")
            path.rename(self.folder / f"access.log.{int(number) + 1}{dot}{packed}")

    def rename(self):
        if self.log.stat().st_size:
            self._shift()
            self.log.rename(self.folder / "access.log.1")
            self.log.touch()

    def copytruncate(self):
        if self.log.stat().st_size:
            self._shift()
            shutil.copy(self.log, self.folder / "access.log.1")
            os.truncate(self.log, 0)

    def compress(self):
        for path in self.folder.glob("access.log.?"):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()

    def poll(self):
        self.loop.poll()

    def unrecorded(self):
        list(self.loop.follower.poll())

    def restart(self):
        self.loop.restart(remember=self.written % 2 == 0)


STEPS = st.lists(st.sampled_from(["write", "half", "rename", "copytruncate", "compress", "poll", "restart", "unrecorded"]), max_size=30)


@given(steps=STEPS)
def test_whatever_is_done_to_a_log_every_line_counts_once(steps, tmp_path_factory):
    operator = Operator(tmp_path_factory.mktemp("law"))
    for step in [*steps, "write", "rename"]:
        getattr(operator, step)()
    operator.loop.poll(times=5)
    operator.loop.follower.close()
    assert operator.loop.lines() == expected(0, operator.written)
