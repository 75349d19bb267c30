"""How does what is too old, or one person, leave the ledger, and every number stays true?

Rows are judged one last time. Of those that were entitled, the number stays; the others are kept apart with their verdict and the leak
type that claimed them, so that incidents keep their evidence. Rows that lean on those that leave (the same session or page) go with them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whosaw.detectors import DETECTORS
from whosaw.engine.duckdb import named, quoted
from whosaw.errors import LedgerError
from whosaw.judge import apart, detect, prepare, verdict
from whosaw.ledger import COLUMNS, KEPT, Settlement
from whosaw.ledger.facts import Change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from whosaw.engine.duckdb import Engine
    from whosaw.identifiers.vault import Lot
    from whosaw.judge.work import Work

KEYS = ("customer", "recipient", "object", "page", "session", "client", "device", "filler_session", "sets_session")
"""Columns that hold a pseudonym of a row's own."""

_LEAVING = """
create or replace temp table leaving as
with going as (select id, session, page, customer from disclosures d semi join disclosures_read l on l.id = d.id where {where}),
leaning as (
    select r.id from rest r semi join disclosures_read l on l.id = r.id semi join going g on g.session = r.session
    union
    select r.id from rest r semi join disclosures_read l on l.id = r.id semi join going g on g.page = r.page and g.customer = r.customer
    where r.cache is not null)
select id from going union select id from leaning
"""

_KEPT = f"""
create or replace temp table settling as
select {", ".join(f"r.{named(name)}" for name, _, _ in COLUMNS)}, r.contested, r.why,
    c.detector, c.cause_kind, c.cause, c.evidence, p.repair, p.basis, p.recipient as asked, p.about
from rest r semi join leaving l on l.id = r.id
left join claims c on c.disclosure = r.id
left join repair_rows p on p.disclosure = r.id
"""

_NUMBERS = """
select strftime(d.seen_at, '%Y-%m-%d'), d.id >> 32, count(*) filter (r.id is null), count(*) filter (r.id is not null)
from disclosures_read d semi join leaving l on l.id = d.id
left join rest r on r.id = d.id
group by 1, 2 order by 1, 2
"""

# A login is somebody's own when it was given the data of nobody else.
_LOGINS = """
select g.recipient from grants g join rules r on r.rule = g.rule and r.basis = 'ownership'
group by g.recipient having min(g.customer) = ? and max(g.customer) = ?
"""


@dataclass(frozen=True)
class Settled:
    """What a settlement did: entitled disclosures that are only counted now, and others that were kept."""

    counted: int
    kept: int
    scrubbed: bool = True
    """Whether nothing of it is on the disk any more. Otherwise somebody is reading, and the next writer removes it."""


def retain(work: Work, *, before: datetime, at: str, by: str) -> Settled:
    """Settle what was shown before a moment: entitled rows go, the others are kept with their verdict."""
    _judge(work)
    work.engine.run(_LEAVING.format(where=f"d.seen_at < timestamp {quoted(f'{before:%Y-%m-%d %H:%M:%S}')}"))
    work.engine.run(_KEPT)
    settlement = _settlement(work, _keep(work), (at, by, f"retain from {before:%Y-%m-%d}", ""))
    return _made(work, settlement)


def erase(work: Work, customer: int, *, at: str, by: str, reason: str) -> Settled:
    """Settle every row of a person, and put pseudonyms that mean nothing in the place of theirs in what is kept."""
    engine = work.engine
    _judge(work)
    logins = [int(key) for (key,) in engine.rows(_LOGINS, [customer, customer])]
    theirs = f"(customer = {customer} or recipient in ({', '.join(map(str, [*logins, 'null']))}))"
    engine.run(_LEAVING.format(where=theirs))
    engine.run(_KEPT)
    former = work.ledger.kept(engine, theirs)
    if former:
        engine.run(f"insert into settling select * from read_parquet([{_listed(work, former)}], hive_partitioning = false)")
    renamed = _rename(engine, theirs, [customer, *logins])
    settlement = _settlement(work, _keep(work, former), (at, by, "erase", reason))
    lots = _without_names(work, customer, logins)
    done = _made(work, replace(settlement, renamed=renamed, lots=[(place, *_bounds(lot)) for place, lot in lots.items()]))
    return replace(done, scrubbed=work.ledger.scrub())


