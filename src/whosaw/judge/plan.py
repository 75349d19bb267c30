"""Which files are read, with which reader and as what? Settled before the first of them is read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from whosaw import readers
from whosaw.engine.duckdb import Engine, quoted
from whosaw.engine.inputs import Input, matching
from whosaw.errors import ConfigError, InputError, QueryError
from whosaw.judge.work import Task
from whosaw.layout import decode
from whosaw.model import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from whosaw.config import Config, Source
    from whosaw.model import Reader

SAMPLE_ROWS = 200

SURE = 0.9
"""Share of a sample that must have another shape before lines are read by it."""

EMPTY = Layout(kind="document", fields=(), roles={})
"""The layout of a file without a byte: nothing can be said of its lines, and nothing needs to be."""


def plan(config: Config, folder: Path) -> tuple[list[Task], list[str]]:
    """Return the files to read, in an order that does not depend on how they were named, and what could not be opened."""
    tasks, problems = [], []
    for i, source in enumerate(config.source):
        for path in _files(source, folder, f"source[{i}]"):
            try:
                tasks.append(task(path, source, folder=folder, key=f"source[{i}]"))
            except InputError as problem:
                problems.append(f"left out: {problem.message}")
    return sorted(_widened(tasks), key=lambda t: (t.source.name, t.shown)), problems


def _widened(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks, each JSON file with the fields of all files of its source: what is rare is missing from a quiet day's sample."""
    unions: dict[tuple[str, str], Layout] = {}
    for job in tasks:
        place = (job.source.name, job.layout.kind)
        unions[place] = joined(unions.get(place, job.layout), job.layout)
    return [replace(job, layout=joined(job.layout, unions[job.source.name, job.layout.kind])) for job in tasks]


def joined(own: Layout, other: Layout) -> Layout:
    """Return the layout of one JSON file with the fields of another of its source; what the own says comes first."""
    if own.kind not in {"json", "parquet"}:
        return own
    paths = dict(zip(own.fields, own.paths, strict=True))
    paths |= {name: path for name, path in zip(other.fields, other.paths, strict=True) if name not in paths}
    return replace(
        own,
        fields=tuple(paths),
        paths=tuple(paths.values()),
        headers={**other.headers, **own.headers},
        responses={**other.responses, **own.responses},
        roles={**other.roles, **own.roles},
    )


def task(path: Path, source: Source, *, folder: Path, key: str) -> Task:
    """Return how one file is to be read. Raises `ConfigError` for an unknown format, `InputError` for an unreadable file."""
    log = Input(path)
    shown = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    if not log.size and not (source.format and source.layout):
        return Task(path, shown, source, key, _reader(source, key) if source.format else readers.READERS[0], EMPTY, 0.0)
    return fitted(path, source, lambda: _sample(log), shown=shown, key=key)


def fitted(path: Path, source: Source, sample: Callable[[], Sequence[bytes]], *, shown: str, key: str) -> Task:
    """Return how a content is to be read that begins with the lines of a sample. Raises what `task` does."""
    if source.format and source.layout:
        reader = _reader(source, key)
        return Task(path, shown, source, key, reader, reader.layout(source.layout), 1.0)
    lines = sample()
    guesses = [g for g in readers.detect(lines) if not source.format or g.reader == source.format]
    if source.format and not guesses:
        reader = _reader(source, key)
        return Task(path, shown, source, key, reader, _plain_layout(reader, lines, shown), 0.0)
    if not guesses:
        raise InputError(
            f"`{shown}`: the format of this file was not recognised", hint=f'name it: format = "..." in {key}; known: {_known()}'
        )
    best = guesses[0]
    reader = next(r for r in readers.READERS if r.name == best.reader)
    return Task(path, shown, source, key, reader, best.layout, best.confidence)


def otherwise(job: Task, sample: Sequence[bytes]) -> Task | None:
    """Return how lines are to be read that do not fit, if they have another shape of the same format in common; else nothing."""
    guess = job.reader.sniff(sample)
    if guess is None or guess.confidence < SURE or guess.layout.skip or guess.layout.kind != job.layout.kind or guess.layout == job.layout:
        return None
    return replace(job, layout=guess.layout, confidence=guess.confidence)


def _sample(log: Input) -> list[bytes]:
    """Return the first lines of a file; of a Parquet file its magic and its first rows as JSON."""
    if not log.is_parquet:
        return log.sample()
    engine = Engine()
    try:
        rows = engine.rows(f"select to_json(t)::varchar from read_parquet({quoted(str(log.path))}) as t limit {SAMPLE_ROWS}")
    except QueryError as problem:
        raise InputError(f"`{log.path}` is a damaged Parquet file", hint="export it anew") from problem
    finally:
        engine.close()
    return [log.magic, *(str(row).encode() for (row,) in rows)]


def _plain_layout(reader: Reader, sample: Sequence[bytes], shown: str) -> Layout:
    """Return the layout of a format whose lines were not recognised: its usual one, or what the first line says (a mere heading)."""
    for text in ("", *(decode(line) for line in sample[:1])):
        with suppress(ConfigError):
            return reader.layout(text)
    raise InputError(f"`{shown}`: no line of it reads as {reader.name}", hint="check its format")


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
