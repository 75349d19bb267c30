"""How does a file become ledger rows? Block by block through the engine; what the fast path rejects goes to the reader's careful path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from whosaw import readers
from whosaw.engine.duckdb import named, quoted
from whosaw.engine.inputs import Block, Input, matching
from whosaw.errors import ConfigError, InputError
from whosaw.judge.mapping import RowQueries, row_queries
from whosaw.judge.work import Task
from whosaw.ledger import COLUMNS, Addition, FileRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whosaw.config import Config, Source
    from whosaw.engine.duckdb import Engine
    from whosaw.identifiers.vault import Vault
    from whosaw.judge.work import Progress, Work
    from whosaw.model import Reader

BUCKET = 300
"""Coverage is kept per five minutes."""

CAREFUL_ROWS = 2_000
"""Carefully read rows handed to the engine at a time."""


def plan(config: Config, folder: Path) -> tuple[list[Task], list[str]]:
    """Return the files to read, in an order that does not depend on how they were named, and what could not be opened."""
    tasks, problems = [], []
    for i, source in enumerate(config.source):
        for path in _files(source, folder, f"source[{i}]"):
            try:
                tasks.append(task(path, source, folder=folder, key=f"source[{i}]"))
            except InputError as problem:
                problems.append(problem.message)
    return sorted(tasks, key=lambda t: (t.source.name, t.shown)), problems


def task(path: Path, source: Source, *, folder: Path, key: str) -> Task:
    """Return how one file is to be read. Raises `ConfigError` for an unknown format, `InputError` for an unreadable file."""
    sample = Input(path).sample()
    shown = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    if source.format and source.layout:
        reader = _reader(source, key)
        return Task(path, shown, source, key, reader, reader.layout(source.layout), 1.0)
    guesses = [g for g in readers.detect(sample) if not source.format or g.reader == source.format]
    if source.format and not guesses:
        reader = _reader(source, key)
        guess = reader.sniff(sample)
        layout = guess.layout if guess else reader.layout("")
        return Task(path, shown, source, key, reader, layout, guess.confidence if guess else 0.0)
    if not guesses:
        raise InputError(
            f"`{shown}`: the format of this file was not recognised", hint=f'name it: format = "..." in {key}; known: {_known()}'
        )
    best = guesses[0]
    reader = next(r for r in readers.READERS if r.name == best.reader)
    return Task(path, shown, source, key, reader, best.layout, best.confidence)


def read(work: Work, job: Task, *, progress: Progress, most: int = 0) -> bool:
    """Read one file into the ledger; return whether it added anything (a file whose content is known adds nothing).

    With `most`, stop after the block that holds that many lines: enough to look at a large file.
    """
    engine, ledger = work.engine, work.ledger
    former = ledger.earlier(job.source.name, job.shown)
    source_file = Input(job.path, marks=[row.size for row in former])
    reading = _Reading(engine, job, row_queries(job.source, job.layout, work.case.config.operator, job.key))
    if job.layout.kind == "parquet":
        reading.take_parquet(source_file)
    elif job.layout.kind == "document":
        reading.take_document(source_file.whole())
    else:
        for block in source_file.blocks(skip=job.layout.skip):
            reading.take(block)
            progress(job.shown, source_file.bytes_read, source_file.size)
            if most and reading.lines >= most:
                break
    digest = source_file.digest.hexdigest()
    if ledger.holds(job.source.name, digest):
        return False
    grown = next((row for row in former if source_file.digest_at.get(row.size) == row.digest), None)
    number = grown.number if grown else ledger.free_number(job.source.name, digest)
    engine.run("update batch set id = (?::bigint << 32) | id", [number])
    ledger.append(engine, _addition(reading, source_file, work.vault, number, grown is not None))
    return True


class _Reading:
    """One file on its way: counts, and the engine's tables `batch`, `beats` and `clear`."""

    def __init__(self, engine: Engine, job: Task, queries: RowQueries) -> None:
        self.engine, self.job, self.queries = engine, job, queries
        self.lines = self.disclosures = self.other = 0
        self.rejected: list[tuple[int, str]] = []
        columns = ", ".join(f"{named(name)} {kind}" for name, kind, _ in COLUMNS)
        engine.run(f"create or replace temp table batch ({columns})")
        engine.run("create or replace temp table beats (bucket bigint, lines bigint, first bigint, last bigint)")
        engine.run("create or replace temp table clear (domain varchar, key bigint, value varchar)")
        engine.run("set variable file = 0")

    def take(self, block: Block) -> None:
        """Add a block: the fast path first, then the lines it could not read, one by one."""
        self.engine.offer("lines", block.arrow())
        unread = self._store(self.queries.cut)
        self.engine.withdraw("lines")
        self.lines += len(block)
        odd = [block.first + int(i) for i in block.odd.nonzero()[0]]
        self._take_found(self._carefully(block, sorted(unread + odd)))

    def take_parquet(self, source_file: Input) -> None:
        """Add a Parquet file: its rows, rendered as JSON, go the way of JSON lines."""
        path = quoted(str(source_file.path))
        self.engine.run(
            "create or replace temp view lines as select file_row_number + 1 as n, "
            f"to_json(t)::varchar as line from read_parquet({path}, file_row_number = true) as t"
        )
        self.lines = int(self.engine.one("select count(*) from lines")[0])
        unread = self._store(self.queries.cut)
        self.engine.run("drop view lines")
        self.rejected += [(n, "time is missing or cannot be read") for n in unread]
        source_file.digest.update(source_file.path.read_bytes())

    def take_document(self, data: bytes) -> None:
        """Add a document that the reader itself cuts into rows."""
        cut = self.job.reader.document
        found = []
        for n, row in enumerate(cut(data) if cut else (), start=1):
            self.lines = n
            if isinstance(row, str):
                self.rejected.append((n, row))
            else:
                found.append(self._row(n, row))
        self._take_found(found)

    def _carefully(self, block: Block, lines: Sequence[int]) -> list[list[str | None]]:
        """Return what the careful path could still read; a reason becomes a rejected line."""
        found = []
        for n in lines:
            if block.too_long(n):
                self.rejected.append((n, "line is longer than 1 MiB"))
                continue
            answer = self.job.reader.careful(self.job.layout, block.raw(n))
            if isinstance(answer, str):
                self.rejected.append((n, answer))
            else:
                found.append(self._row(n, answer))
        return found

    def _row(self, n: int, fields: Mapping[str, str]) -> list[str | None]:
        return [str(n), *[fields.get(name) for name in self.queries.fields]]

    def _take_found(self, found: list[list[str | None]]) -> None:
        for i in range(0, len(found), CAREFUL_ROWS):
            self.engine.run("create or replace temp table found as select unnest(?::varchar[][]) as r", [found[i : i + CAREFUL_ROWS]])
            self.rejected += [(n, "time cannot be read") for n in self._store(self.queries.careful)]

    def _store(self, cut: str) -> list[int]:
        """Move what was cut into the batch, count it, and return the lines that were not read."""
        run = self.engine.run
        columns = ", ".join(named(name) for name, _, _ in COLUMNS)
        run(f"create or replace temp table cut as {cut}")
        run(f"create or replace temp table made as {self.queries.rows}")
        run(f"insert into batch select {columns} from made where is_disclosure")
        run(
            "insert into clear select distinct domain, key, value from ("
            "select 'r' as domain, recipient as key, recipient_text as value from made where is_disclosure and site is null "
            "union all select 'c', customer, named_customer from made where is_disclosure) where key is not null"
        )
        run(
            f"insert into beats select second // {BUCKET}, count(*), min(second), max(second) "
            "from (select floor(epoch(seen_at))::bigint as second from made) group by 1"
        )
        shown, other = self.engine.one("select count(*) filter (is_disclosure), count(*) filter (not is_disclosure) from made")
        self.disclosures += shown
        self.other += other
        return [n for (n,) in self.engine.rows("select n from cut where seen_at is null order by n")]


