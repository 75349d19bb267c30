"""Which verdicts may be others now, since an entitlement or an owner came late or was withdrawn?

A ticket filed after the call, a bill whose owner is listed tomorrow: only the rows between those two, in that time, are judged again.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whosaw.engine.door import quoted
from whosaw.entitlements import in_time
from whosaw.judge import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.engine.duckdb import Engine

_SAYS = {
    "grants": "recipient, customer, since, until, data, entitles",
    "site_rules": "site, since, until, data",
    "customer_grants": "customer, since, until, data",
    "held": "object, customer, since, until, contested",
}
"""What a row of a relation says; where it stands and who vouches for it changes no verdict."""

_CHANGED = """
create or replace temp table {relation}_changed as
(from {relation}_before except all (select {says} from {relation} where {which}))
union all
((select {says} from {relation} where {which}) except all from {relation}_before)
"""

_SPAN = " union all ".join(f"select since, until from {relation}_changed" for relation in _SAYS)

_AFFECTED = f"""
create or replace temp table affected as
select distinct id from (
    select d.id from d join grants_changed c on c.recipient = d.recipient and c.customer = d.customer and {in_time("c", "d")}
    union all
    select d.id from d join customer_grants_changed c on c.customer = d.customer and {in_time("c", "d")}
    union all
    select d.id from d join held_changed c on c.object = d.object and {in_time("c", "d")}
    union all
    select d.id from d where d.site is not null and exists (select 1 from site_rules_changed c where {in_time("c", "d")}))
"""


@dataclass
class Changes:
    """Which relations are about to change, and how many verdicts were given again."""

    rules: Collection[int]
    owners: bool
    rows: int = 0

    def which(self, relation: str) -> str:
        """Return the condition for the rows of a relation that may change."""
        if relation == "held":
            return "true" if self.owners else "false"
        return f"rule in ({', '.join(map(str, self.rules))})" if self.rules else "false"


@contextmanager
def judged_again(engine: Engine, rules: Collection[int], *, owners: bool) -> Iterator[Changes]:
    """Judge again what is affected by the changes to these rules, and to the owners, that are made within a `with`."""
    changes = Changes(rules, owners)
    for relation, says in _SAYS.items():
        engine.run(f"create or replace temp table {relation}_before as select {says} from {relation} where {changes.which(relation)}")
    yield changes
    for relation, says in _SAYS.items():
        engine.run(_CHANGED.format(relation=relation, says=says, which=changes.which(relation)))
    if engine.one("select count(*) from site_rules_changed")[0]:
        verdict.forget_sites(engine)
    first, last, rows = engine.one(f"select min(since), max(until), count(*) from ({_SPAN})")
    if rows:
        _judge(engine, f"seen_at >= timestamp {quoted(str(first))} and seen_at < timestamp {quoted(str(last))}")
        changes.rows = int(engine.one("select count(*) from affected")[0])
    for relation in _SAYS:
        engine.run(f"drop table {relation}_before")
        engine.run(f"drop table {relation}_changed")


def _judge(engine: Engine, in_span: str) -> None:
    live = f"(select * from ({verdict.resolved('disclosures_read')}) where {in_span})"
    engine.run(_AFFECTED.replace(" from d ", f" from {live} d "))
    engine.run("delete from rest where id in (select id from affected)")
    verdict.judge_more(engine, f"disclosures_read where {in_span} and id in (select id from affected)")
