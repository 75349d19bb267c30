"""How does a file become ledger rows? Block by block through the engine; what the fast path rejects goes to the reader's careful path."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whosaw.engine.ahead import ahead
from whosaw.engine.duckdb import named, quoted
from whosaw.engine.fingerprint import HEAD, Fingerprint
from whosaw.engine.inputs import Input, Known, Likeness, cut
from whosaw.errors import ConfigError, InputError
from whosaw.judge import plain
from whosaw.judge.mapping import row_queries
from whosaw.judge.plan import EMPTY, SAMPLE_ROWS, otherwise
from whosaw.ledger import COLUMNS, Addition, Beat, Change, FileRow, Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whosaw.engine.block import Block
    from whosaw.judge.work import Progress, Task, Work
    from whosaw.model import Layout

BUCKET = 300
"""Coverage is kept per five minutes."""

PART_ROWS = 1_000_000
"""Disclosures gathered before they are written to a file of the ledger."""

NAMES_TOGETHER = 4_000
"""Clear names sealed together, about: a look-up opens one such lot of each file, and a file with millions has not millions of seals."""

_COUNTED = {"disclosure": "disclosures", "rejected": "rejected", "other": "other"}
"""What a last line without an end became, and which count it is part of."""

EXAMPLES = 20
"""First lines that tell how a program writes its JSON."""

MANY_REJECTED = 20
"""Rejected lines of a block that are looked at for another shape."""

CAREFUL_ROWS = 2_000
"""Carefully read rows handed to the engine at a time."""


def read(work: Work, job: Task, *, progress: Progress, most: int = 0) -> bool:
    """Read one file into the ledger; return whether it added anything (a file whose content is known adds nothing).

    A file that has grown since is read on from where the ledger stands. With `most`, stop after the block that holds that many lines:
    enough to look at a large file.
    """
    source_file = Input(job.path)
    likeness, row = recognised(work, job, source_file)
    if likeness in {Likeness.SAME, Likeness.SHORTER}:
        return False
    if job.layout is EMPTY:
        return _note_empty(work, job)
    reading = _reading(work, job, row, source_file.head())
    reading.take_all(source_file, progress, most)
    reading.record(source_file.digest, source_file.broken)
    return True


def extend(work: Work, job: Task, data: bytes, known: FileRow | None, *, mark: Fingerprint, broken: str = "") -> FileRow:
    """Add the next lines of a followed file, in one transaction and once; return how the file stands now.

    `data` are the bytes behind `known`, whole lines but for the last one of a file that will not grow, and `mark` is the fingerprint of
    the content up to their end. Raises `LedgerError` when the ledger no longer stands at `known`,
    `InputError` when `known` ends within a line and the file no longer holds it.
    """
    rest = Input(job.path).tail(_as_known(known)).rest if known and known.unfinished else b""
    reading = _reading(work, job, known, data[:HEAD])
    for block in cut([data], rest, reading.next_line, skip=job.layout.skip, begins=known is None or known.size == len(rest)):
        reading.take_lines(block)
    reading.write_part()
    return reading.record(mark, broken, closes=False)


def read_again(layout: Layout, former: FileRow) -> int:
    """Return from which line on a file is read again when it has grown: a document from its first, a last line without an end; else 0."""
    if layout.kind in {"document", "parquet"}:
        return 1
    return layout.skip + former.lines if former.unfinished else 0


def recount(work: Work, job: Task, size: int, progress: Progress) -> FileRow:
    """Return what reading the first bytes of a file once more gives; nothing of it is kept."""
    source_file = Input(job.path, most=size)
    reading = _Reading(replace(work, ledger=_Nowhere()), job, 0, None, source_file.head())  # type: ignore[arg-type]
    try:
        reading.take_all(source_file, progress, 0)
        return reading.row(source_file.digest, source_file.broken)
    finally:
        reading.clear_away()


class _Nowhere:
    """Stands for the ledger of what is read into nothing."""

    def forget_parts(self) -> None: ...

    def write(self, *_: object) -> list[Part]:
        return []


def recognised(work: Work, job: Task, source_file: Input) -> tuple[Likeness, FileRow | None]:
    """Return how a file's content stands to what the ledger holds of its source, and to which file of it.

    The very same, under whatever name; grown; or the beginning of a longer one, or of what a longer one once was: that adds nothing.
    """
    head = source_file.head()
    shorter = False
    for row in work.ledger.alike(job.source.name, job.shown, head):
        found = source_file.likeness(_as_known(row))
        if found is Likeness.SAME or (found is Likeness.GROWN and (row.size or row.path == job.shown)):
            return found, row
        shorter |= found is Likeness.SHORTER
    if shorter or len(head) < HEAD:
        content = Input(job.path)
        content.digest_only()
        if work.ledger.holds(job.source.name, content.digest.hexdigest()) or _is_beginning(work, job, content):
            return Likeness.SHORTER, None
    return Likeness.OTHER, None


def _is_beginning(work: Work, job: Task, content: Input) -> bool:
    """Return whether a content is the beginning of a longer file that was read and is still there (an old copy lies about)."""
    known = Known(content.bytes_read, content.digest.hexdigest(), content.digest.state)
    for row in work.ledger.alike(job.source.name, job.shown, content.head()):
        longer = work.case.folder / row.path
        if row.size > known.size and longer.is_file() and Input(longer).likeness(known) is Likeness.GROWN:
            return True
    return False


def _as_known(row: FileRow) -> Known:
    return Known(row.size, row.digest, row.state)


def _reading(work: Work, job: Task, row: FileRow | None, head: bytes) -> _Reading:
    """Return a reading that goes on from a file of the ledger, or begins one under a number of its own."""
    number = row.number if row else work.ledger.free_number(job.source.name, head)
    try:
        return _Reading(work, job, number, row, head)
    except ConfigError as problem:
        if job.confidence:
            raise
        raise InputError(f"`{job.shown}`: no line of it reads as {job.reader.name}", hint=problem.hint) from problem


def _note_empty(work: Work, job: Task) -> bool:
    """Record an empty file (a log that has just been rotated), so that its emptiness is a doubt and not a silence."""
    mark = Fingerprint()
    number = work.ledger.free_number(job.source.name, b"")
    row = FileRow(number, job.source.name, job.source.channel, job.shown, mark.hexdigest(), 0, 0, 0, 0, 0, state=mark.state, head=mark.head)
    work.ledger.append(Addition(row))
    return True


class _Reading:
    """One file on its way: counts, parts already written, and the engine's tables `batch`, `beats` and `clear`."""

    def __init__(self, work: Work, job: Task, number: int, former: FileRow | None, head: bytes) -> None:
        self.engine, self.ledger, self.vault, self.job, self.number = work.engine, work.ledger, work.vault, job, number
        self.former, self.often = former, work.often
        example = head.split(b"\n", EXAMPLES)[:EXAMPLES]
        self.operator = work.case.config.operator
        self.queries = row_queries(job.source, job.layout, self.operator, job.key, example)
        self.waiting = 0
        self._go_on(former)
        self.rejected: list[tuple[int, str]] = []
        self.unfinished, self.pulse, self.unfinished_pulse = "", list[Beat](), list[Beat]()
        self.parts: list[Part] = []
        columns = ", ".join(f"{named(name)} {kind}" for name, kind, _ in COLUMNS)
        self.engine.run(f"create or replace temp table batch ({columns}, recipient_text varchar, named_customer varchar)")
        self.engine.run("create or replace temp table beats (bucket bigint, lines bigint, first bigint, last bigint)")
        self.engine.run("create or replace temp table clear (domain varchar, key bigint, value varchar)")
        self.engine.run("create temp table if not exists sealed (domain varchar, key bigint)")
        self.engine.run("set variable file = ?", [number])
        self.ledger.forget_parts()

    def _go_on(self, former: FileRow | None) -> None:
        """Begin with the counts of what is known, but for a last line without an end, which is read again; a document is, as a whole."""
        whole = former is None or self.job.layout.kind in {"document", "parquet"}
        counts = {kind: 0 if former is None or whole else getattr(former, kind) for kind in ("lines", "disclosures", "rejected", "other")}
        self.again = read_again(self.job.layout, former) if former else 0
        self.heading = self.job.layout.skip if former and former.size and not whole else 0
        if former and former.unfinished and not whole:
            counts["lines"] -= 1
            counts[_COUNTED[former.unfinished]] -= 1
        self.lines, self.disclosures, self.other = counts["lines"], counts["disclosures"], counts["other"]
        self.rejected_before = counts["rejected"]

    @property
    def next_line(self) -> int:
        """The number of the next line to read; a heading is numbered, and not counted."""
        return self.heading + self.lines + 1

    def take_all(self, source_file: Input, progress: Progress, most: int) -> None:
        """Read a whole file or what follows in it, or `most` lines of it."""
        if self.job.layout.kind == "parquet":
            self.take_parquet(source_file)
        elif self.job.layout.kind == "document":
            self.take_document(source_file.whole())
        else:
            known = _as_known(self.former) if self.former else None
            blocks = source_file.blocks(skip=self.job.layout.skip, known=known, line=self.next_line)
            found = (plain.find(self.queries, block) for block in blocks)
            # who looks at some lines only wants nothing read beyond them
            for where in found if most else ahead(found):
                self.take_found(where)
                progress(self.job.shown, source_file.bytes_read, source_file.size, self.lines)
                if most and self.lines >= most:
                    break
        self.write_part()

    def take_lines(self, block: Block) -> None:
        """Read a block of lines."""
        self.take_found(plain.find(self.queries, block))

    def take_found(self, where: plain.Found) -> None:
        """Read a block of lines. Of a last line without an end, note what it became: when the file grows, it is taken back."""
        if not where.block.unfinished:
            self.take(where)
            return
        self.pulse += self._beats()
        before = (self.disclosures, self.other)
        self.take(where)
        self.unfinished_pulse = self._beats()
        self.unfinished = "disclosure" if self.disclosures > before[0] else "other" if self.other > before[1] else "rejected"

    def _beats(self) -> list[Beat]:
        found = self.engine.rows("select bucket, sum(lines)::bigint, min(first), max(last) from beats group by 1 order by 1")
        self.engine.run("truncate beats")
        return [(b, n, f, u) for b, n, f, u in found]

    def record(self, mark: Fingerprint, broken: str, *, closes: bool = True) -> FileRow:
        """Let all of it count, or nothing; return how the file stands now."""
        try:
            return self.ledger.append(self.addition(mark, broken, closes=closes))
        except BaseException:
            self.engine.run("drop table if exists sealed")  # its names were not recorded: whoever goes on must seal them again
            raise
        finally:
            self.clear_away()

    def addition(self, mark: Fingerprint, broken: str, *, closes: bool = True) -> Addition:
        """Return all that this file, or its next lines, bring to the ledger."""
        taken_back = self.former and self.again and self.former.disclosures
        change = self.ledger.without_lines(self.engine, self.former, self.again) if self.former and taken_back else Change()
        return Addition(
            file=self.row(mark, broken),
            parts=[*self.parts, *change.new],
            rejected=sorted(self.rejected),
            pulse=self.pulse + self._beats(),
            names=self._new_names(),
            unfinished_pulse=self.unfinished_pulse,
            extends=self.former,
            again=self.again,
            removed=change.old,
            closes=closes,
        )

    def row(self, mark: Fingerprint, broken: str) -> FileRow:
        """Return the file with its totals."""
        return FileRow(
            number=self.number,
            source=self.job.source.name,
            channel=self.job.source.channel,
            path=self.job.shown,
            digest=mark.hexdigest(),
            size=mark.size,
            lines=self.lines,
            disclosures=self.disclosures,
            rejected=self.rejected_before + len(self.rejected),
            other=self.other,
            broken=broken,
            state=mark.state,
            head=mark.head,
            unfinished=self.unfinished,
        )

    def clear_away(self) -> None:
        """Give back the memory of a file that is in the ledger; the next one or the judge needs it."""
        for table in ("batch", "beats", "clear", "cut", "fresh", "found", "texts"):
            self.engine.run(f"drop table if exists {table}")

    def _new_names(self) -> list[tuple[str, int, int, bytes]]:
        """Return the names that no earlier file of this run brought, some thousands sealed together.

        Pseudonyms are spread evenly, so their upper bits make lots of like size that do not overlap.
        """
        self.engine.table("fresh", "select domain, key, any_value(value) as value from clear group by domain, key")
        self.engine.run("insert into sealed select domain, key from fresh")
        most = int(self.engine.one("select count(*) from fresh")[0])
        lots = self.engine.rows(
            "select domain, min(key), max(key), to_json(list({k: key, v: value}))::varchar "
            "from fresh group by domain, key >> ? order by 1, 2",
            [64 - max(1, (most // NAMES_TOGETHER).bit_length())],
        )
        return [(domain, first, last, self.vault.seal(names)) for domain, first, last, names in lots]

    def write_part(self) -> None:
        """Write what is waiting to a file of its own, so that memory stays flat however long the log is."""
        if self.waiting:
            self.engine.run(
                "insert into clear select domain, key, any_value(value) from ("
                "select 'r' as domain, recipient as key, recipient_text as value from batch where site is null "
                "union all select 'c', customer, named_customer from batch) anti join sealed using (domain, key) "
                "where key is not null group by domain, key"
            )
            self.parts += self.ledger.write(self.engine, "batch")
            self.engine.run("truncate batch")
            self.waiting = 0

    def take(self, where: plain.Found) -> None:
        """Add a block: the fast path first, then the lines it could not read, one by one."""
        if where.queries is not self.queries:  # it was looked at before the format changed
            where = plain.find(self.queries, where.block)
        block = where.block
        cut = plain.cut(self.engine, self.queries, where)
        unread = self._take_plain(cut)
        if cut.lines < len(block):
            self.engine.offer("lines", block.arrow(without=~cut.left))
            unread += self._store(self.queries.cut)
            self.engine.withdraw("lines")
        self.lines += len(block)
        known = len(self.rejected)
        self._take_rows(self._carefully(block, sorted(unread + block.odd_lines())))
        self._take_otherwise(block, [n for n, _ in self.rejected[known:]])

    def _take_otherwise(self, block: Block, rejected: Sequence[int]) -> None:
        """Read rejected lines once more, if many of them have another shape in common: the format was changed on the way.

        When they are most of the block, what follows has that shape.
        """
        if self.job.source.layout or len(rejected) < MANY_REJECTED:
            return
        sample = [block.raw(n) for n in rejected[:: max(1, len(rejected) // SAMPLE_ROWS)]]
        other, before = otherwise(self.job, sample), (self.job, self.queries)
        if other is None:
            return
        try:
            self.queries = row_queries(other.source, other.layout, self.operator, other.key, sample)
        except ConfigError:  # a field that the configuration names is not in them
            return
        self.job = other
        del self.rejected[-len(rejected) :]
        left = np.ones(len(block), bool)
        left[np.array(rejected) - block.first] = False
        self.engine.offer("lines", block.arrow(without=left))
        unread = self._store(self.queries.cut)
        self.engine.withdraw("lines")
        odd = [n for n in block.odd_lines() if not left[n - block.first]]
        self._take_rows(self._carefully(block, sorted(unread + odd)))
        if len(rejected) * 2 <= len(block):
            self.job, self.queries = before

    def _take_plain(self, cut: plain.Cut) -> list[int]:
        """Add the plain lines of a block, and return those that were not read."""
        if not cut.lines:
            return []
        domains = plain.looked_up(self.engine, self.queries, cut, self.often, self.job.source.name) if cut.timed else ()
        self.engine.offer("pieces", cut.block.pieces(cut.pieces))
        unread = [] if cut.timed else self._store(self.queries.plain)
        if cut.timed:
            plain.insert(self.engine, self.queries, domains)
            self.engine.run("insert into beats select unnest(?), unnest(?), unnest(?), unnest(?)", cut.beats(BUCKET))
            self._count(cut.lines)
        self.engine.withdraw("pieces")
        return unread

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
        source_file.digest_only()

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
        self._take_rows(found)

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

    def _take_rows(self, found: list[list[str | None]]) -> None:
        for i in range(0, len(found), CAREFUL_ROWS):
            self.engine.run("create or replace temp table found as select unnest(?::varchar[][]) as r", [found[i : i + CAREFUL_ROWS]])
            self.rejected += [(n, "time cannot be read") for n in self._store(self.queries.careful)]

    def _store(self, cut: str) -> list[int]:
        """Move what was cut into the batch, count it, and return the lines that were not read."""
        self.engine.run(f"create or replace temp table cut as {cut}")
        self._insert(self.queries.rows)
        self.engine.run(
            f"insert into beats select second // {BUCKET}, count(*), min(second), max(second) "
            "from (select floor(epoch(seen_at))::bigint as second from cut where seen_at is not null) group by 1"
        )
        self._count(int(self.engine.one("select count(seen_at) from cut")[0]))
        return [n for (n,) in self.engine.rows("select n from cut where seen_at is null order by n")]

    def _insert(self, rows: str) -> None:
        self.engine.run(f"insert into batch by name select * exclude (is_disclosure) from ({rows}) where is_disclosure")

    def _count(self, read: int) -> None:
        """Count lines that were read, and write the batch when it is full."""
        shown = int(self.engine.one("select count(*) from batch")[0]) - self.waiting
        self.disclosures += shown
        self.other += read - shown
        self.waiting += shown
        if self.waiting >= PART_ROWS:
            self.write_part()