def _addition(reading: _Reading, source_file: Input, vault: Vault, number: int, grown: bool) -> Addition:  # noqa: FBT001
    job, engine = reading.job, reading.engine
    row = FileRow(
        number=number,
        source=job.source.name,
        channel=job.source.channel,
        path=job.shown,
        digest=source_file.digest.hexdigest(),
        size=source_file.bytes_read,
        lines=reading.lines,
        disclosures=reading.disclosures,
        rejected=len(reading.rejected),
        other=reading.other,
        broken=source_file.broken,
    )
    beats = engine.rows("select bucket, sum(lines)::bigint, min(first), max(last) from beats group by 1 order by 1")
    names = engine.rows("select domain, key, any_value(value) from clear group by 1, 2")
    sealed = [(domain, key, vault.seal(value)) for domain, key, value in names]
    return Addition(row, "batch", sorted(reading.rejected), [(b, n, f, u) for b, n, f, u in beats], sealed, number if grown else None)


def _files(source: Source, folder: Path, key: str) -> list[Path]:
    """Return the files of a source; a pattern that matches none is an error, since "nothing there" must not look like "nothing found"."""
    found: dict[Path, None] = {}
    for pattern in source.files:
        matches = matching(folder, pattern)
        if not matches:
            raise ConfigError(f"`{key}.files`: nothing matches `{pattern}`", hint=f"patterns are relative to `{folder}`")
        found.update(dict.fromkeys(matches))
    return list(found)


def _reader(source: Source, key: str) -> Reader:
    reader = next((r for r in readers.READERS if r.name == source.format), None)
    if reader is None:
        raise ConfigError(f"`{key}.format` is `{source.format}`, which is no known format", hint=f"known formats: {_known()}")
    return reader


def _known() -> str:
    return ", ".join(reader.name for reader in readers.READERS)
