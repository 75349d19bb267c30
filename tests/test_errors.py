"""What can a person get wrong, and what should they do next?"""

import inspect

import pytest

from whosaw import errors
from whosaw.errors import WhosawError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, WhosawError)]


def test_there_are_at_most_eight_kinds_and_each_says_what_it_means():
    assert len(KINDS) <= 8
    assert all(kind.__doc__ for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_carries_what_happened_a_hint_and_its_exit_code(kind):
    problem = kind("what happened", hint="what to do")
    assert (str(problem), problem.message, problem.hint) == ("what happened", "what happened", "what to do")
    assert problem.exit_code in {1, 4, 5}


def test_no_error_comes_without_a_hint():
    with pytest.raises(TypeError):
        WhosawError("what happened")
