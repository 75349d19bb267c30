"""Which disclosures must be judged again, since an entitlement or an owner came late or was withdrawn?

A ticket filed after the call, a bill whose owner is listed tomorrow: only the rows between those two, in that time, change their verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.entitlements import in_time

if TYPE_CHECKING:
    from whosaw.engine.duckdb import Engine

RELATIONS = ("grants", "site_rules", "customer_grants", "held")

_CHANGED = """
create or replace temp table {relation}_changed as
(from (select {columns} from {relation}_before) except all from (select {columns} from {relation}))
union all
(from (select {columns} from {relation}) except all from (select {columns} from {relation}_before))
"""

_COLUMNS = {
    "grants": "recipient, customer, since, until, data, entitles",
    "site_rules": "site, since, until, data",
    "customer_grants": "customer, since, until, data",
    "held": "object, customer, since, until, contested",
}

_AFFECTED = f"""
create or replace temp table affected as
select distinct id from (
    select d.id from disclosures d
    join grants_changed c on c.recipient = d.recipient and c.customer = d.customer and {in_time("c", "d")}
    union all
    select d.id from disclosures d join customer_grants_changed c on c.customer = d.customer and {in_time("c", "d")}
    union all
    select d.id from disclosures d join held_changed c on c.object = d.object and {in_time("c", "d")}
    union all
    select d.id from disclosures d join site_rules_changed c on d.site is not null and {in_time("c", "d")})
"""


def remember(engine: Engine) -> None:
    """Keep the relations as they are, before they are loaded anew."""
    for relation in RELATIONS:
        engine.run(f"create or replace temp table {relation}_before as from {relation}")


def affected(engine: Engine) -> int:
    """Fill `affected` with the ids of disclosures whose verdict may be another now; return how many.

    Compares the relations with what `remember` kept, which is forgotten afterwards.
    """
    for relation in RELATIONS:
        engine.run(_CHANGED.format(relation=relation, columns=_COLUMNS[relation]))
        engine.run(f"drop table {relation}_before")
    engine.run(_AFFECTED)
    for relation in RELATIONS:
        engine.run(f"drop table {relation}_changed")
    return int(engine.one("select count(*) from affected")[0])