def _bounds(lot: Lot) -> tuple[int, int, bytes]:
    return lot.first, lot.last, lot.sealed


def _judge(work: Work) -> None:
    """Judge everything as it is now, on this machine."""
    engine = work.engine
    prepare(work)
    if work.ledger.lost():
        raise LedgerError(
            "a part of the ledger cannot be read, so not everything can be judged one last time",
            hint="put a sound copy of it into quarantine/, and see `whosaw ledger verify`",
        )
    verdict.resolve(engine)
    verdict.judge(engine)
    detect.detect(engine, DETECTORS, work.case.config.detector, settled=apart.join(engine))


def _keep(work: Work, former: Sequence[object] = ()) -> Change:
    count = work.engine.one("select count(*) from settling")[0]
    return work.ledger.keeping(work.engine, "settling", former) if count else Change()  # type: ignore[arg-type]


def _settlement(work: Work, kept: Change, note: tuple[str, str, str, str]) -> Settlement:
    numbers = [(str(day), int(file), int(n), int(m)) for day, file, n, m in work.engine.rows(_NUMBERS)]
    live = work.ledger.leaving(work.engine, "id in (select id from leaving)")
    return Settlement(live, kept, numbers, note)


def _made(work: Work, settlement: Settlement) -> Settled:
    work.ledger.settle(settlement)
    return Settled(sum(row[2] for row in settlement.numbers), sum(row[3] for row in settlement.numbers))


def _listed(work: Work, parts: Sequence[object]) -> str:
    return ", ".join(quoted(str(path)) for path in work.ledger.kept_paths(parts))  # type: ignore[arg-type]


def _rename(engine: Engine, theirs: str, keys: Sequence[int]) -> dict[int, int]:
    """Put fresh pseudonyms into the rows of a person among those that are kept; return the old ones of the person with the new."""
    engine.run(f"create or replace temp table mine as select * from settling where {theirs}")
    engine.run(f"delete from settling where {theirs}")
    found = engine.rows(" union ".join(f"select {key} from mine where {key} is not null" for key in KEYS))
    # Who else was shown it, or whose else it was, is not theirs to lose.
    others = {int(key) for (key,) in engine.rows("select recipient from mine union select customer from mine") if key is not None} - set(
        keys
    )
    fresh = {key: secrets.randbits(63) for key in {*keys, *(int(key) for (key,) in found)} - others}
    engine.run("create or replace temp table fresh_keys (old bigint, fresh bigint)")
    engine.run("insert into fresh_keys select unnest(?::bigint[]), unnest(?::bigint[])", [list(fresh), list(fresh.values())])
    for key in (*KEYS, "asked", "about"):
        engine.run(f"update mine set {key} = f.fresh from fresh_keys f where mine.{key} = f.old")
    engine.run("update mine set cause = f.fresh::varchar from fresh_keys f where cause_kind = 'recipient' and mine.cause = f.old::varchar")
    engine.run("update mine set claim = null")  # what a source said of it (a ticket) leads to the person too
    engine.run(f"insert into settling select {', '.join(named(name) for name, _, _ in KEPT)} from mine")
    for table in ("mine", "fresh_keys"):
        engine.run(f"drop table {table}")
    return {key: fresh[key] for key in keys}


def _without_names(work: Work, customer: int, logins: Sequence[int]) -> dict[int, Lot]:
    """Return the sealed lots of the vault that hold less now, by their place."""
    changed: dict[int, Lot] = {}
    for domain, key in [("c", customer), *(("r", login) for login in logins)]:
        for place, sealed in work.ledger.lots(domain, key):
            before = changed[place].sealed if place in changed else sealed
            left = work.vault.without(before, key) if before else None
            if left:
                changed[place] = left
    return changed
