"""Kill the writer of a ledger a thousand times, and count what was lost or doubled: `python bench/kills.py --kills 1000`.

The rounds are those of `tests/kills.py`: killed after a random time, killed at a moment at which something becomes lasting,
a power cut (what was not synced is lost, or half written), and a disk that is full for a while.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("src", "tests")]

import kills  # noqa: E402 - found once the path is set


def main():
    parser = argparse.ArgumentParser(description="kill the writer of a ledger, and count what was lost or doubled")
    parser.add_argument("--kills", type=int, default=1000, help="how many deaths")
    parser.add_argument("--each", type=int, default=50, help="deaths of one ledger before the next one begins")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rounds, restarts, wrong, lines, begin = {}, [], [], 0, time.perf_counter()
    for first in range(0, given.kills, given.each):
        with tempfile.TemporaryDirectory(prefix="whosaw-kills-") as folder:
            tally = kills.Tally()
            for tally in kills.rounds(Path(folder), min(given.each, given.kills - first), seed=given.seed + first):
                print(f"\r{first + sum(tally.rounds.values())} of {given.kills}", end="", file=sys.stderr)
            rounds = {how: rounds.get(how, 0) + n for how, n in tally.rounds.items()}
            restarts += tally.restarts
            wrong += [f"seed {given.seed + first}: {text}" for text in tally.wrong]
            lines += tally.lines
    print(
        f"\n{rounds}, {lines:,} disclosures in {len(restarts)} restarts, {time.perf_counter() - begin:,.0f} s, load {os.getloadavg()[0]:.1f}"
    )
    print(f"restart and reading on: median {statistics.median(restarts):.2f} s, slowest {max(restarts):.2f} s")
    print("\n".join(wrong) or "nothing lost, nothing doubled")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
