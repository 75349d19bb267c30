"""How does a session on a cluster begin? With Java and workers that are there, settings that give the same answers, and little noise."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import warnings
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from whosaw.engine.door import masked
from whosaw.errors import ConfigError, QueryError, StorageError, WhosawError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import SparkSession

MASTER = re.compile(r"local(\[(?P<cores>\d+|\*)\])?|spark://[^\s/]+:\d+|yarn|k8s://\S+")
"""What names a place to judge in: this machine, a standalone cluster, or the scheduler of a larger one."""

SAME_ANSWERS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
}
"""Settings on which answers depend; nobody else's defaults count."""

UNLESS_SET: Mapping[str, str] = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.adaptive.skewJoin.enabled": "true",
    "spark.sql.adaptive.forceOptimizeSkewedJoin": "true",
    "spark.sql.adaptive.skewJoin.skewedPartitionFactor": "3",
    "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes": "32m",
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "32m",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "true",
    "spark.sql.adaptive.maxShuffledHashJoinLocalMapThreshold": "64m",
    "spark.sql.autoBroadcastJoinThreshold": "32m",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
"""Settings of speed, which the cluster's own spark-defaults.conf overrules: no task may do alone what many can share."""

JAVA = 17
"""The oldest Java that Spark 4 runs on."""

CONNECT_SECONDS, WORKER_SECONDS, SETTLED_SECONDS = 10, 60, 1
"""How long we wait for a master's port, for a first worker, and for further ones."""


def checked(engine: str) -> str:
    """Return the name of an engine: `duckdb`, or where Spark runs. Raises `ConfigError` for anything else."""
    if engine != "duckdb" and MASTER.fullmatch(engine) is None:
        raise ConfigError(
            f"`{engine}` is no engine, expected duckdb or where Spark runs",
            hint="for example `spark://host:7077`, or `local[2]` to try Spark on this machine",
        )
    return engine


def installed() -> None:
    """Raise `ConfigError` unless Spark's Python package and a Java that it runs on are here."""
    for package in ("pyspark", "sqlglot"):
        if find_spec(package) is None:
            raise ConfigError(f"judging on Spark needs the package `{package}`", hint="pip install 'whosaw[spark]'")
    found = _java()
    if found < JAVA:
        is_what = f"is version {found}" if found else "is not installed"
        raise ConfigError(
            f"Apache Spark needs Java {JAVA} or newer, and Java here {is_what}",
            hint="install Debian's openjdk-17-jre-headless, or let JAVA_HOME name another",
        )


def _java() -> int:
    """Return the version of Java that Spark would start here, 0 for none."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not program:
        return 0
    try:
        asked = (program, "-version")
        said = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - this machine's own Java
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(version[1]) if version else 0


def session(master: str, log: Path) -> tuple[SparkSession, bool]:
    """Return a session on this cluster with workers in it, and whether it was made for us; one that is running here is used.

    Raises `ConfigError` when the cluster does not answer, when it has no workers, or when another one is in use here.
    """
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None and running.sparkContext.master != master:
        raise ConfigError(
            f"a session on `{running.sparkContext.master}` is running in this process, not on `{master}`", hint="end it first, or use it"
        )
    if running is None:
        _reachable(master)
    with _said_into(log), warnings.catch_warnings(action="ignore"), ours():
        builder = SparkSession.Builder().appName("whosaw").master(master)
        for key, value in _settings(master).items():
            builder = builder.config(key, value)
        found = builder.getOrCreate()
        try:
            found.sparkContext.setLogLevel("ERROR")
            _wait_for_workers(found, master)
        except BaseException:
            if running is None:
                found.stop()
            raise
        return found, running is None


def _settings(master: str) -> dict[str, str]:
    """Return what a session is started with: what answers depend on, and of the rest what the cluster's own defaults do not say."""
    wanted = dict(UNLESS_SET)
    if master.startswith("local"):
        wanted["spark.driver.memory"] = "2g"
    if any(host in {"localhost", "127.0.0.1"} for host, _ in _hosts(master)):
        wanted |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    already = _defaults()
    return {key: value for key, value in wanted.items() if key not in already} | dict(SAME_ANSWERS)


