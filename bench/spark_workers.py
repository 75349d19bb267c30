"""How much faster do two workers judge than one, and do they give DuckDB's rows? A standalone cluster on loopback, one core a worker.

    python bench/spark_workers.py --rows 10000000

The ledger is made straight as Parquet, and it is lopsided on purpose: one partner gets half of the traffic and one company user a tenth.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark

from whosaw import entitlements, incidents
from whosaw.config import Config
from whosaw.detectors import DETECTORS
from whosaw.engine.duckdb import Engine
from whosaw.engine.spark import opened
from whosaw.judge import detect, repairs, verdict
from whosaw.ledger import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.engine.door import Door

DAYS = 30
DEPLOY = "org.apache.spark.deploy"
MEMORY = "1800m"

# Even rows go to the partner, every tenth is the company user's, the others open their own page; one in 200 meets somebody else.
ROWS = """
select {first} + i as id, timestamp '2012-01-01' + interval {day} day + to_microseconds(i * 86400000000 // {rows}) as seen_at,
    'log' as source, i as source_line, case when i % 2 = 0 then 'gateway' else 'portal' end as channel,
    case when i % 2 = 0 then 'proxy_out' else 'origin' end as vantage, case when i % 2 = 1 then '/account' end as route, i % 2 = 1 as self_route,
    case when i % 2 = 0 then 'site' when i % 10 = 1 then 'company_user' else 'customer_login' end as recipient_kind,
    case when i % 2 = 0 then -1 when i % 10 = 1 then -2 else own end as recipient,
    case when i % 2 = 0 then 'pay.partner.example' end as site, case when i % 2 = 1 then hash(own, {day})::bigint end as session,
    null as client, null as device,
    case when i % 200 = 3 then (own + 7919) % {customers} when i % 10 = 1 then own % {company} else own end as customer,
    null as object_type, null as object, null as page, 8 as data, 1 as records, null as data_from, null as data_to, 200 as status,
    1000 as bytes, null as cache, null as filler_session, null as sets_session, null as claim, null as field, null as form
from (select i, (hash(i, {day}) % {customers})::bigint as own from range({rows}) as r(i))
"""


def hashed(name: str) -> str:
    """`hash` gives an unsigned number; a pseudonym is a signed one."""
    return name.replace("hash(own, {day})::bigint", "(hash(own, {day}) % 1000000000000)::bigint")


def made(folder: Path, rows: int) -> list[Path]:
    """Return the parts of a ledger of so many disclosures, one a day, made now unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind, _ in COLUMNS)
    paths = [folder / f"{rows}-{day:02}.parquet" for day in range(DAYS)]
    engine = Engine()
    for day, path in enumerate(paths):
        if not path.exists():
            query = hashed(ROWS).format(first=(day + 1) << 32, day=day, rows=rows // DAYS, customers=rows // 5, company=rows // 50)
            part = path.with_suffix(".part")
            engine.run(f"copy (select {kinds} from ({query})) to '{part}' (format parquet, compression zstd, row_group_size 262144)")
            part.rename(path)
    engine.close()
    return paths


def allow(engine: Engine, rows: int) -> None:
    """Fill the relations: everybody owns one account, the company user has those of the company, the partner has an agreement."""
    entitlements.load(engine, Config(), Path())
    always = "timestamp '0001-01-01', timestamp '9999-12-31', 2147483647"
    engine.run(
        "insert into rules values (0, 'ownership', 'A', '', '', true), (1, 'delegation', 'A', '', '', true), (2, 'partner', 'A', '', '', true)"
    )
    engine.run(f"insert into grants select 0, i, i, {always}, null, i, true from range({rows // 5}) as r(i)")
    engine.run(f"insert into grants select 1, -2, i, {always}, null, i, true from range({rows // 50}) as r(i)")
    engine.run(f"insert into groups select 1, 1, i from range({rows // 50}) as r(i)")
    engine.run(f"insert into site_rules values (2, '.partner.example', {always}, 1)")


def judged(door: Door) -> str:
    """Judge, detect and group; return a digest of every row that is not entitled, every claim and every incident."""
    verdict.resolve(door)
    verdict.judge(door)
    counted = verdict.count(door)
    detect.detect(door, DETECTORS, {})
    found = incidents.group(door, DETECTORS, [], {}, 72 * 3600)
    rows = [
        door.rows("select id, why from rest order by id"),
        door.rows("select * from claims order by 1"),
        counted,
        found,
        repairs.suggest(door),
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Give the address of a cluster with so many workers, one core each."""
    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    (folder / "spark-defaults.conf").write_text(
        f"spark.executor.memory {MEMORY}\nspark.driver.memory 1200m\nspark.eventLog.enabled true\nspark.eventLog.compress false\n"
        f"spark.eventLog.dir {folder.as_uri()}\nspark.scheduler.minRegisteredResourcesRatio 1.0\n"
    )
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_CONF_DIR": str(folder), "SPARK_DAEMON_MEMORY": "256m"}
    os.environ |= {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1"}
    port, running = free_port(), []
    address = f"spark://127.0.0.1:{port}"
    commands = [[f"{DEPLOY}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port())]]
    commands += [
        [
            f"{DEPLOY}.worker.Worker",
            "--host",
            "127.0.0.1",
            "--cores",
            "1",
            "--memory",
            "2g",
            "--work-dir",
            str(folder / f"work-{n}"),
            address,
        ]
        for n in range(workers)
    ]
    try:
        for i, command in enumerate(commands):
            with (folder / f"{i}.log").open("wb") as out:
                running.append(subprocess.Popen([program, *command], stdout=out, stderr=out, env=environment))
            time.sleep(4)
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()


def tasks(folder: Path) -> dict[str, Any]:
    """Return from Spark's own event log how the work was shared: CPU seconds of the longest task, and of each worker."""
    busy: dict[str, float] = {}
    longest: tuple[float, str] = (0.0, "")
    for path in folder.rglob("*"):
        if path.is_file() and path.name.startswith(("app-", "events_")):
            for line in path.open(encoding="utf-8"):
                if '"SparkListenerTaskEnd"' in line[:60]:
                    task = json.loads(line)
                    worker, seconds = task["Task Info"]["Executor ID"], task["Task Metrics"]["Executor CPU Time"] / 1e9
                    busy[worker] = busy.get(worker, 0) + seconds
                    longest = max(longest, (seconds, f"stage {task['Stage ID']}"))
    return {
        "longest_task_cpu": (round(longest[0], 1), longest[1]),
        "cpu": {name: round(seconds, 1) for name, seconds in sorted(busy.items())},
    }


def measured(rows: int, workers: int, paths: list[Path], folder: Path) -> dict[str, Any]:
    """Return how long one engine took (0 workers: DuckDB), after a small warming round for Spark."""
    engine = Engine(temp=folder / "spill")
    allow(engine, rows)
    begin = time.perf_counter()
    if not workers:
        listed = ", ".join(f"'{path}'" for path in paths)
        engine.view("disclosures_read", f"select * from read_parquet([{listed}])")
        begin = time.perf_counter()
        digest = judged(engine)
        return {"engine": "duckdb", "seconds": round(time.perf_counter() - begin, 1), "digest": digest}
    columns = {name: kind for name, kind, _ in COLUMNS}
    with cluster(folder, workers) as address, opened(address, shared=folder, log=folder / "spark.log") as door:
        began = time.perf_counter() - begin
        begin = time.perf_counter()
        door.take(engine, entitlements.RELATIONS)
        engine.close()
        door.read("disclosures_read", columns, paths)
        handed = time.perf_counter() - begin
        begin = time.perf_counter()
        digest = judged(door)
        seconds = time.perf_counter() - begin
    return {
        "engine": f"spark, {workers} workers",
        "seconds": round(seconds, 1),
        "handing_over": round(handed, 1),
        "starting": round(began, 1),
        **tasks(folder),
        "digest": digest,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--dir", type=Path, default=Path("bench-out") / "spark")
    given = parser.parse_args()
    paths = made((given.dir / "ledger").resolve(), given.rows)
    for workers in given.workers:
        folder = Path(tempfile.mkdtemp(dir=given.dir.resolve()))
        child = os.fork()  # a fresh process each: a session's Java lives as long as its process
        if not child:
            try:
                found = measured(given.rows, workers, paths, folder)
                print(
                    json.dumps(
                        {
                            **found,
                            "load": round(os.getloadavg()[0], 1),
                            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
                        }
                    )
                )
            except Exception:  # noqa: BLE001 - the parent only waits; whatever it is must be seen
                traceback.print_exc()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
