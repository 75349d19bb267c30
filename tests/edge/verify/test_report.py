"""A report counts what it holds, and tools can read it."""

from xml.etree import ElementTree as ET

import pytest

from whosaw.edge.verify.report import Mutant, junit


@pytest.mark.parametrize(
    ("states", "mutants", "code"),
    [
        (("held", "not expressible"), (), 0),
        (("held", "inconclusive"), (), 3),
        (("inconclusive", "broken"), (), 1),
        (("held",), (Mutant(rule="a", noticed_by="p"),), 0),
        (("held",), (Mutant(rule="a", noticed_by="p"), Mutant(rule="b")), 1),
    ],
)
def test_the_exit_code_says_the_worst(report, states, mutants, code):
    assert report(*states, mutants=mutants).exit_code == code


def test_junit_tells_broken_from_inconclusive_and_from_what_has_no_occasion(report):
    made = report("held", "broken", "inconclusive", "not expressible", mutants=(Mutant(rule="a"),))
    suite = ET.fromstring(junit(made))  # noqa: S314 - it was written here
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("2", "1", "1")
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["error"], ["skipped"], ["failure"]]
    assert suite[1][0].get("message") == "x: y"
