"""What did one process take, and on what machine? Shared by all that measures here."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"
RESULTS = HERE / "results"

MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MOST_MEMORY = MEMORY * 6 // 10
"""A contender that takes more of the machine's memory is ended."""


class FailedError(Exception):
    """A process did not end well, or not in time."""


@dataclass(frozen=True)
class Measured:
    """What one process took, with all it started and waited for, and what it said. The peak is that of its largest process."""

    wall: float
    cpu: float
    peak_mib: float
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> dict[str, Any]:
        """Return the figures as they are kept."""
        return {"wall": round(self.wall, 3), "cpu": round(self.cpu, 3), "peak_mib": round(self.peak_mib)}


def made(script: str, *amounts: int) -> Path:
    """Return the data that a script makes, in a process of its own: a child's peak of memory begins with what its parent holds."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    command = [sys.executable, str(HERE / script), str(DATA), *map(str, amounts)]
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout.strip())


def measured(*command: str, limit: float = 7200) -> Measured:
    """Run Python with these arguments to its end; raise `FailedError` when it goes wrong or takes longer than `limit` seconds."""
    environment = {**os.environ, "PYTHONPATH": f"{HERE.parent / 'src'}{os.pathsep}{HERE}"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as trouble:
        begin = time.perf_counter()
        process = subprocess.Popen([sys.executable, *command], stdout=out, stderr=trouble, env=environment)
        used = _waited_for(process, begin + limit)
        seconds = time.perf_counter() - begin
        out.seek(0)
        trouble.seek(0)
        said, text = out.read().strip(), trouble.read().decode(errors="replace").strip()
    if process.returncode:
        raise FailedError(f"ended with {process.returncode}: {text[-2000:]}")
    last = said.splitlines()[-1] if said else b"{}"
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.loads(last) if last.startswith(b"{") else {})


def _waited_for(process: subprocess.Popen[bytes], until: float) -> Any:
    """Return what the process used; raise `FailedError` if it had to be ended. Only `wait4` tells it of this process and no other."""
    reason = ""
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            if reason:
                raise FailedError(reason)
            return used
        reason = reason or _too_much(process.pid, until)
        if reason:
            process.kill()
        time.sleep(0.005)


def _too_much(pid: int, until: float) -> str:
    """Return why a process must be ended: the machine is also somebody else's."""
    if time.perf_counter() > until:
        return "not done in time"
    with suppress(OSError, IndexError):
        if int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") > MOST_MEMORY:
            return f"wanted more than {MOST_MEMORY >> 30} GiB"
    return ""


def rounds(count: int, contenders: Mapping[str, Callable[[], Measured]], *, slow: Iterable[str] = ()) -> dict[str, list[Measured | str]]:
    """Return what each contender took in each round. Rounds are interleaved, so that a busy moment hits all alike; the slow run once."""
    found: dict[str, list[Measured | str]] = {name: [] for name in contenders}
    for i in range(count):
        for name, run in contenders.items():
            if (i and name in slow) or (found[name] and isinstance(found[name][-1], str)):
                continue
            try:
                found[name].append(run())
            except FailedError as problem:
                found[name].append(str(problem))
            print(f"round {i + 1} of {count}, load {os.getloadavg()[0]:.1f}: {name} {_shown(found[name][-1])}", file=sys.stderr)
    return found


def _shown(run: Measured | str) -> str:
    return run if isinstance(run, str) else f"{run.wall:.1f} s, {run.cpu:.1f} s CPU, {run.peak_mib:,.0f} MiB"


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """Return what must be known of the machine and its software to read a figure."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(MEMORY / (1 << 30), 1),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in packages},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def keep(name: str, found: Mapping[str, Any]) -> Path:
    """Write a result, in place of the one of the same name."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    return path


def load() -> float:
    """Return how many processes wanted to run in the last minute."""
    return round(os.getloadavg()[0], 1)


def middle(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)
