"""DuckDB, as one would first write it; with our idea it is what whosaw runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contenders import Answer
from contenders.sql import BUDGET, BUDGETS, COUNTED, INCIDENTS, RELATIONS, UNENTITLED

if TYPE_CHECKING:
    from pathlib import Path


def answer(home: Path) -> Answer:
    """Return the answer, from views over the Parquet files."""
    import duckdb

    out, db = Answer(), duckdb.connect()
    db.execute(f"create view disclosures as select * from read_parquet('{home}/disclosures/*/*.parquet')")
    for name in RELATIONS:
        db.execute(f"create view {name} as select * from read_parquet('{home}/entitlements/{name}.parquet')")
    with out.part("judge"):
        db.execute(f"create table unentitled as {UNENTITLED}")
        out.found(db.execute(COUNTED).fetchall()[0])
    with out.part("budgets"):
        for unit, most in BUDGETS:
            out.over(unit, db.execute(BUDGET.format(unit=unit, most=most)).fetchall()[0])
    with out.part("group"):
        out.grouped(db.execute(INCIDENTS.format(seconds="epoch(seen_at)", whole="floor(epoch(seen_at))")).fetchall())
    return out
