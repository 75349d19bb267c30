"""Who is at work in this ledger?"""

import os
import socket
import subprocess
import sys

import pytest

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
