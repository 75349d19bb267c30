"""Does the ledger survive what kills its writer? `bench/kills.py` does the same a thousand times."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "kills.py"


def said_by(*arguments):
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; sys.argv = sys.argv[1:]; import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_nothing_is_lost_or_doubled_when_the_writer_is_killed_or_the_power_fails_or_the_disk_is_full(tmp_path):
    told = said_by(SCRIPT, tmp_path, 28, random.Random().randrange(1 << 30))  # noqa: S311 - another seed each time, and it is told
    assert told["wrong"] == []
    assert told["lines"] > 50
    assert told["slowest"] < 5
    assert sum(told["rounds"].values()) == 28


UNSYNCED = """
import sys, json
from functools import partial
from pathlib import Path
import kills
folder = Path(sys.argv[1])
kills.written(folder, logins_csv=kills.LOGINS, bills_csv=kills.BILLS, portal_log=kills.QUIET, followed_log=kills.QUIET)
found = []
for seed in range(6):
    kills.cut_at(folder, seed, 40 + 20 * seed, unsynced=True)
    found += kills.answer_of(partial(kills.look, folder))["wrong"]
print(json.dumps(found))
"""


def test_a_ledger_that_did_not_sync_would_be_found_out(tmp_path):
    script = tmp_path / "unsynced.py"
    script.write_text(UNSYNCED)
    (tmp_path / "logs").mkdir()
    assert said_by(script, tmp_path / "logs") != []


@pytest.mark.parametrize("how", ["rows", "manifest"])
def test_a_ledger_that_lost_or_doubled_a_row_would_be_found_out(tmp_path, how):
    script = tmp_path / "wrong.py"
    harm = {
        "rows": "work.ledger.rewrite(work.engine, 'source_line = 1')",
        "manifest": "work.ledger._manifest.rows('delete from files where number = (select min(number) from files)')",
    }[how]
    script.write_text(f"""
import sys, json
from functools import partial
from pathlib import Path
import kills
folder = Path(sys.argv[1])
kills.written(folder, logins_csv=kills.LOGINS, bills_csv=kills.BILLS, portal_log=kills.QUIET, followed_log=kills.QUIET)
assert kills.look(folder)["wrong"] == []
with kills.opened(kills.case(folder, kills.SOURCES), write=True) as work:
    {harm}
print(json.dumps(kills.look(folder)["wrong"]))
""")
    (tmp_path / "logs").mkdir()
    assert said_by(script, tmp_path / "logs") != []
