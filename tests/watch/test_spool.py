import os
import stat
from datetime import UTC, datetime

import pytest

from watch.follow_loop import Loop
from whosaw.watch.spool import Spool

HOUR = datetime(2012, 1, 10, 2, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _let_go():
    yield
    Loop.end()


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "ledger")
    yield made
    made.close()


def test_lines_lie_by_source_and_hour_and_nobody_else_may_read_them(spool, tmp_path):
    spool.write({"gateway": [b"one", b"two"]}, HOUR)
    spool.write({"gateway": [b"three"], "portal": [b"x"]}, HOUR)
    spool.write({"gateway": [b"four"]}, HOUR.replace(hour=3))
    found = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.glob("ledger/spool/*/*")}
    assert found == {
        "ledger/spool/gateway/20120110T02-1.log": b"one\ntwo\nthree\n",
        "ledger/spool/gateway/20120110T03-1.log": b"four\n",
        "ledger/spool/portal/20120110T02-1.log": b"x\n",
    }
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob("ledger/spool/*/*")} == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob("ledger/spool/*")} == {0o700}


def test_a_new_process_writes_a_new_file(spool, tmp_path):
    spool.write({"gateway": [b"one"]}, HOUR)
    other = Spool(tmp_path / "ledger")
    other.write({"gateway": [b"two"]}, HOUR)
    other.close()
    assert [p.name for p in sorted(tmp_path.glob("ledger/spool/*/*"))] == ["20120110T02-1.log", "20120110T02-2.log"]


@pytest.mark.parametrize("name", ["../../etc", "a/b", ".", "..", "gäte way"])
def test_no_name_of_a_source_leads_out_of_the_spool(spool, tmp_path, name):
    spool.write({name: [b"x"]}, HOUR)
    (path,) = tmp_path.rglob("*.log")
    assert path.parent.parent == tmp_path / "ledger" / "spool"
    assert Loop(tmp_path, spool.pattern(name)).poll() == b"x\n"


def test_what_is_in_the_ledger_in_full_and_not_written_any_more_is_removed(spool, tmp_path):
    loop = Loop(tmp_path, spool.pattern("gateway"))
    (tmp_path / "mine.log").write_bytes(b"one\n")
    spool.write({"gateway": [b"one"]}, HOUR)
    loop.poll()
    assert spool.sweep(loop.rows.values(), tmp_path) == 0, "it is still written"
    spool.write({"gateway": [b"two"]}, HOUR.replace(hour=3))
    spool.write({"gateway": [b"three"]}, HOUR.replace(hour=4))
    assert spool.sweep(loop.rows.values(), tmp_path) == 1
    assert spool.sweep(loop.rows.values(), tmp_path) == 0
    assert loop.poll() == b"two\nthree\n"
    assert [p.name for p in sorted(tmp_path.glob("ledger/spool/*/*"))] == ["20120110T03-1.log", "20120110T04-1.log"]
    assert (tmp_path / "mine.log").exists()


def test_what_the_disk_takes_half_is_not_kept_half(spool, tmp_path, monkeypatch):
    spool.write({"gateway": [b"one"]}, HOUR)
    real = os.write

    def full(handle, data):
        real(handle, bytes(data)[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(OSError, match="No space"):
        spool.write({"gateway": [b"two", b"three"]}, HOUR)
    monkeypatch.undo()
    spool.write({"gateway": [b"two", b"three"]}, HOUR)
    (path,) = tmp_path.glob("ledger/spool/*/*")
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert spool.size == len(b"one\ntwo\nthree\n")
