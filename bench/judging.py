"""How fast is judging, beside others who answer the same? The same questions of the same ledger, each contender in a process of its own."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Any

from measure import HERE, Measured, keep, load, machine, made, measured, rounds

from ledgers import Size

PACKAGES = ("duckdb", "polars", "datafusion", "chdb-core", "pandas", "pyspark")

WHOSAW = "whosaw_judge"

CONTENDERS = {
    "floors": "floor: decode the needed columns; look each row up once, without times (DuckDB)",
    WHOSAW: "**whosaw**",
    "duckdb_plain": "DuckDB, SQL as first written",
    "polars_lazy": "Polars, lazy and streaming",
    "polars_lazy+pruning": "Polars, with our pruning, day by day",
    "datafusion_sql": "DataFusion",
    "datafusion_sql+pruning": "DataFusion, with our pruning",
    "clickhouse_sql": "ClickHouse embedded (chdb)",
    "clickhouse_sql+pruning": "ClickHouse embedded (chdb), with our pruning",
    "pandas_frames": "pandas, day by day",
    "spark_local": "Spark on this machine",
    "whosaw_judge+detectors": "whosaw with all its leak types, without budgets",
}

SLOW = ("pandas_frames", "spark_local")
"""One round is enough to see how far away they are."""

LARGE = 50_000_000
TOO_SLOW = ("pandas_frames", "spark_local", "clickhouse_sql", "clickhouse_sql+pruning")
"""Left out of large ledgers, unless asked for: they take a quarter of an hour each, or more memory than most machines have."""

ANSWERS = ("unentitled", "checksum", "hours", "days", "incidents")
WITHOUT_BUDGETS = ("unentitled", "checksum")


def judge(rows: int, count: int, only: list[str] | None = None, limit: float = 1800) -> None:
    """Measure one size and keep the result. A contender whose answer differs stops the run: a wrong answer has no speed."""
    home = made("ledgers.py", rows)
    wanted = only or [name for name in CONTENDERS if rows < LARGE or name not in TOO_SLOW]
    before, begun = load(), time.strftime("%Y-%m-%d")
    runs = {name: partial(measured, str(HERE / "contend.py"), name, str(home), limit=limit) for name in wanted}
    found = rounds(count, runs, slow=SLOW)
    _check(found)
    size = Size(rows)
    path = keep(
        f"judge-{rows}",
        {
            "kind": "judge",
            "made": begun,
            "rows": rows,
            "entitlements": size.entitlements,
            "days": 30,
            "rounds": count,
            "load": [before, load()],
            "machine": machine(PACKAGES),
            "unentitled": _answer(found[WHOSAW])["unentitled"] if WHOSAW in found else None,
            "contenders": [{"name": name, "title": CONTENDERS[name], "runs": _rows(found[name])} for name in wanted],
            "left_out": [name for name in CONTENDERS if name not in wanted],
        },
    )
    print(path, file=sys.stderr)


def _rows(runs: list[Measured | str]) -> list[dict[str, Any]]:
    return [{"failed": run.splitlines()[-1][:200]} if isinstance(run, str) else {**run.row, "parts": _parts(run)} for run in runs]


def _parts(run: Measured) -> dict[str, list[float]]:
    """Return wall and CPU seconds of each part."""
    return {part: [round(value, 3) for value in values] for part, values in run.said["parts"].items()}


def _answer(runs: list[Measured | str]) -> dict[str, Any]:
    return next((run.said for run in runs if isinstance(run, Measured)), {})


def _check(found: dict[str, list[Measured | str]]) -> None:
    truth: dict[str, Any] = {}
    for name, runs in found.items():
        for run in runs:
            if isinstance(run, str) or name == "floors":
                continue
            for part in WITHOUT_BUDGETS if "detectors" in name else ANSWERS:
                if truth.setdefault(part, run.said[part]) != run.said[part]:
                    sys.exit(f"{name}: {part} is {str(run.said[part])[:500]}, others say {str(truth[part])[:500]}")
