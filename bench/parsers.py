"""Who reads a combined log? Each is one function, called in a fresh process: `python parsers.py NAME LOG FOLDER`. It prints JSON.

Each must find the time, client, login, address, status and size of every line, and says how many lines and bytes it found.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any


def count(log: Path, _: Path) -> dict[str, Any]:
    """Count the lines: nothing that reads the file is faster, and it finds nothing in them."""
    said = subprocess.run(["wc", "-l", str(log)], check=True, capture_output=True, text=True).stdout
    return {"lines": int(said.split()[0])}


def whosaw(log: Path, folder: Path) -> dict[str, Any]:
    """Read into a new ledger: recognised, pseudonymised, sealed, recorded."""
    from combined import CONFIG

    from whosaw import config
    from whosaw.judge import Case, opened, read_all
    from whosaw.judge.plan import plan

    settings = folder / "whosaw.toml"
    settings.write_text(CONFIG.format(log=log, format="apache"))
    configured, config_hash = config.load(settings)
    with opened(Case(configured, config_hash, folder, folder / "ledger"), write=True) as work:
        work.tasks, work.problems = plan(configured, folder)
        read_all(work, lambda *_: None)
        work.ledger.open_in(work.engine)
        rows, size = work.engine.one("select count(*), sum(bytes) from disclosures_read")
    return {"lines": rows, "bytes": int(size)}


def goaccess(log: Path, folder: Path) -> dict[str, Any]:
    """Let GoAccess, written in C, count everything it counts."""
    out = folder / "goaccess.json"
    command = ["goaccess", str(log), "--log-format=COMBINED", "--no-progress", "--no-global-config", "-o", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    general = json.loads(out.read_text())["general"]
    return {"lines": general["valid_requests"], "bytes": general["bandwidth"]}


LINE = re.compile(
    r'(\S+) \S+ (\S+) \[([^\]]+)\] "(?:(\S+) (\S+) (\S+)|[^"]*)" ([0-9]{3}) ([0-9]+|-) "([^"]*)" "([^"]*)"'
)  # the usual one, as found in many scripts


def plain_re(log: Path, _: Path) -> dict[str, Any]:
    """Match a regular expression line by line, and read the time."""
    lines = size = 0
    with log.open(encoding="utf-8", errors="replace") as f:
        for line in f:
            found = LINE.match(line)
            if found:
                time.strptime(found[3], "%d/%b/%Y:%H:%M:%S %z")
                lines += 1
                size += int(found[8]) if found[8] != "-" else 0
    return {"lines": lines, "bytes": size}


def lars(log: Path, _: Path) -> dict[str, Any]:
    """Read with lars, which was made for web servers' logs."""
    from lars.apache import COMBINED, ApacheSource

    lines = size = 0
    with log.open(encoding="utf-8", errors="replace") as f, ApacheSource(f, log_format=COMBINED) as source:
        for row in source:
            lines += 1
            size += row.size
    return {"lines": lines, "bytes": size}


def pygrok(log: Path, _: Path) -> dict[str, Any]:
    """Read with the pattern of Logstash."""
    from pygrok import Grok

    grok, lines, size = Grok("%{COMBINEDAPACHELOG}"), 0, 0
    with log.open(encoding="utf-8", errors="replace") as f:
        for line in f:
            found = grok.match(line)
            if found:
                lines += 1
                size += int(found["bytes"])
    return {"lines": lines, "bytes": size}


PARSERS = {"wc": count, "whosaw": whosaw, "goaccess": goaccess, "re": plain_re, "lars": lars, "pygrok": pygrok}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(PARSERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))))
