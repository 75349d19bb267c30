"""Are the figures of the READMEs those that were measured?"""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent / "bench"


@pytest.fixture
def render(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    spec = importlib.util.spec_from_file_location("render", BENCH / "render.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("measure", None)


def test_the_tables_of_the_readmes_are_those_of_the_results(render):
    for page in render.PAGES:
        assert render.names(page.read_text()), f"{page} shows no table"
        assert render.rendered(page.read_text()) == page.read_text(), "run `./dev bench --render`"


def test_every_result_is_shown(render):
    shown = {name for page in render.PAGES for name in render.names(page.read_text())}
    assert {path.stem for path in render.RESULTS.glob("*.json")} <= shown


def result(**runs):
    contenders = [{"name": name, "title": name, "runs": rows} for name, rows in runs.items()]
    machine = {"cores": 2, "python": "3.11", "packages": {}}
    about = {"made": "2026-01-01", "rounds": 3, "load": [0.1, 0.2], "machine": machine, "left_out": ["absent"]}
    return {"kind": "judge", "rows": 1000, "entitlements": 250, "days": 30, "contenders": contenders, **about}


def run(seconds):
    return {"wall": 9, "cpu": seconds * 2, "peak_mib": 100, "parts": {"judge": [seconds, seconds]}}


@pytest.fixture
def shown(render, monkeypatch, tmp_path):
    monkeypatch.setattr(render, "RESULTS", tmp_path)

    def table(found, name="judge-1000"):
        (tmp_path / "judge-1000.json").write_text(json.dumps(found))
        return render.table(name).splitlines()

    return table


def row(lines, title):
    return [cell.strip() for cell in next(line for line in lines if line.startswith(f"| {title} ")).split("|")[1:-1]]


def test_a_ratio_is_the_middle_one_of_the_rounds_in_which_both_ran(shown):
    lines = shown(result(whosaw_judge=[run(1), run(2), run(4)], other=[run(3), run(4), run(40)], once=[run(5)]))
    assert row(lines, "other")[-2:] == ["3.0", "3.0"]
    assert row(lines, "once")[-2:] == ["5.0", "5.0"]
    assert "One round only: once." in lines
    assert "Not run at this size: absent." in lines


def test_a_contender_that_failed_is_shown_with_its_reason(shown):
    lines = shown(result(whosaw_judge=[run(1)], other=[{"failed": "not done after 900 s"}]))
    assert row(lines, "other")[1] == "not done after 900 s"
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def test_what_a_row_costs_is_said_for_each_size(shown):
    assert shown(result(whosaw_judge=[run(0.0015)] * 3), "fit")[2] == "| 1,000 | 0.00 | 0.00 | 3.00 | 100 |"
