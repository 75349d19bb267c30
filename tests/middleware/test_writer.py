"""An answer never waits for its lines: they are queued or counted as lost, and each process writes its own."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from whosaw.middleware.writer import Writer

ROOT = Path(__file__).parents[2]


class Kept:
    """A sink that keeps lines, unless it is told to refuse or to hang."""

    def __init__(self):
        self.lines, self.room = [], 10**9
        self.gate = threading.Event()
        self.gate.set()

    def write(self, lines):
        self.gate.wait(30)
        taken = min(self.room, len(lines))
        self.lines += lines[:taken]
        return taken


@pytest.fixture
def writing():
    writers = []

    def make(sink, size=1000):
        writers.append(Writer(sink, size=size, lost_line=lambda count: {"lost": count}, pause=0.001))
        return writers[-1]

    yield make
    for writer in writers:
        writer.close()


def numbered(*numbers):
    return [{"n": n} for n in numbers]


def page(*numbers):
    """An answer with a line for each number."""
    return lambda: numbered(*numbers)


def test_lines_arrive_in_their_order_without_being_asked_for(writing, until):
    sink = Kept()
    writer = writing(sink)
    for i in range(1500):
        until(lambda: writer.waiting < 1000)
        writer.put(page(i))
    until(lambda: len(sink.lines) == 1500)
    assert sink.lines == numbered(*range(1500))
    assert (writer.written, writer.lost, writer.waiting) == (1500, 0, 0)


def test_a_full_queue_counts_and_says_so_and_nobody_waits(writing, until):
    sink = Kept()
    writer = writing(sink, size=10)
    sink.gate.clear()
    writer.put(page(0))
    until(lambda: not writer._queue)  # the sink hangs with the first
    for i in range(1, 16):
        writer.put(page(i))
    assert writer.lost == 5
    sink.gate.set()
    until(lambda: writer.waiting == 0)
    writer.put(page(16))
    writer.flush()
    assert sink.lines == [*numbered(0), {"lost": 5}, *numbered(*range(1, 11), 16)]


def test_a_page_that_cannot_be_told_of_is_counted_and_holds_up_no_other(writing):
    sink = Kept()
    writer = writing(sink)
    for made in (page(1), lambda: 1 / 0, page(2)):
        writer.put(made)
    writer.flush()
    assert [line for line in sink.lines if "n" in line] == numbered(1, 2)
    assert (writer.lost, writer.failed) == (1, 1)


def test_what_a_sink_refuses_is_offered_again(writing):
    sink = Kept()
    sink.room = 3
    writer = writing(sink)
    writer.put(page(*range(8)))
    assert not writer.flush()
    sink.room = 10
    assert writer.flush()
    assert sink.lines == numbered(*range(8))


def test_a_sink_that_raises_is_counted_and_the_lines_stay(writing):
    class Broken(Kept):
        broken = True

        def write(self, lines):
            if self.broken:
                raise RuntimeError("447700900123")
            return super().write(lines)

    sink = Broken()
    writer = writing(sink)
    writer.put(page(1))
    assert not writer.flush()
    assert writer.failed >= 1
    sink.broken = False
    assert writer.flush()
    assert sink.lines == numbered(1)


def test_what_cannot_be_written_even_at_the_end_is_lost_and_counted(writing):
    sink = Kept()
    sink.room = 0
    writer = writing(sink)
    writer.put(page(1, 2))
    writer.close()
    assert (writer.lost, writer.waiting) == (2, 0), "what is lost here are two lines of a page that was begun"


def test_many_threads_lose_nothing(writing):
    sink = Kept()
    writer = writing(sink, size=10**6)
    threads = [threading.Thread(target=lambda n=n: [writer.put(page(n * 1000 + i)) for i in range(1000)]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.flush()
    assert sorted(line["n"] for line in sink.lines) == list(range(8000))


def test_a_forked_process_writes_what_is_its_own_and_nothing_twice(tmp_path):
    """As a preforking server does: the master has written, then forks, and each worker ends in the usual way."""
    program = """
import os, sys
from pathlib import Path
from whosaw.middleware.sink import Files
from whosaw.middleware.writer import Writer
writer = Writer(Files(Path(sys.argv[1])), size=1000, lost_line=lambda n: {"lost": n}, pause=30)
writer.put(lambda: [{"by": "master"}])
for worker in range(3):
    if os.fork() == 0:
        for i in range(50):
            writer.put(lambda i=i: [{"by": worker, "i": i}])
        sys.exit(0)
for _ in range(3):
    os.wait()
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", program, tmp_path / "lines"], check=True, env=environment)
    lines = (tmp_path / "lines" / "shown.jsonl").read_text().splitlines()
    assert len(lines) == 151
    assert len(set(lines)) == 151
