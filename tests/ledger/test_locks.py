"""Who is at work in this ledger?"""

import json
import os
import socket
import subprocess
import sys

import pytest

from ledgers import filled, stand_in
from whosaw.errors import LedgerError
from whosaw.ledger import Ledger, locks


def test_who_is_second_hears_who_is_first_and_since_when(tmp_path):
    with Ledger(tmp_path, write=True), pytest.raises(LedgerError) as problem:
        Ledger(tmp_path, write=True)
    said = problem.value.message
    assert f"process {os.getpid()} on {socket.gethostname()}, since 20" in said
    assert said.endswith(" UTC)")


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"process x on y\n", b"process 1 on " + b"a" * 300 + b"\n"])
def test_a_lock_holds_whatever_its_file_says(tmp_path, content):
    lock = locks.only_writer(tmp_path)
    (tmp_path / locks.WRITER).write_bytes(content)
    with pytest.raises(LedgerError, match=r"another whosaw is writing `[^`]*`$"):
        locks.only_writer(tmp_path)
    os.close(lock)
    os.close(locks.only_writer(tmp_path))


def test_a_lock_ends_with_its_process(tmp_path):
    code = f"import os; from pathlib import Path; from whosaw.ledger import locks; locks.only_writer(Path({str(tmp_path)!r})); os._exit(9)"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
    os.close(locks.only_writer(tmp_path))


def test_readers_do_not_hinder_each_other_and_are_not_waited_for(tmp_path):
    first, second = locks.reader(tmp_path), locks.reader(tmp_path)
    with locks.nobody_reads(tmp_path) as free:
        assert not free
    os.close(first)
    with locks.nobody_reads(tmp_path) as free:
        assert not free
    os.close(second)
    with locks.nobody_reads(tmp_path) as free:
        assert free


READER = """
import json, sys, time
from pathlib import Path
from whosaw.engine.duckdb import Engine
from whosaw.ledger import Ledger
folder, engine = Path(sys.argv[1]), Engine()
slowest, looks, wrong = 0.0, 0, []
print("ready", flush=True)
while not (folder / "done").exists():
    begin = time.perf_counter()
    with Ledger(folder) as ledger:
        with ledger.steady():
            ledger.open_in(engine)
            expected = sum(f.disclosures for f in ledger.files())
        slowest, looks = max(slowest, time.perf_counter() - begin), looks + 1
        time.sleep(0.02)
        found = engine.one("select count(*), count(distinct id), count(seen_at) from disclosures_read")
        if found != (expected,) * 3 or ledger.lost():
            wrong.append([found, expected, str(ledger.lost())])
print(json.dumps([slowest, looks, wrong]))
"""


def test_readers_see_one_moment_whole_while_another_process_adds_merges_and_removes(tmp_path, engine):
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with Ledger(tmp_path, write=True):
        pass
    readers = [
        subprocess.Popen([sys.executable, "-c", READER, str(tmp_path)], env=path, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [reader.stdout.readline() for reader in readers] == ["ready\n"] * 2
    with Ledger(tmp_path, write=True) as ledger:
        for i in range(1, 61):
            stand_in(engine, ["2012-01-01", "2012-01-02"] * 5, number=i)
            filled(tmp_path, engine, ledger=ledger, number=i)
            if i % 10 == 0:
                ledger.compact(engine)
                ledger._parts.sweep()
    (tmp_path / "done").touch()
    for reader in readers:
        slowest, looks, wrong = json.loads(reader.communicate(timeout=60)[0])
        assert wrong == []
        assert looks > 3
        assert slowest < 2, "a reader waits for no writer; this leaves room for a busy machine"
    with Ledger(tmp_path, write=True) as ledger:
        kept = {path.name for path in ledger.part_paths()}
    assert {path.name for path in (tmp_path / "disclosures").rglob("*.parquet")} == kept
