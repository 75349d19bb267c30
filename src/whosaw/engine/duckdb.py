"""How are our queries run on one machine? DuckDB, embedded; values are bound or quoted here, errors become ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from whosaw.engine.door import Row, masked, named, quoted
from whosaw.errors import QueryError, StorageError, WhosawError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np

__all__ = ["Engine", "Row", "named", "quoted"]

MEMORY = "1200MB"
"""Enough for ten million lines against millions of entitlements; what does not fit is spilled, encrypted, to the temporary folder."""

PSEUDONYM = """
create macro pseudonym(domain, value) as
    case when value <> '' then
        (('0x' || left(sha256(getvariable('secret') || encode(domain || chr(31) || value)), 16))::ubigint::hugeint
         - 9223372036854775808)::bigint
    end
"""
"""The same key that `identifiers.pseudonyms` computes for one value, for a whole column at once."""


REKEYED = """
create macro rekeyed(domain, value) as
    case when regexp_full_match(value, domain || ':[0-9a-f]{16}')
         then (('0x' || value[3:])::ubigint::hugeint - 9223372036854775808)::bigint
         else pseudonym(domain, value) end
"""
"""The pseudonym of a text that may be one already, as the software's own lines write it."""


DECODED = """
create macro decoded(text) as coalesce(try(url_decode(text)), text)
"""
"""A text with its percent signs undone; one that would not be UTF-8 afterwards is left as it is, since logs hold whatever was sent."""


MOMENT = """
create macro moment(t, zone) as
    case when regexp_matches(t, '^[0-9].*([A-Za-z]|:[0-9.]+ ?[+-][0-9]{2}(:?[0-9]{2})?)$')
             then try_cast(case when ends_with(t, 'z') then upper(t) else replace(replace(t, ' +', '+'), ' -', '-') end as timestamptz)
         when regexp_matches(t, '^[0-9]') then timezone(zone, try_cast(t as timestamp)) end at time zone 'UTC'
"""
"""An ISO 8601 time in UTC, its offset in hours or minutes or a zone's name; without one it is a time in `zone`; nonsense is null."""


OBJECT_KEY = """
create macro e164_digits(digits, international) as
    case when getvariable('calling_code') = '' or international then digits
         when starts_with(digits, '00') then digits[3:]
         when getvariable('trunk') <> '' and starts_with(digits, getvariable('trunk'))
             then getvariable('calling_code') || digits[length(getvariable('trunk')) + 1:]
         when not starts_with(digits, getvariable('calling_code')) then getvariable('calling_code') || digits
         else digits end;
create macro e164(number) as
    e164_digits(regexp_replace(replace(number, '(0)', ''), '[^0-9]', '', 'g'), regexp_matches(number, '^[^0-9]*[+]'));
create macro object_key(kind, value) as
    case when value <> '' then pseudonym('o', kind || ':' || case when kind = 'number' then e164(value) else value end) end
"""
"""The key of an object. A telephone number is brought to E.164 first, so that each of its spellings is the same object."""


class Engine:
    """An embedded DuckDB: `run` for effect, `rows` and `one` for answers."""

    def __init__(self, *, secret: bytes = b"", temp: Path | None = None, memory: str = MEMORY) -> None:
        """Open an engine in memory. `secret` is the key of the pseudonyms; it never stands in a query's text."""
        import duckdb

        self._errors = duckdb
        self.connection = duckdb.connect(":memory:")
        self.run(f"set memory_limit = {quoted(memory)}")
        self.run("set timezone = 'UTC'")
        self.run("set preserve_insertion_order = false")
        self.run("set enable_progress_bar = false")
        # DuckDB alone has no random numbers of the quality it wants for this; for spilled blocks that live for minutes under a key
        # that is never written down they suffice, and no clear row of a registry lies on the disk.
        self.run("set force_mbedtls_unsafe = true")
        self.run("set temp_file_encryption = true")
        if temp is not None:
            self.run(f"set temp_directory = {quoted(str(temp))}")
        self.run("set variable secret = ?::blob", [secret])
        self.run(PSEUDONYM)
        self.run(REKEYED)
        self.run(DECODED)
        self.run(MOMENT)
        self.speak_of_numbers("", "")
        self.run(OBJECT_KEY)

    def speak_of_numbers(self, calling_code: str, trunk: str) -> None:
        """Say how the operator's country writes its numbers: calling code and national prefix."""
        self.run("set variable calling_code = ?", [calling_code])
        self.run("set variable trunk = ?", [trunk])

    def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Run a statement. A full disk or folder that cannot be written becomes a `StorageError`."""
        try:
            self.connection.execute(sql, list(values) or None)
        except self._errors.Error as problem:
            raise _ours(problem) from problem

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query."""
        try:
            return self.connection.execute(sql, list(values) or None).fetchall()
        except self._errors.Error as problem:
            raise _ours(problem) from problem

    def arrays(self, sql: str) -> dict[str, np.ndarray[Any, Any]]:
        """Return the columns of a query as arrays; none of them may hold nothing."""
        try:
            return self.connection.execute(sql).fetchnumpy()
        except self._errors.Error as problem:
            raise _ours(problem) from problem

    def one(self, sql: str, values: Sequence[object] = ()) -> Row:
        """Return the single row of a query that always has one."""
        return self.rows(sql, values)[0]

    def table(self, name: str, query: str) -> None:
        """Compute a query's rows and keep them under a name."""
        self.run(f"create or replace temp table {name} as {query}")

    def view(self, name: str, query: str) -> None:
        """Give a query a name."""
        self.run(f"create or replace temp view {name} as {query}")

    def add(self, name: str, query: str) -> None:
        """Add a query's rows to a table."""
        self.run(f"insert into {name} {query}")

    @contextmanager
    def small_side_last(self) -> Iterator[None]:
        """Build hash tables over what is joined: left alone, the optimizer may build one over the disclosures, which are many."""
        self.run("set disabled_optimizers = 'build_side_probe_side'")
        try:
            yield
        finally:
            self.run("set disabled_optimizers = ''")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let all that is done in a `with` count, tables and views included, or nothing of it."""
        self.run("begin transaction")
        try:
            yield
        except BaseException:
            self.run("rollback")
            raise
        self.run("commit")

    def columns(self, sql: str) -> list[str]:
        """Return the column names a query would give."""
        return [str(row[0]) for row in self.rows(f"describe {sql}")]

    def offer(self, name: str, arrow: object) -> None:
        """Let queries read an Arrow stream under a name until `withdraw`."""
        self.connection.register(name, arrow)

    def withdraw(self, name: str) -> None:
        """Forget an offered stream."""
        self.connection.unregister(name)

    def close(self) -> None:
        """Give the memory back and remove spilled files."""
        self.connection.close()


_FULL = ("no space left", "max_temp_directory_size", "file too large", "quota exceeded")
"""What the engine says when the disk, a quota or the largest size of a file is reached; a late write says it in other words."""


def _ours(problem: Exception) -> WhosawError:
    text = str(problem).partition("\n")[0]
    if any(sign in text.lower() for sign in _FULL):
        return StorageError("the disk is full; nothing is half-written", hint="free some space, or choose another folder with --dir")
    if "out of memory" in text.lower() or "could not allocate" in text.lower():
        return StorageError("there is not enough memory for this; nothing is half-written", hint="raise `memory` in [limits]")
    text = masked(text)
    return QueryError(text.partition(": ")[2].lower() or text.lower(), hint="run with --debug to see the whole message")
