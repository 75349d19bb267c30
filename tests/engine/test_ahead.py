"""What comes next, while this is still being worked on?"""

import threading

import pytest

from whosaw.engine.ahead import ahead


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "whosaw-ahead"]


def test_the_items_are_the_same_in_the_same_order():
    assert list(ahead(range(100))) == list(range(100))
    assert list(ahead([])) == []
    assert not threads()


def test_the_next_item_is_made_while_one_is_in_use():
    begun = threading.Event()

    def items():
        yield 1
        begun.set()
        yield 2

    made = ahead(items())
    assert next(made) == 1
    assert begun.wait(10)
    assert list(made) == [2]


def test_a_problem_is_raised_where_the_item_would_have_come():
    def items():
        yield 1
        raise OSError("the disk is gone")

    made = ahead(items())
    assert next(made) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(made)
    assert not threads()


def test_what_nobody_wants_is_not_made():
    count = iter(range(1_000_000))
    made = ahead(count)
    assert next(made) == 0
    made.close()
    assert not threads()
    assert next(count) < 10
