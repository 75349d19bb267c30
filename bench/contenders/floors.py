"""Below what can nothing go that judges these files with this engine? The needed columns decoded, and one bare look-up for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contenders import NEEDED, Answer
from contenders.sql import ALL_PAIRS, RELATIONS

if TYPE_CHECKING:
    from pathlib import Path


def answer(home: Path) -> Answer:
    """Return no answer, only the times: an entitlement that is over covers as much here as one that holds."""
    import duckdb

    out, db = Answer(), duckdb.connect()
    db.execute("set preserve_insertion_order = false")
    db.execute("set disabled_optimizers = 'build_side_probe_side'")
    db.execute(f"create view disclosures as select * from read_parquet('{home}/disclosures/*/*.parquet')")
    for name in RELATIONS:
        db.execute(f"create view {name} as select * from read_parquet('{home}/entitlements/{name}.parquet')")
    with out.part("decode"):
        db.execute(f"select {', '.join(f'max({name})' for name in NEEDED)} from disclosures").fetchall()
    with out.part("probe"):
        db.execute(f"""
            select count(*) from disclosures d
            anti join (select recipient, customer from ({ALL_PAIRS})) e on e.recipient = d.recipient and e.customer = d.customer
            """).fetchall()
    return out
