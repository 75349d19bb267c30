import pytest

from watch.follow_loop import Row
from whosaw.watch.found import look
from whosaw.watch.recognise import Memory
from whosaw.watch.trail import Trail


@pytest.fixture
def trail(tmp_path):
    (tmp_path / "a.log").write_bytes(b"one\ntwo\nthr")
    ((found,),) = (look(tmp_path, ["a.log"])[0].values(),)
    begun = Trail(found, "a.log", 0.0)
    yield begun
    begun.let_go()


def test_a_file_is_recognised_before_anything_of_it_is_handed_out(trail):
    memory = Memory([])
    assert not trail.in_step
    trail.recognise(memory, 100, over=False)
    assert trail.in_step
    piece = trail.take(100, over=False, memory=memory)
    assert (piece.offset, piece.size, piece.data, piece.final) == (0, 8, b"one\ntwo\n", False)
    trail.done(piece, Row(5, "a.log", piece.digest, piece.size, piece.state, 2))
    assert trail.number == 5
    assert trail.take(100, over=False, memory=memory) is None
    last = trail.take(100, over=True, memory=memory)
    assert (last.offset, last.data, last.final, last.continues.number) == (8, b"thr", True, 5)


def test_a_piece_shows_no_line_of_the_log(trail):
    memory = Memory([])
    trail.recognise(memory, 100, over=False)
    assert "two" not in repr(trail.take(100, over=False, memory=memory))


def test_a_file_that_became_shorter_than_what_was_read_is_said_to_be_cut_off(trail, tmp_path):
    memory = Memory([])
    trail.recognise(memory, 100, over=False)
    piece = trail.take(100, over=False, memory=memory)
    trail.done(piece, Row(5, "a.log", piece.digest, piece.size, piece.state, 2))
    (tmp_path / "a.log").write_bytes(b"one\n")
    ((found,),) = (look(tmp_path, ["a.log"])[0].values(),)
    assert trail.see(found, 1.0)
