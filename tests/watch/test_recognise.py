import pytest
from hypothesis import given
from hypothesis import strategies as st

from watch.follow_loop import Row
from whosaw.engine.fingerprint import Fingerprint
from whosaw.watch.content import Content
from whosaw.watch.recognise import MOST_MARKS, Comparison, Known, Memory


def row(data, number=1, path="a.log", *, shown=1):
    mark = Fingerprint()
    mark.update(data)
    return Row(number, path, mark.hexdigest(), len(data), mark.state, shown)


@pytest.fixture
def content(tmp_path):
    made = []

    def of(data):
        path = tmp_path / f"{len(made)}.log"
        path.write_bytes(data)
        made.append(Content(path))
        return made[-1]

    yield of
    for one in made:
        one.close()


def test_the_longest_of_several_beginnings_wins_and_others_are_struck_out(content):
    text = b"".join(b"%06d\n" % i for i in range(1000))
    whole, part, other = Known(row(text[:700])), Known(row(text[:70])), Known(row(b"x" * 50))
    compared = Comparison([part, other, whole])
    file = content(text)
    while compared.next_stop is not None:
        assert compared.go_on(file, 100) <= 100
    assert compared.best is not None
    assert compared.best[0] is whole
    assert compared.best[1].size == 700
    assert compared.open == []


def test_a_copy_in_the_making_stays_open(content):
    text = b"abc\n" * 100
    known = Known(row(text))
    compared = Comparison([known])
    compared.go_on(content(text[:200]), 1 << 20)
    assert compared.best is None
    assert compared.open == [known]


def test_a_content_that_leaves_a_known_one_on_the_way_is_struck_out_before_its_end(content):
    known = Known(row(b"a" * 100))
    known.grow(row(b"a" * 1000), 1000, row(b"a" * 1000).digest, "")
    compared = Comparison([known])
    compared.go_on(content(b"a" * 50 + b"b" * 200), 1 << 20)
    assert compared.open == []


def test_only_the_end_of_a_long_content_is_compared_again(content, monkeypatch):
    text = bytes(range(256)) * (6 << 12)
    known, file, read = Known(row(text)), content(text + b"more"), []
    real = Content.at
    monkeypatch.setattr(Content, "at", lambda self, offset, size: read.append(size) or real(self, offset, size))
    mark = known.at_the_end_of(file)
    assert mark is not None
    assert mark.size == len(text)
    assert sum(read) <= 2 << 20


@given(st.integers(1, 2000))
def test_marks_stay_few_and_the_last_one_is_kept(n):
    known = Known(None)
    for i in range(1, n):
        known.grow(row(b""), i, str(i), "")
    assert len(known.marks) <= MOST_MARKS
    assert not known.marks or known.marks[-1] == (n - 1, str(n - 1))


def test_a_mere_heading_is_nobody_elses_beginning():
    heading = Known(row(b"time,agent\n", path="mon.csv", shown=0))
    memory = Memory([])
    memory.known.append(heading)
    memory.sort()
    assert memory.candidates("tue.csv", 100, b"time,agent\nx", []) == []
    assert memory.candidates("mon.csv", 100, b"time,agent\nx", []) == [heading]


def test_nothing_is_said_while_its_like_is_about_to_be_recorded():
    memory = Memory([])
    new = memory.new(b"line 1\n")
    assert memory.candidates("b.log", 100, b"line 1\nline 2\n", []) is None
    memory.forget(new)
    assert memory.candidates("b.log", 100, b"line 1\nline 2\n", []) == []
