"""How are the same queries run on a cluster, when one machine is outgrown? Apache Spark; sqlglot renders our SQL, errors become ours.

The driver reads and loads in DuckDB; what it loaded is handed over as Parquet in a folder that all workers see under the same path,
and the tables that judging keeps lie there too, so that the loss of a worker costs time and no rows. The folder is removed afterwards.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw.engine.cluster import installed, ours, session
from whosaw.engine.door import Row, quoted
from whosaw.errors import QueryError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from whosaw.engine.duckdb import Engine

PARTITION = 8 << 20
"""Bytes of the ledger's Parquet for one task of a shuffle."""

_KINDS = {"VARCHAR": "STRING", "TIMESTAMP": "TIMESTAMP_NTZ", "INTEGER": "INT"}


class Spark:
    """A Spark session: `table`, `view` and `add` for relations, `rows` and `one` for answers."""

    def __init__(self, session: SparkSession, exchange: Path) -> None:
        """Take a running session, and the folder in which driver and workers exchange relations."""
        self.session = session
        self.exchange = exchange
        self._parts: dict[str, list[Path]] = {}
        self._written = 0

    def take(self, engine: Engine, relations: Sequence[str]) -> None:
        """Hand relations of the embedded engine over, under their names."""
        for name in relations:
            path = self._next(name, ".parquet")
            engine.run(f"copy (select * from {name}) to {quoted(str(path))} (format parquet, compression zstd, row_group_size 131072)")
            kinds = {str(column): str(kind) for column, kind, *_ in engine.rows(f"describe {name}")}
            self._show(name, _columns(kinds), [path])

    def read(self, name: str, columns: Mapping[str, str], paths: Sequence[Path], *, where: str = "true") -> None:
        """Show Parquet files where they lie under a name, with these columns, as far as a condition holds."""
        size = sum(path.stat().st_size for path in paths)
        self.session.conf.set("spark.sql.shuffle.partitions", str(max(self.cores, size // PARTITION)))
        self._show(f"{name}_parts", _columns(columns), paths)
        self.view(name, f"select * from {name}_parts where {where}")

    @property
    def cores(self) -> int:
        """How many tasks run at once."""
        return int(self.session.sparkContext.defaultParallelism)

    def table(self, name: str, query: str) -> None:
        """Compute a query's rows now and keep them under a name, in place of what had it before."""
        self._keep(name, self._ask(query), [])

    def add(self, name: str, query: str) -> None:
        """Compute a query's rows now and add them to a table."""
        with ours():
            wanted, given = self.session.table(name).schema, self._ask(query)
            fitting = [given[i].cast(field.dataType).alias(field.name) for i, field in enumerate(wanted.fields)]
            self._keep(name, given.select(fitting), self._parts[name])

    def view(self, name: str, query: str) -> None:
        """Give a query a name."""
        with ours():
            self.session.sql(f"create or replace temporary view {name} as {rendered(query)}")

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query."""
        with ours():
            return [tuple(row) for row in self._ask(sql, values).collect()]

    def one(self, sql: str, values: Sequence[object] = ()) -> Row:
        """Return the single row of a query that always has one."""
        return self.rows(sql, values)[0]

    def columns(self, sql: str) -> list[str]:
        """Return the column names a query would give."""
        return list(self._ask(sql).columns)

    @contextmanager
    def small_side_last(self) -> Iterator[None]:
        """Spark weighs both sides of a join while it runs, and builds over the smaller by itself."""
        yield

    def _ask(self, sql: str, values: Sequence[object] = ()) -> DataFrame:
        """Return a query's rows, not yet computed; times come without a zone, as everywhere."""
        from pyspark.sql.types import TimestampType

        with ours():
            found = self.session.sql(rendered(sql), list(values)) if values else self.session.sql(rendered(sql))
            zoned = {field.name for field in found.schema.fields if isinstance(field.dataType, TimestampType)}
            return found.withColumns({name: found[name].cast("timestamp_ntz") for name in zoned}) if zoned else found

    def _keep(self, name: str, frame: DataFrame, others: Sequence[Path]) -> None:
        """Write rows, and show them with others under a name. A plan then begins with files and never holds the plans before it."""
        path = self._next(name)
        with ours():
            frame.write.parquet(f"file://{path}")
        self._parts[name] = [*others, path]
        self._show(name, frame.schema, self._parts[name])

    def _show(self, name: str, columns: StructType | str, paths: Sequence[Path]) -> None:
        with ours():
            reader = self.session.read.schema(columns)
            shown = reader.parquet(*map(_pattern, paths)) if paths else self.session.createDataFrame([], columns)
            shown.createOrReplaceTempView(name)

    def _next(self, name: str, ending: str = "") -> Path:
        self._written += 1
        return self.exchange / f"{self._written:03}-{name}{ending}"


def _pattern(path: Path) -> str:
    """Return what names one file or folder where Spark expects a pattern. It decodes nothing, so that a space stays a space."""
    return "file://" + re.sub(r"([\\\[\]{}*?])", r"\\\1", str(path))


@lru_cache(maxsize=256)
def rendered(sql: str) -> str:
    """Return a query of ours in Spark's dialect. What Spark would take for something else is refused, never passed on unchanged."""
    from sqlglot import ErrorLevel, exp, parse_one

    tree = parse_one(sql, read="duckdb")
    for node in tree.find_all(exp.Join, exp.Func):
        if (isinstance(node, exp.Join) and node.method) or isinstance(node, exp.ReadCSV | exp.ReadParquet):
            raise QueryError(
                f"`{node.sql('duckdb')[:60]}` is of one engine alone", hint="write it in the portable subset, see engine/door.py"
            )
    return tree.sql("spark", unsupported_level=ErrorLevel.RAISE)


@contextmanager
def opened(master: str, *, shared: Path, log: Path) -> Iterator[Spark]:
    """Give a session on a cluster for the length of a `with`; one that is running in this process already is used and left running.

    Relations are exchanged in a folder of its own in `shared`, which is removed afterwards; what Spark says goes to `log`.
    Raises `ConfigError` when Spark or Java is missing or the cluster does not answer, `StorageError` when the folder cannot be written.
    """
    exchange = _exchange(shared)
    try:
        installed()
        spark, own = session(master, log)
        try:
            yield Spark(spark, exchange)
        finally:
            if own:
                with suppress(Exception):  # a cluster that is gone has ended the session itself
                    spark.stop()
    finally:
        shutil.rmtree(exchange, ignore_errors=True)


def _exchange(shared: Path) -> Path:
    try:
        shared.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="exchange-", dir=shared.resolve()))
    except OSError as problem:
        raise StorageError(
            f"cannot write the shared folder `{shared}`: {(problem.strerror or 'unknown reason').lower()}",
            hint="name a folder with --shared that this machine and all workers can write",
        ) from problem


def _columns(kinds: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}` {_KINDS.get(kind, kind)}" for name, kind in kinds.items())
