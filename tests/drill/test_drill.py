import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from drill.second_opinion import lines, logs, unentitled
from whosaw.drill import SCENARIOS, write

SOURCE = Path(__file__).parents[2] / "src"
SMALL = {"seed": 5, "customers": 300, "days": 9}


def digest(folder):
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()


def test_the_same_arguments_give_the_same_bytes_in_any_process(tmp_path):
    digests = set()
    for hash_seed in ("1", "2"):
        folder = tmp_path / hash_seed
        code = (
            f"from pathlib import Path; from whosaw.drill import write; write(Path({str(folder)!r}), scenarios=['bad-quarter'], **{SMALL})"
        )
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(SOURCE)})
        digests.add(digest(folder))
    assert len(digests) == 1


def test_another_seed_gives_another_operator(tmp_path):
    write(tmp_path / "a", scenarios=["quiet-month"], **SMALL)
    write(tmp_path / "b", scenarios=["quiet-month"], **SMALL | {"seed": 6})
    assert digest(tmp_path / "a") != digest(tmp_path / "b")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_truth_names_exactly_the_lines_that_no_registry_allows(scenario, tmp_path):
    truth = write(tmp_path, scenarios=[scenario], **SMALL)
    assert set(truth.unentitled_rows) == unentitled(tmp_path)
    assert bool(truth.unentitled_rows) == (scenario != "quiet-month")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_combination_of_leaks_is_told_apart_from_what_is_allowed(seed, tmp_path):
    names = list(SCENARIOS)[seed::3]
    truth = write(tmp_path, scenarios=names, seed=seed, customers=700, days=12)
    assert set(truth.unentitled_rows) == unentitled(tmp_path)
    assert len(truth.unentitled_rows) == len(set(truth.unentitled_rows))


def test_a_large_drill_is_true_line_by_line(quarter):
    folder, truth = quarter
    assert set(truth.unentitled_rows) == unentitled(folder)
    assert len(truth.unentitled_rows) == sum(incident.rows for incident in truth.incidents) + len(truth.mistakes)


def test_every_benign_line_of_a_quiet_month_has_its_reason(quiet):
    folder, truth = quiet
    assert unentitled(folder) == set()
    assert truth.incidents == truth.unentitled_rows == truth.mistakes == ()


def test_the_saved_truth_is_the_returned_one(quarter):
    folder, truth = quarter
    assert json.loads((folder / "truth.json").read_text()) == json.loads(json.dumps(asdict(truth)))


def test_the_usual_size_makes_sixty_to_a_hundred_thousand_lines(quarter):
    folder, _ = quarter
    assert 60_000 <= sum(len(lines(folder, file)) for file in logs(folder)) <= 100_000


def test_ten_times_the_customers_take_no_more_than_linear_time(tmp_path):
    spent = {}
    for customers in (600, 6_000):
        before = time.process_time()
        write(tmp_path / str(customers), scenarios=["bad-quarter"], seed=2, customers=customers, days=6)
        spent[customers] = time.process_time() - before
    assert spent[6_000] < 30 * spent[600] + 1, "three times linear leaves room for a busy machine"


def test_a_folder_that_holds_logs_is_left_alone(tmp_path):
    (tmp_path / "logs").mkdir()
    with pytest.raises(FileExistsError, match="holds logs already"):
        write(tmp_path, scenarios=["quiet-month"], **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


@pytest.mark.parametrize(("customers", "days"), [(299, 20), (60_001, 20), (2_000, 5)])
def test_an_impossible_size_is_refused_before_anything_is_written(customers, days, tmp_path):
    with pytest.raises(ValueError, match="at least 6 days"):
        write(tmp_path, scenarios=["quiet-month"], seed=1, customers=customers, days=days)
    assert list(tmp_path.iterdir()) == []


def test_the_drill_takes_nothing_but_the_standard_library():
    code = "import sys; before = set(sys.modules); import whosaw.drill; print(*set(sys.modules) - before)"
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCE)}
    )
    loaded = {name for name in run.stdout.split() if not name.startswith("whosaw.drill") and name != "whosaw"}
    assert {name.partition(".")[0] for name in loaded} <= sys.stdlib_module_names
