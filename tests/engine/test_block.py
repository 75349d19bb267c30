"""How do lines reach the engine?"""

import numpy as np

from whosaw.engine.block import Piece, block_of, without_heading
from whosaw.engine.duckdb import Engine


def answered(name, arrow, query):
    engine = Engine()
    engine.offer(name, arrow)
    try:
        return engine.rows(query)
    finally:
        engine.withdraw(name)
        engine.close()


def test_lines_may_be_left_out_beside_the_odd_ones():
    block = block_of(5, b"one\nb\xffad\ntwo\r\nthree\nend")
    without = np.array([False, False, False, True, False])
    assert answered("lines", block.arrow(without), "select n, line from lines order by n") == [(5, "one"), (7, "two"), (9, "end")]
    assert answered("lines", block.arrow(~block.odd), "select n, line from lines") == []


def test_pieces_are_read_where_they_lie():
    block = block_of(5, "äb-c\n??\nd--efg\n".encode())
    some = Piece(np.array([0]), np.array([[0, 3, 4, 5]]), np.array([7]))
    more = Piece(np.array([2]), np.array([[9, 10, 12, 15]]), np.array([8]))
    found = answered("pieces", block.pieces([some, more]), "select n, f[1], f[3], seen from pieces order by n")
    assert found == [(5, "äb", "c", 7), (7, "d", "efg", 8)]


def test_bytes_that_are_no_text_may_lie_between_the_pieces():
    block = block_of(1, b"a b\n\xff\xfe\nc d\n")
    part = Piece(np.array([0, 2]), np.array([[0, 1, 2, 3], [7, 8, 9, 10]]), np.array([0, 0]))
    assert answered("pieces", block.pieces([part]), "select f[1], f[3] from pieces order by n") == [("a", "b"), ("c", "d")]


def test_no_pieces_are_no_rows():
    assert answered("pieces", block_of(1, b"a\n").pieces([]), "select n from pieces") == []


def test_a_heading_ends_before_the_first_line_of_data():
    assert without_heading(block_of(1, b"a\nb\nc\n"), 2).raw(3) == b"c"
    assert without_heading(block_of(4, b"a\nb\n"), 2).raw(4) == b"a"
