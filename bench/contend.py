"""Let one contender answer, in this process: `python contend.py NAME FOLDER`. Prints the answer as JSON."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

if __name__ == "__main__":
    name, _, idea = sys.argv[1].partition("+")
    module = importlib.import_module(f"contenders.{name}")
    answer = getattr(module, f"answer_with_{idea}" if idea else "answer")
    print(json.dumps(asdict(answer(Path(sys.argv[2])))))
