"""Polars, as one would first write it (lazy, streaming), and with our idea: budgets only for recipients with enough rows, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from contenders import GAP_HOURS, NEEDED, PAIRS, Answer
from contenders.sql import BUDGETS

if TYPE_CHECKING:
    from pathlib import Path


def answer(home: Path) -> Answer:
    """Return the answer with everything at once."""
    out = Answer()
    shown = pl.scan_parquet(home / "disclosures" / "*" / "*.parquet").select(NEEDED)
    with out.part("judge"):
        left = _unentitled(shown, _pairs(home), _partners(home)).collect(engine="streaming")
    _found(out, left)
    with out.part("budgets"):
        for unit, most in BUDGETS:
            out.over(unit, _over(shown, unit, most).collect(engine="streaming").row(0))
    with out.part("group"):
        out.grouped(_incidents(left))
    return out


def answer_with_pruning(home: Path) -> Answer:
    """Return the answer day by day, counting distinct customers only where there are enough rows for too many."""
    out = Answer()
    days = sorted((home / "disclosures").iterdir())
    pairs, partners = _pairs(home).collect(), _partners(home).collect()
    left, counts = [], {unit: [0, 0] for unit, _ in BUDGETS}
    for day in days:
        shown = pl.scan_parquet(day / "*.parquet").select(NEEDED).collect()
        with out.part("judge"):
            left.append(_unentitled(shown.lazy(), pairs.lazy(), partners.lazy()).collect(engine="streaming"))
        with out.part("budgets"):
            for unit, most in BUDGETS:
                busy = shown.lazy().group_by("recipient").len().filter(pl.col("len") > most).select("recipient")
                kept = shown.lazy().join(busy, on="recipient", how="semi")
                row = _over(kept, unit, most).collect(engine="streaming").row(0)
                counts[unit] = [have + (more or 0) for have, more in zip(counts[unit], row, strict=True)]
    whole = pl.concat(left)
    _found(out, whole)
    for unit, row in counts.items():
        out.over(unit, row)
    with out.part("group"):
        out.grouped(_incidents(whole))
    return out


def _pairs(home: Path) -> pl.LazyFrame:
    """Return all entitlements of one recipient to one customer, delegations included."""
    entitlements = home / "entitlements"
    plain = [pl.scan_parquet(entitlements / f"{name}.parquet") for name in PAIRS]
    numbers = pl.scan_parquet(entitlements / "company_numbers.parquet")
    delegated = (
        pl.scan_parquet(entitlements / "company_users.parquet")
        .join(numbers, on="company", suffix="_number")
        .select("recipient", "customer", since=pl.max_horizontal("since", "since_number"), until=pl.min_horizontal("until", "until_number"))
    )
    return pl.concat([*plain, delegated])


def _partners(home: Path) -> pl.LazyFrame:
    return pl.scan_parquet(home / "entitlements" / "partners.parquet")


def _unentitled(shown: pl.LazyFrame, pairs: pl.LazyFrame, partners: pl.LazyFrame) -> pl.LazyFrame:
    """Return what is left: an anti-join with a time in it is a join, a filter and an anti-join on the row's id."""
    in_time = (pl.col("seen_at") >= pl.col("since")) & (pl.col("seen_at") < pl.col("until"))
    by_pair = shown.join(pairs, on=["recipient", "customer"]).filter(in_time).select("id")
    by_site = shown.join(partners, on="site").filter(in_time).select("id")
    return shown.join(pl.concat([by_pair, by_site]), on="id", how="anti")


def _found(out: Answer, left: pl.DataFrame) -> None:
    out.found(left.select(pl.len(), (pl.col("id") % 1000003).sum().alias("sum")).row(0))


def _over(shown: pl.LazyFrame, unit: str, most: int) -> pl.LazyFrame:
    """Return how many recipients and times are over a budget, and their customers in all."""
    per = shown.group_by("recipient", pl.col("seen_at").dt.truncate("1h" if unit == "hour" else "1d"))
    return per.agg(pl.col("customer").n_unique()).filter(pl.col("customer") > most).select(pl.len(), pl.col("customer").sum().alias("n"))


def _incidents(left: pl.DataFrame) -> list[tuple[Any, ...]]:
    return (
        left.sort("channel", "seen_at", "id")
        .with_columns(breaks=(pl.col("seen_at").diff().over("channel") > pl.duration(hours=GAP_HOURS)).fill_null(value=False))
        .with_columns(part=pl.col("breaks").cum_sum().over("channel"))
        .group_by("channel", "part")
        .agg(
            first=pl.col("seen_at").min().dt.epoch("s"),
            last=pl.col("seen_at").max().dt.epoch("s"),
            rows=pl.len(),
            customers=pl.col("customer").n_unique(),
            recipients=pl.col("recipient").n_unique(),
        )
        .drop("part")
        .rows()
    )
