"""ClickHouse, embedded (chdb), with SQL as one would first write it, and with our idea."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contenders import CHECKSUM, GAP_HOURS, Answer
from contenders.sql import ALL_PAIRS, BUDGET, BUDGETS, PRUNED_BUDGET, RELATIONS

if TYPE_CHECKING:
    from pathlib import Path

# Its `not exists` takes no time into account; its anti-join does.
UNENTITLED = f"""
create table unentitled engine = Memory as
select d.id as id, d.seen_at as seen_at, d.channel as channel, d.recipient as recipient, d.customer as customer from (
    select s.id as id, s.seen_at as seen_at, s.channel as channel, s.recipient as recipient, s.customer as customer
    from disclosures s left anti join partners p on p.site = s.site and s.seen_at >= p.since and s.seen_at < p.until) d
left anti join ({ALL_PAIRS}) e
    on e.recipient = d.recipient and e.customer = d.customer and d.seen_at >= e.since and d.seen_at < e.until
"""

INCIDENTS = f"""
with broken as (
    select *, if(row_number() over w > 1 and toUnixTimestamp64Micro(seen_at) - lagInFrame(toUnixTimestamp64Micro(seen_at)) over w
        > {GAP_HOURS} * 3600000000, 1, 0) as breaks
    from unentitled window w as (partition by channel order by seen_at, id rows between unbounded preceding and unbounded following)),
numbered as (select *, sum(breaks) over (partition by channel order by seen_at, id rows unbounded preceding) as part from broken)
select channel, intDiv(toUnixTimestamp64Micro(min(seen_at)), 1000000), intDiv(toUnixTimestamp64Micro(max(seen_at)), 1000000),
    count(*), count(distinct customer), count(distinct recipient)
from numbered group by channel, part
"""


def answer(home: Path) -> Answer:
    """Return the answer with everything at once."""
    return _answer(home, BUDGET)


def answer_with_pruning(home: Path) -> Answer:
    """Return the answer, counting distinct customers only where there are enough rows for too many."""
    return _answer(home, PRUNED_BUDGET)


def _answer(home: Path, budget: str) -> Answer:
    from chdb.session import Session

    out, db = Answer(), Session()
    db.query("create database bench engine = Atomic")
    db.query("use bench")
    db.query(f"create view disclosures as select * from file('{home}/disclosures/*/*.parquet', Parquet)")
    for name in RELATIONS:
        db.query(f"create view {name} as select * from file('{home}/entitlements/{name}.parquet', Parquet)")
    with out.part("judge"):
        db.query(UNENTITLED)
        out.found(_rows(db, f"select {CHECKSUM} from unentitled")[0])
    with out.part("budgets"):
        for unit, most in BUDGETS:
            out.over(unit, _rows(db, budget.format(unit=unit, most=most))[0])
    with out.part("group"):
        out.grouped(_rows(db, INCIDENTS))
    return out


def _rows(db: Any, sql: str) -> list[list[Any]]:
    import json

    return json.loads(str(db.query(sql, "JSONCompact")))["data"]
