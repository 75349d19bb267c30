"""Measure: `./dev bench` everything at the usual sizes, `./dev bench judge|read|logs|edge` one thing; `--render` writes the tables anew.

Results are kept in bench/results as JSON, and the tables of the READMEs are made of them.
"""

from __future__ import annotations

import argparse
import sys

import render
from edge_fronts import FRONTS
from judging import CONTENDERS, judge
from logs import logs
from measure import FailedError
from reading import READERS, read

from edge import edge

MILLION = 1_000_000


def _number(text: str) -> int:
    """Return 10000000 for 10m."""
    return int(text[:-1]) * MILLION if text.lower().endswith("m") else int(text.replace("_", "").replace(",", ""))


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("all", "judge", "read", "logs", "edge"), default="all")
    parser.add_argument("--rows", type=_number, help="judge: disclosures, with a quarter as many entitlements (1m, 10m, 100m; default 10m)")
    parser.add_argument("--lines", type=_number, help="read, logs: lines (default 1m and 10m)")
    parser.add_argument("--files", type=int, default=30, help="logs: 30 files are one a day, 1 is the whole month in one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help=f"judge: {', '.join(CONTENDERS)}; read: {', '.join(READERS)}; edge: {', '.join(FRONTS)}"
    )
    parser.add_argument("--limit", type=float, default=1800, help="seconds after which a contender is ended, and said to be")
    parser.add_argument("--render", action="store_true", help="measure nothing; write the tables of the READMEs from bench/results")
    return parser.parse_args()


def main() -> None:
    given = _parsed()
    if not given.render:
        try:
            _measure(given)
        except FailedError as problem:
            sys.exit(f"bench: {problem}")
    render.main()


def _measure(given: argparse.Namespace) -> None:
    if given.what in ("all", "judge"):
        for rows in [given.rows] if given.rows else [MILLION, 10 * MILLION] if given.what == "all" else [10 * MILLION]:
            judge(rows, given.rounds, given.only, given.limit)
    if given.what in ("all", "read"):
        read(given.lines or MILLION, given.rounds, given.only)
    if given.what in ("all", "logs"):
        logs(given.lines or 10 * MILLION, given.rounds, given.files)
    if given.what in ("all", "edge"):
        edge(max(given.rounds, 6), given.only)


if __name__ == "__main__":
    main()
