"""whosaw: its own judge, detector and grouping on the ledger's files, and its engine for the budgets.

The entitlements are filled in as `whosaw.entitlements` leaves them, from the keyed relations that every contender gets; loading clear
registries, which is mostly pseudonyms to compute, is measured with the logs. One stand-in detector claims all that is unentitled, so that
the incidents are those of channel and silence that were asked for; all eleven detectors are a part of their own.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from contenders import CHECKSUM, GAP_HOURS, PAIRS, PER_DAY, PER_HOUR, Answer
from ledgers import MADE
from whosaw import entitlements, incidents
from whosaw.config import Config, Limits, Operator
from whosaw.detectors import DETECTORS
from whosaw.engine.duckdb import Engine, quoted
from whosaw.entitlements import ALL_DATA
from whosaw.judge import detect, verdict
from whosaw.model import Detector

if TYPE_CHECKING:
    from pathlib import Path

BASES = {"ownership": "ownership", "tickets": "ticket", "lawful": "lawful_request", "company_users": "delegation", "partners": "partner"}

LARGE, LARGE_MEMORY = 50_000_000, "3200MB"
"""From so many disclosures on, the engine is given so much memory instead of the usual; the process stays below four gigabytes."""

EVERYTHING = Detector(
    name="everything",
    claim="all that is unentitled",
    grouped_by="channel",
    query="select id as disclosure, 'route' as cause_kind, channel as cause, 'weak' as evidence from unentitled",
)

# First who was shown many rows in a day: nobody else can have been shown many customers in it, or in an hour of it.
BUDGETS = f"""
with busy as (
    select recipient from {{day}} group by recipient having count(*) > {min(PER_HOUR, PER_DAY)}),
kept as (
    select distinct d.recipient, date_trunc('hour', d.seen_at) as t, d.customer from {{day}} d join busy b on b.recipient = d.recipient),
hours as (select count(*) as customers from kept group by recipient, t having count(*) > {PER_HOUR}),
days as (select count(distinct customer) as customers from kept group by recipient having count(distinct customer) > {PER_DAY})
select (select count(*) from hours), (select sum(customers) from hours), (select count(*) from days), (select sum(customers) from days)
"""


def answer(home: Path) -> Answer:
    """Return the answer to the common questions."""
    out, engine = _judged(home)
    with out.part("budgets"):
        _budgets(out, engine, home)
    with out.part("group"):
        detect.detect(engine, [EVERYTHING], {})
        found = incidents.group(engine, [EVERYTHING], [], {}, GAP_HOURS * 3600)
    out.grouped(
        (i.channel, int(i.since.timestamp()), int(i.until.timestamp()), i.disclosures, i.customers.at_least, i.recipients.count)
        for i in found
    )
    return out


def answer_with_detectors(home: Path) -> Answer:
    """Return what the command itself would do after reading: verdicts, all detectors, incidents. Nobody else does as much."""
    out, engine = _judged(home)
    with out.part("detectors"):
        detect.detect(engine, DETECTORS, {})
    with out.part("group"):
        incidents.group(engine, DETECTORS, [], {}, GAP_HOURS * 3600)
    return out


def _judged(home: Path) -> tuple[Answer, Engine]:
    out, engine = Answer(), Engine(temp=home / "spill", memory=_memory(home))
    parts = ", ".join(quoted(str(path)) for path in sorted(home.glob("disclosures/*/*.parquet")))
    engine.view("disclosures_read", f"select * from read_parquet([{parts}])")
    with out.part("load"):
        _load(engine, home / "entitlements")
    with out.part("judge"):
        verdict.resolve(engine)
        days = _days(engine, home)
        verdict.judge(engine, days=days)
    with out.part("count"):
        counted = verdict.count(engine, days=days)
    out.found(engine.one(f"select {CHECKSUM} from unentitled"))
    if counted.verdicts.unentitled != out.unentitled or counted.verdicts.cannot_judge:
        raise SystemExit(f"counted {counted.verdicts}, found {out.unentitled}")
    return out, engine


def _days(engine: Engine, home: Path) -> list[tuple[datetime, int]]:
    """Return what the manifest of a ledger says: how many rows each day's parts have. Here only their footers do."""
    days = sorted((home / "disclosures").iterdir())
    counts = [engine.one(f"select count(*) from read_parquet({quoted(str(day / '*.parquet'))})")[0] for day in days]
    return [(datetime.fromisoformat(day.name.partition("=")[2]), int(n)) for day, n in zip(days, counts, strict=True)]


def _memory(home: Path) -> str:
    """Return `limits.memory`: as it is configured unless one says otherwise, and more for ledgers of which one would say so."""
    rows = json.loads((home / MADE).read_text())["rows"]
    return Limits().memory if rows < LARGE else LARGE_MEMORY


def _load(engine: Engine, folder: Path) -> None:
    """Fill the relations of `whosaw.entitlements`, delegations joined as it joins them."""
    entitlements.load(engine, Config(operator=Operator(name="Example Mobile", country="GB")), folder)
    files = {name: f"read_parquet({quoted(str(folder / name))} || '.parquet')" for name in (*BASES, "company_numbers")}
    rules = {name: rule for rule, name in enumerate(BASES)}
    for name, rule in rules.items():
        engine.run("insert into rules values (?, ?, 'A', ?, ?, true)", [rule, BASES[name], name, name])
    for name in PAIRS:
        engine.run(
            f"insert into grants select {rules[name]}, recipient, customer, since, until, {ALL_DATA}, null, 0, true from {files[name]}"
        )
    rule = rules["company_users"]
    engine.run(f"""
        insert into grants select {rule}, u.recipient, n.customer, greatest(u.since, n.since), least(u.until, n.until), {ALL_DATA}, null, 0, true
        from {files["company_users"]} u join {files["company_numbers"]} n on n.company = u.company""")
    engine.run(f"insert into groups select {rule}, company, customer from {files['company_numbers']}")
    engine.run(f"insert into site_rules select {rules['partners']}, site, since, until, {ALL_DATA}, 0 from {files['partners']}")


def _budgets(out: Answer, engine: Engine, home: Path) -> None:
    """A day never needs another day's distinct customers, so each is asked by itself and the memory stays that of one day."""
    sums = [0, 0, 0, 0]
    for day in sorted((home / "disclosures").iterdir()):
        row = engine.one(BUDGETS.format(day=f"read_parquet({quoted(str(day / '*.parquet'))})"))
        sums = [have + int(more or 0) for have, more in zip(sums, row, strict=True)]
    out.over("hour", sums[:2])
    out.over("day", sums[2:])
