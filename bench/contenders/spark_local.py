"""Apache Spark on this machine alone, with the same SQL as one would first write it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from contenders import Answer
from contenders.sql import BUDGET, BUDGETS, COUNTED, INCIDENTS, RELATIONS, UNENTITLED

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = {
    "spark.driver.memory": "4g",  # driver and workers are one process here; with the usual 1g it fails
    "spark.driver.host": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": str(4 * (os.cpu_count() or 1)),
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def answer(home: Path) -> Answer:
    """Return the answer. The parts begin when the session is there; starting it is in the process's time."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[*]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    gateway = spark.sparkContext._gateway  # noqa: SLF001 - nothing else knows the process
    try:
        return _answer(spark, home)
    finally:
        spark.stop()
        _waited_for(gateway)


def _waited_for(gateway: Any) -> None:
    """End Java and wait for it: what a process that was not waited for took, nobody is told."""
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


def _answer(spark: Any, home: Path) -> Answer:
    out = Answer()
    spark.read.parquet(str(home / "disclosures")).createOrReplaceTempView("disclosures")
    for name in RELATIONS:
        spark.read.parquet(str(home / "entitlements" / f"{name}.parquet")).createOrReplaceTempView(name)
    with out.part("judge"):
        spark.sql(UNENTITLED).cache().createOrReplaceTempView("unentitled")
        out.found(_rows(spark, COUNTED)[0])
    with out.part("budgets"):
        for unit, most in BUDGETS:
            out.over(unit, _rows(spark, BUDGET.format(unit=unit, most=most))[0])
    with out.part("group"):
        seconds = "unix_timestamp(cast(seen_at as timestamp))"
        out.grouped(_rows(spark, INCIDENTS.format(seconds=seconds, whole=seconds)))
    return out


def _rows(spark: Any, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in spark.sql(sql).collect()]
