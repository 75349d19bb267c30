"""How fast is whosaw from the logs to the incidents, beside what one would write without it?

A month of a portal's log with registries of who is entitled to what, and leaks planted in its last third. Each measurement is a fresh
process, and the rounds are interleaved. Whoever judges must count what was planted: a wrong answer has no speed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from measure import DATA, HERE, FailedError, Measured, keep, load, machine, made, measured, middle

PACKAGES = ("duckdb", "pandas", "numpy", "nanoarrow")
HELP_ROUNDS = 11

WHOSAW = "judge"

CONTENDERS = {
    "wc": "floor: `wc -l` of the logs",
    "scan": "floor: every column of the judged ledger read once (DuckDB, Parquet)",
    WHOSAW: "**whosaw judge**, one command, end to end",
    "pandas": "a pandas script that judges (read_csv, merges, day by day)",
    "counting": "a DuckDB script that counts customers per login and day, and knows no entitlements",
}

JUDGES = (WHOSAW, "phases", "pandas")


def logs(lines: int, count: int, files: int = 30) -> None:
    """Measure one size and keep the result."""
    case = made("generate.py", lines, files)
    truth = json.loads((case / "truth.json").read_text())
    before, begun = load(), time.strftime("%Y-%m-%d")
    with tempfile.TemporaryDirectory(dir=DATA) as temporary:
        found = _rounds(case, count, Path(temporary))
    _check(found, truth)
    phases = min(found.pop("phases"), key=lambda run: run.wall).said
    spent = [measured("-m", "whosaw", "--help").wall for _ in range(HELP_ROUNDS)]
    path = keep(
        f"logs-{lines}" + ("" if files == 30 else f"-{files}"),
        {
            "kind": "logs",
            "made": begun,
            "lines": lines,
            "entitlements": lines // 4,
            "files": files,
            "rounds": count,
            "load": [before, load()],
            "machine": machine(PACKAGES),
            "contenders": [{"name": n, "title": CONTENDERS[n], "runs": [{**r.row, **_finds(r)} for r in found[n]]} for n in CONTENDERS],
            "left_out": [],
            "phases": {name: phases[name] for name in ("read_seconds", "judge_seconds", "lines", "disclosures", "incidents")},
            "help": {"median": round(middle(spent), 3), "fastest": round(min(spent), 3)},
        },
    )
    print(path, file=sys.stderr)


def _finds(run: Measured) -> dict[str, Any]:
    return {name: run.said[name] for name in ("unentitled", "suspects") if name in run.said}


def _rounds(case: Path, count: int, temporary: Path) -> dict[str, list[Measured]]:
    """Return what each contender took in each round. The ledger of a round is scanned by its floor."""
    found: dict[str, list[Measured]] = defaultdict(list)
    for i in range(count):
        ledger = temporary / f"ledger-{i}"
        for name in ("wc", "phases", "scan", WHOSAW, "pandas", "counting"):
            found[name].append(_run(name, case, ledger))
            print(f"round {i + 1} of {count}, load {os.getloadavg()[0]:.1f}: {name} {found[name][-1].wall:.1f} s", file=sys.stderr)
        shutil.rmtree(ledger)
    return found


def _run(name: str, case: Path, ledger: Path) -> Measured:
    match name:
        case "phases":
            return measured(str(HERE / "judged.py"), str(case), str(ledger))
        case "judge":
            return _command(case, ledger.with_name("command"))
        case _:
            return measured(str(HERE / "peers.py"), name, str(case), str(ledger))


def _command(case: Path, ledger: Path) -> Measured:
    """Run the command itself, and read from its JSON what it found."""
    out = ledger.with_name("answer.json")
    run = measured("-m", "whosaw", "judge", str(case / "whosaw.toml"), "--dir", str(ledger), "--quiet", "--out", f"json={out}")
    verdicts, read = (json.loads(out.read_text())[part] for part in ("verdicts", "read"))
    run.said.update(unentitled=verdicts["unentitled"], disclosures=read["disclosures"])
    shutil.rmtree(ledger)
    return run


def _check(found: dict[str, list[Measured]], truth: dict[str, int]) -> None:
    for name in JUDGES:
        for run in found[name]:
            if (run.said["disclosures"], run.said["unentitled"]) != (truth["disclosures"], truth["unentitled"]):
                raise FailedError(f"{name} says {run.said}, planted was {truth}")
