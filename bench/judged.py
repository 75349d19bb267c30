"""How long does whosaw take to read and to judge a case, and, with --profile, in which statements? Prints JSON. One fresh process each."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from whosaw import config
from whosaw.engine.duckdb import Engine
from whosaw.engine.inputs import Block, Input
from whosaw.judge import Case, judged, opened, read_all
from whosaw.judge.plan import plan
from whosaw.ledger import Ledger

spent: dict[str, float] = defaultdict(float)
worked: dict[str, float] = defaultdict(float)
highest: dict[str, int] = {}


def _resident() -> int:
    """Return the memory in use, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20


def _watched(owner: Any, name: str, label: Any) -> None:
    """Add up what a method takes, under the label of its arguments."""
    inner = getattr(owner, name)

    def timed(self: Any, *args: Any, **keywords: Any) -> Any:
        begin, worked_before = time.perf_counter(), time.process_time()
        try:
            return inner(self, *args, **keywords)
        finally:
            what = label(*args)
            spent[what] += time.perf_counter() - begin
            worked[what] += time.process_time() - worked_before
            highest[what] = max(highest.get(what, 0), _resident())

    setattr(owner, name, timed)


def _statement(sql: str, *_: Any) -> str:
    words = re.sub(r"\s+", " ", sql).strip()
    return f"sql {words[:64]}"


def _profile() -> None:
    _watched(Engine, "run", _statement)
    _watched(Engine, "rows", _statement)
    _watched(Ledger, "append", lambda *_: "ledger append (copy and record)")
    _watched(Block, "arrow", lambda *_: "block to Arrow")
    inner = Input.blocks

    def blocks(self: Any, **keywords: Any) -> Any:
        found = inner(self, **keywords)
        while True:
            begin, worked_before = time.perf_counter(), time.process_time()
            block = next(found, None)
            spent["blocks: read, digest and cut"] += time.perf_counter() - begin
            worked["blocks: read, digest and cut"] += time.process_time() - worked_before
            if block is None:
                return
            yield block

    Input.blocks = blocks  # type: ignore[method-assign]


def _measured(case: Path, ledger: Path) -> dict[str, Any]:
    begin = time.perf_counter()
    settings, config_hash = config.load(case / "whosaw.toml")
    with opened(Case(settings, config_hash, case, ledger), write=True) as work:
        work.tasks, work.problems = plan(settings, case)
        read_all(work, lambda *_: None)
        middle, resident = time.perf_counter(), _resident()
        result = judged(work, made=datetime(2012, 2, 1, tzinfo=UTC), command="bench")
    end = time.perf_counter()
    return {
        "read_seconds": middle - begin,
        "judge_seconds": end - middle,
        "resident_after_reading": resident,
        "lines": result.read.lines,
        "disclosures": result.read.disclosures,
        "rejected": result.read.rejected,
        "unentitled": result.verdicts.unentitled,
        "cannot_judge": result.verdicts.cannot_judge,
        "incidents": {i.detector: i.disclosures for i in result.incidents},
        "doubts": result.doubts,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("case", type=Path)
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    if given.profile:
        _profile()
    try:
        print(json.dumps(_measured(given.case, given.ledger)))
    finally:
        for what, seconds in sorted(spent.items(), key=lambda item: -item[1])[:45]:
            print(f"{seconds:8.2f} s {worked[what]:8.2f} s CPU  {highest.get(what, 0):6} MiB  {what}", file=sys.stderr)


if __name__ == "__main__":
    main()
