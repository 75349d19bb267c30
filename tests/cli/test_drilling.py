"""The drill: what was found is held beside the truth."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from small_operator import judged, line, operator
from whosaw.cli import drilling


def truth(**changes):
    one = {
        "scenario": "s", "detectors": ["account-mixup"], "channel": "portal", "first": "2012-01-10T10:01:00+00:00",
        "first_true": "2012-01-10T10:01:00+00:00", "customers": ["A1"], "customers_true": ["A1"], "rows": 1,
        "cause": {"kind": "route", "value": "/home"},
    }  # fmt: skip
    return {"incidents": [one | changes]}


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drill")
    return judged(operator(folder, [line("08:00", "anna", account="A1"), line("10:01", "bert", account="A1")]))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"detectors": ["cached-page"]}, "missed"),
        ({"channel": "bills"}, "missed"),
        ({"rows": 2}, "1 disclosures, truth 2"),
        ({"customers": ["A1", "A2"], "customers_true": ["A1", "A2"]}, "customers at least 1, truth in the logs 2"),
        ({"first_true": "2012-01-10T09:00:00+00:00"}, "is later than the truth"),
    ],
)
def test_a_true_incident_is_found_with_the_right_numbers_or_it_is_said(answer, changes, problem):
    compared = drilling.compare(answer, truth(**changes))
    ((_, _, problems),) = compared.pairs
    assert compared.ok == (problem is None)
    assert problem is None or any(problem in said for said in problems)


def test_of_incidents_that_began_in_the_same_second_those_of_one_cause_are_held_beside_each_other():
    def found(cause, milliseconds):
        since = datetime(2012, 1, 10, 10, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
        return SimpleNamespace(since=since, cause=SimpleNamespace(value=cause))

    (true,) = truth()["incidents"]
    other, same, late = found("/bills", 0), found("/home", 200), found("/home", 1_500)
    assert min((other, same, late), key=lambda i: drilling._apart(i, true)) is same
    assert min((other, late), key=lambda i: drilling._apart(i, true)) is other


def test_what_was_found_and_did_not_happen_is_extra(answer):
    compared = drilling.compare(answer, {"incidents": []})
    assert not compared.ok
    assert [i.detector for i in compared.extra] == ["account-mixup"]


def test_the_scenarios_are_listed(run):
    said = run("drill", "--list")
    assert said.code == 0
    assert "maxis-2010" in said.out


def test_an_unknown_scenario_is_2_and_lists_those_there_are(run, tmp_path):
    said = run("drill", "atlantis-1")
    assert said.code == 2
    assert "maxis-2010" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_former_drill_is_left_alone(run, tmp_path):
    (tmp_path / "drill-out").mkdir()
    (tmp_path / "drill-out" / "precious.txt").write_text("mine")
    said = run("drill", "maxis-2010")
    assert said.code == 2
    assert "no former drill" in said.err
    assert (tmp_path / "drill-out" / "precious.txt").read_text() == "mine"


def test_a_small_drill_is_found_as_it_was_and_can_be_drilled_again(run, tmp_path):
    for _ in range(2):
        said = run("drill", "maxis-2010", "--customers", "300", "--days", "6", "--quiet")
        assert said.code == 0, said.out
        assert "all found, nothing invented" in said.out
    assert json.loads((tmp_path / "drill-out" / "ledger" / "result.json").read_text())["incidents"]
