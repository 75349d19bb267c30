"""DataFusion, with the same SQL as one would first write it, and with our idea."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contenders import Answer
from contenders.sql import BUDGET, BUDGETS, COUNTED, INCIDENTS, PRUNED_BUDGET, RELATIONS, UNENTITLED

if TYPE_CHECKING:
    from pathlib import Path


def answer(home: Path) -> Answer:
    """Return the answer with everything at once."""
    return _answer(home, BUDGET)


def answer_with_pruning(home: Path) -> Answer:
    """Return the answer, counting distinct customers only where there are enough rows for too many."""
    return _answer(home, PRUNED_BUDGET)


def _answer(home: Path, budget: str) -> Answer:
    from datafusion import SessionContext

    out, context = Answer(), SessionContext()
    context.register_parquet("disclosures", str(home / "disclosures"))
    for name in RELATIONS:
        context.register_parquet(name, str(home / "entitlements" / f"{name}.parquet"))
    with out.part("judge"):
        left = context.sql(UNENTITLED).collect()
        context.register_record_batches("unentitled", [left])
        out.found(_rows(context, COUNTED)[0])
    with out.part("budgets"):
        for unit, most in BUDGETS:
            out.over(unit, _rows(context, budget.format(unit=unit, most=most))[0])
    with out.part("group"):
        seconds = "extract(epoch from seen_at)"
        out.grouped(_rows(context, INCIDENTS.format(seconds=seconds, whole=f"floor({seconds})")))
    return out


def _rows(context: Any, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for batch in context.sql(sql).collect() for row in batch.to_pylist()]
