"""How fast is whosaw, beside what one would write without it? Prints a Markdown table; bench/README.md keeps dated ones.

Each measurement is a fresh process, and the rounds are interleaved, so that a busy moment hits all of them alike.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from generate import Size, make

HERE = Path(__file__).parent
DATA = HERE / "data"
PACKAGES = ("duckdb", "pandas", "numpy", "nanoarrow")
HELP_ROUNDS = 11


@dataclass(frozen=True)
class Measured:
    """What one process took."""

    seconds: float
    worked: float
    peak_mib: float
    said: dict[str, Any]


def measured(*command: str) -> Measured:
    """Run a process to its end; its memory and CPU time are those of this process and no other."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    with tempfile.TemporaryFile() as out:
        begin = time.perf_counter()
        process = subprocess.Popen([sys.executable, *command], stdout=out, stderr=subprocess.PIPE, env=environment)
        trouble = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}\n{trouble.decode(errors='replace')[-3000:]}")
    last = said.strip().splitlines()[-1] if said.strip() else b"{}"
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.loads(last) if last.startswith(b"{") else {})


def rounds(case: Path, count: int, temporary: Path) -> dict[str, list[Measured]]:
    """Return what each contender took in each round. The ledger of a round is scanned by its floor."""
    found: dict[str, list[Measured]] = defaultdict(list)
    for i in range(count):
        ledger, command = temporary / f"ledger-{i}", temporary / f"command-{i}"
        found["wc -l"].append(measured(str(HERE / "peers.py"), "lines", str(case), str(ledger)))
        found["phases"].append(measured(str(HERE / "judged.py"), str(case), str(ledger)))
        found["scan"].append(measured(str(HERE / "peers.py"), "scan", str(case), str(ledger)))
        shutil.rmtree(ledger)
        answer = temporary / f"answer-{i}.json"
        judge = ("-m", "whosaw", "judge", str(case / "whosaw.toml"), "--dir", str(command), "--quiet", "--out", f"json={answer}")
        run = measured(*judge)
        verdicts, read = (json.loads(answer.read_text())[part] for part in ("verdicts", "read"))
        run.said.update(unentitled=verdicts["unentitled"], disclosures=read["disclosures"])
        found["judge"].append(run)
        shutil.rmtree(command)
        found["pandas"].append(measured(str(HERE / "peers.py"), "pandas", str(case), str(ledger)))
        found["counting"].append(measured(str(HERE / "peers.py"), "counting", str(case), str(ledger)))
        print(f"round {i + 1} of {count} done, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return found


NAMES = {
    "wc -l": "floor: `wc -l` of the logs",
    "scan": "floor: every column of the judged ledger read once (DuckDB, Parquet)",
    "judge": "**whosaw judge**, one command, end to end",
    "pandas": "a pandas script that judges (read_csv, merges, day by day)",
    "counting": "a DuckDB script that counts customers per login and day, and knows no entitlements",
}


def best(runs: list[Measured]) -> Measured:
    return min(runs, key=lambda run: run.seconds)


def table(found: dict[str, list[Measured]], lines: int) -> str:
    """Return the results as Markdown. Times are the best of the rounds; ratios are against whosaw in the same run."""
    own = best(found["judge"])
    rows = [
        "| what | wall s | CPU s | peak MiB | lines/s | wall, whosaw = 1 | CPU, whosaw = 1 | finds |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name, title in NAMES.items():
        one = best(found[name])
        says = one.said.get("unentitled", one.said.get("suspects", ""))
        finds = f"{says:,}{' suspects' if name == 'counting' else ' unentitled'}" if says != "" else ""
        rows.append(
            f"| {title} | {one.seconds:.1f} | {one.worked:.1f} | {one.peak_mib:,.0f} | {lines / one.seconds:,.0f} "
            f"| {one.seconds / own.seconds:.2f} | {one.worked / own.worked:.2f} | {finds} |"
        )
    phases = best(found["phases"])
    said = phases.said
    reading, judging = said["read_seconds"], said["judge_seconds"]
    rows.append("")
    rows.append(
        f"In a process of its own, reading took {reading:.1f} s ({said['lines'] / reading:,.0f} lines/s) "
        f"and judging {judging:.1f} s ({said['disclosures'] / judging:,.0f} disclosures/s), at a peak of {phases.peak_mib:,.0f} MiB."
    )
    rows.append(f"Found: {', '.join(f'{name} {count:,}' for name, count in said['incidents'].items())}.")
    return "\n".join(rows)


def check(found: dict[str, list[Measured]], truth: dict[str, int]) -> None:
    """Stop where a contender that judges does not give the planted answer: a wrong answer has no speed."""
    for name in ("judge", "phases", "pandas"):
        for run in found[name]:
            if (run.said["disclosures"], run.said["unentitled"]) != (truth["disclosures"], truth["unentitled"]):
                sys.exit(f"{name} says {run.said}, planted was {truth}")


def start_up() -> str:
    """Return how long `whosaw --help` takes."""
    spent = [measured("-m", "whosaw", "--help").seconds for _ in range(HELP_ROUNDS)]
    return f"`whosaw --help`: {statistics.median(spent):.3f} s (median of {HELP_ROUNDS}, fastest {min(spent):.3f} s)."


def machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores (load {load}), Python {platform.python_version()}, {packages}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--entitlements", type=int, default=2_500_000)
    parser.add_argument("--files", type=int, default=30, help="log files; 30 is one a day, 1 is a month in one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="500,000 lines and 125,000 entitlements, for a quick look")
    given = parser.parse_args()
    size = Size(500_000, 125_000, given.files) if given.small else Size(given.lines, given.entitlements, given.files)
    case = make(DATA, size)
    truth = json.loads((case / "truth.json").read_text())
    before = machine()
    with tempfile.TemporaryDirectory(dir=DATA) as temporary:
        found = rounds(case, given.rounds, Path(temporary))
    check(found, truth)
    print(f"{size.lines:,} lines in {size.files} files, {size.entitlements:,} entitlements, {size.accounts:,} owners of bills; {before}\n")
    print(f"Best of {given.rounds}.\n\n{table(found, size.lines)}\n\n{start_up()}")


if __name__ == "__main__":
    main()
