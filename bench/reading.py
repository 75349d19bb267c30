"""How fast is a log read, beside others who read it? The same combined log, each reader in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from typing import TYPE_CHECKING

from measure import DATA, HERE, FailedError, Measured, keep, load, machine, made, measured, rounds

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("duckdb", "lars", "pygrok")

WHOSAW = "whosaw"

READERS = {
    "wc": "floor: `wc -l`, which finds nothing in a line",
    WHOSAW: "**whosaw**: recognised, pseudonymised, sealed and recorded",
    "goaccess": "GoAccess (C): counted",
    "re": "Python `re` and `strptime`, line by line: counted",
    "pygrok": "pygrok: counted",
    "lars": "lars: counted",
}


def read(lines: int, count: int, only: list[str] | None = None) -> None:
    """Measure and keep the result. A reader that finds other lines or bytes than the others stops the run."""
    log = made("combined.py", lines)
    before, begun = load(), time.strftime("%Y-%m-%d")
    wanted = only or list(READERS)
    found = rounds(count, {name: partial(_run, name, log) for name in wanted})
    _check(found)
    path = keep(
        f"read-{lines}",
        {
            "kind": "read",
            "made": begun,
            "lines": lines,
            "bytes": log.stat().st_size,
            "rounds": count,
            "load": [before, load()],
            "machine": _machine(),
            "contenders": [
                {"name": n, "title": READERS[n], "runs": [{"failed": r[-200:]} if isinstance(r, str) else r.row for r in found[n]]}
                for n in wanted
            ],
            "left_out": [n for n in READERS if n not in wanted],
        },
    )
    print(path, file=sys.stderr)


def _run(name: str, log: Path) -> Measured:
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        return measured(str(HERE / "parsers.py"), name, str(log), folder)


def _machine() -> dict[str, object]:
    about = machine(PACKAGES)
    if shutil.which("goaccess"):
        said = subprocess.run(["goaccess", "--version"], check=True, capture_output=True, text=True).stdout
        about["packages"]["goaccess"] = said.splitlines()[0].rpartition(" ")[2].rstrip(".")
    return about


def _check(found: dict[str, list[Measured | str]]) -> None:
    said = {(run.said["lines"], run.said.get("bytes")) for runs in found.values() for run in runs if isinstance(run, Measured)}
    if len({lines for lines, _ in said}) > 1 or len({size for _, size in said if size is not None}) > 1:
        raise FailedError(f"the readers do not agree: {sorted(said, key=str)}")
