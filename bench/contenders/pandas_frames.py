"""pandas, a day at a time: all at once it would need several times the memory for the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from contenders import GAP_HOURS, NEEDED, PAIRS, Answer
from contenders.sql import BUDGETS

if TYPE_CHECKING:
    from pathlib import Path


def answer(home: Path) -> Answer:
    """Return the answer."""
    out = Answer()
    with out.part("judge"):
        pairs = _pairs(home)
        partners = pd.read_parquet(home / "entitlements" / "partners.parquet")
    left, counts = [], {unit: np.zeros(2, int) for unit, _ in BUDGETS}
    for day in sorted((home / "disclosures").iterdir()):
        with out.part("judge"):
            shown = pd.read_parquet(day, columns=list(NEEDED), partitioning=None)
            left.append(_unentitled(shown, pairs, partners))
        with out.part("budgets"):
            for unit, most in BUDGETS:
                per = shown.groupby(["recipient", shown["seen_at"].dt.floor("h" if unit == "hour" else "D")])["customer"].nunique()
                over = per[per > most]
                counts[unit] += (len(over), int(over.sum()))
    with out.part("group"):
        whole = pd.concat(left)
        out.found((len(whole), (whole["id"] % 1000003).sum()))
        for unit, row in counts.items():
            out.over(unit, row)
        out.grouped(_incidents(whole))
    return out


def _pairs(home: Path) -> pd.DataFrame:
    relation = {name: pd.read_parquet(home / "entitlements" / f"{name}.parquet") for name in (*PAIRS, "company_users", "company_numbers")}
    delegated = relation["company_users"].merge(relation["company_numbers"], on="company", suffixes=("", "_number"))
    delegated["since"] = delegated[["since", "since_number"]].max(axis=1)
    delegated["until"] = delegated[["until", "until_number"]].min(axis=1)
    return pd.concat([*(relation[name] for name in PAIRS), delegated[["recipient", "customer", "since", "until"]]])


def _unentitled(shown: pd.DataFrame, pairs: pd.DataFrame, partners: pd.DataFrame) -> pd.DataFrame:
    good = [_covered(shown.merge(pairs, on=["recipient", "customer"])), _covered(shown.dropna(subset=["site"]).merge(partners, on="site"))]
    return shown[~shown["id"].isin(pd.concat(good))]


def _covered(joined: pd.DataFrame) -> pd.Series:
    return joined.loc[(joined["since"] <= joined["seen_at"]) & (joined["seen_at"] < joined["until"]), "id"]


def _incidents(left: pd.DataFrame) -> list[list[Any]]:
    left = left.sort_values(["channel", "seen_at", "id"])
    breaks = left.groupby("channel")["seen_at"].diff() > pd.Timedelta(hours=GAP_HOURS)
    grouped = left.groupby(["channel", breaks.groupby(left["channel"]).cumsum()]).agg(
        first=("seen_at", "min"), last=("seen_at", "max"), rows=("id", "size"), customers=("customer", "nunique"),
        recipients=("recipient", "nunique"),
    )  # fmt: skip
    for name in ("first", "last"):
        grouped[name] = grouped[name].astype("datetime64[s]").astype("int64")
    return grouped.reset_index(level=0).to_numpy().tolist()