def _defaults() -> set[str]:
    """Return the settings that the operator's spark-defaults.conf has."""
    folder = os.environ.get("SPARK_CONF_DIR") or str(Path(os.environ.get("SPARK_HOME", "")) / "conf")
    try:
        text = (Path(folder) / "spark-defaults.conf").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    return {re.split(r"[\s=:]", line.strip(), maxsplit=1)[0] for line in text.splitlines() if line.strip()}


def _hosts(master: str) -> list[tuple[str, int]]:
    """Return where the masters of a standalone cluster listen."""
    if not master.startswith("spark://"):
        return []
    pairs = [address.rpartition(":") for address in master.removeprefix("spark://").split(",")]
    return [(host.strip("[]"), int(port)) for host, _, port in pairs]


def _reachable(master: str) -> None:
    """Raise `ConfigError` when nothing listens where the cluster should be, rather than wait for it."""
    if master == "yarn" and not {"HADOOP_CONF_DIR", "YARN_CONF_DIR"} & set(os.environ):
        raise ConfigError("`yarn` needs the cluster's configuration", hint="let HADOOP_CONF_DIR name its folder")
    hosts = _hosts(master)
    for host, port in hosts:
        with suppress(OSError), socket.create_connection((host, port), timeout=CONNECT_SECONDS):
            return
    if hosts:
        raise ConfigError(f"nothing answers at `{master}`", hint="start the cluster's master, or correct --engine")


def _wait_for_workers(session: SparkSession, master: str) -> None:
    """Return once workers have joined and no more are joining. Raises `ConfigError` when none does."""
    if master.startswith("local"):
        return
    context = session.sparkContext._jsc.sc()  # noqa: SLF001 - PySpark itself does not count workers
    end, before = monotonic() + WORKER_SECONDS, 0
    while monotonic() < end:
        if context.isStopped():
            break
        joined = int(context.getExecutorMemoryStatus().size()) - 1  # the driver counts itself
        if joined and joined == before:
            return
        before = joined
        sleep(SETTLED_SECONDS if joined else 0.1)
    raise ConfigError(
        f"no worker of `{master}` took the work within {WORKER_SECONDS} seconds",
        hint="are workers running, with free cores and memory, and of the same Spark version as pyspark here?",
    )


@contextmanager
def _said_into(log: Path) -> Iterator[None]:
    """Let what is started meanwhile say on standard error go to a file: Spark talks a great deal, and not to our readers."""
    sys.stderr.flush()
    ours = os.dup(2)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        os.dup2(ours, 2)
        os.close(ours)


@contextmanager
def ours() -> Iterator[None]:
    """Turn Spark's errors into ours, without the rows and the pages of calls that it quotes."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as problem:
        raise _error(str(problem)) from problem


def _error(text: str) -> WhosawError:
    for sign, (message, hint) in _TROUBLES.items():
        if re.search(sign, text):
            return StorageError(message, hint=hint)
    said = next((line.strip() for line in text.splitlines() if line.strip()), "it ended without a word")
    return QueryError(f"spark failed: {masked(said)[:300].lower()}", hint="spark.log beside the ledger holds what it said")


_TROUBLES = {
    r"No space left on device": ("the disk of the driver or of a worker is full", "free some space, or name another folder with --shared"),
    r"FileNotFoundException|FILE_NOT_EXIST|PATH_NOT_FOUND|AccessDenied|Permission denied|Mkdirs failed|failed to create": (
        "a worker cannot read or write a folder that it shares with this machine",
        "the ledger (--dir) and the shared folder (--shared) must lie under the same path on every worker, for the same user",
    ),
    r"OutOfMemoryError|SparkOutOfMemoryError": (
        "the cluster's memory does not suffice",
        "raise spark.executor.memory and spark.driver.memory in spark-defaults.conf, or add workers",
    ),
}
"""What can go wrong on a cluster -> what to say, and what to do."""
