"""Was each disclosure all right? Resolve whose data it was, then take away what an entitlement covers; what is left has no reason.

In the engine: `disclosures` (every row, with its customer resolved), `rest` (what is not entitled, with `why` when it cannot be judged)
and `unentitled` (the rest without a why). Nothing here is stored in the ledger: an entitlement may arrive late or be withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from whosaw.engine.duckdb import Engine, quoted
from whosaw.entitlements import covers, in_time
from whosaw.model import PROVING_VANTAGES, Verdicts

NO_CUSTOMER = "the line names no customer, and its object has no owner at that time"
TWO_OWNERS = "the object has two owners at that time"
NOT_SENT = "the log was written where data may still be removed: it shows what was asked, not what was shown"
NO_RECIPIENT = "the line does not say who was shown the data"
NO_RULES = "no entitlement of any kind is configured"
UNKNOWN_DATA = "it is not known which data were shown, and the entitlement covers only some"
BLIND = "the records that could justify it have a gap at that time"

_PROVING = ", ".join(quoted(vantage.value) for vantage in PROVING_VANTAGES)

_RESOLVED = """
create or replace temp view disclosures as
select d.* exclude (customer), coalesce(d.customer, h.customer) as customer, coalesce(h.contested, false) as contested
from disclosures_read d
left join held h on d.customer is null and h.object = d.object and d.seen_at >= h.since and d.seen_at < h.until
"""

_SITE_GRANTS = """
create or replace temp table site_grants as
select s.recipient, r.since, r.until, r.data, r.rule, r.line
from (select distinct recipient, site, unnest(list_concat([site], list_transform(range(1, len(parts) + 1),
            lambda i: '.' || array_to_string(parts[i:], '.')))) as rule_site
      from (select recipient, site, string_split(site, '.') as parts from disclosures_read where site is not null)) s
join site_rules r on r.site = s.rule_site or (r.site = '*' || s.rule_site and s.rule_site <> '.' || s.site)
join rules on rules.rule = r.rule and rules.entitles
"""

_ENTITLEMENTS = """
create or replace temp view entitlements as
select r.basis, r.grade, g.recipient, g.customer, g.since, g.until, g.data from grants g join rules r on r.rule = g.rule
"""

_TEST_ACCOUNTS = "select c.* from customer_grants c join rules using (rule) where rules.entitles"

# The bulk of the ledger is entitled and never needed whole: the columns that decide go through the anti-joins, and only what is left is
# fetched with all columns. Anti-joins are written out: `not exists` with a time in it makes the engine gather all rows first.
_VERDICTS = f"""
create or replace temp table verdicts as
with doubtful as (
    select id, seen_at, recipient, customer, data, case
        when {{no_rules}} then {quoted(NO_RULES)}
        when vantage not in ({_PROVING}) then {quoted(NOT_SENT)}
        when contested then {quoted(TWO_OWNERS)}
        when customer is null then {quoted(NO_CUSTOMER)}
        when recipient_kind = 'unknown' then {quoted(NO_RECIPIENT)} end as why
    from disclosures)
select id, why from doubtful where why is not null
union all
select d.id, null from doubtful d
anti join (select * from grants where entitles) e on e.recipient = d.recipient and e.customer = d.customer and {covers("e")}
anti join site_grants s on s.recipient = d.recipient and {covers("s")}
anti join ({_TEST_ACCOUNTS}) t on t.customer = d.customer and {covers("t")}
where d.why is null
"""

_REST = """
create or replace temp table rest as
select d.*, v.why from disclosures d join verdicts v on v.id = d.id
"""

_BLIND = f"""
update rest set why = {quoted(BLIND)}
where why is null and exists (
    select 1 from blind b where {in_time("b", "rest")}
      and (b.basis not in ('contact', 'ticket', 'duty') or rest.recipient_kind = 'employee'))
"""


# An entitlement to some classes does not cover "not known which", and does not leave it without any reason either.
_UNKNOWN_DATA = f"""
update rest set why = {quoted(UNKNOWN_DATA)}
where why is null and data = 0 and (
    exists (select 1 from grants e where e.recipient = rest.recipient and e.customer = rest.customer and e.entitles
              and {in_time("e", "rest")})
    or exists (select 1 from site_grants e where e.recipient = rest.recipient and {in_time("e", "rest")})
    or exists (select 1 from ({_TEST_ACCOUNTS}) e where e.customer = rest.customer and {in_time("e", "rest")}))
"""


def resolve(engine: Engine) -> None:
    """Define `disclosures`: every ledger row with the customer its object belonged to at that time."""
    engine.run(_RESOLVED)
    engine.run(_SITE_GRANTS)
    engine.run(_ENTITLEMENTS)


def judge(engine: Engine) -> None:
    """Fill `rest` and define `unentitled`. An absent rule means no; no rules at all mean that nothing can be judged."""
    rules = int(engine.one("select count(*) from rules")[0])
    # The optimizer may build its hash table over the disclosures, which are many; the entitlements belong there.
    engine.run("set disabled_optimizers = 'build_side_probe_side'")
    engine.run(_VERDICTS.format(no_rules="true" if rules == 0 else "false"))
    engine.run(_REST)
    engine.run("set disabled_optimizers = ''")
    engine.run(_UNKNOWN_DATA)
    engine.run(_BLIND)
    engine.run("create or replace temp view unentitled as select * exclude (why, contested) from rest where why is null")


@dataclass(frozen=True)
class Counted:
    """The verdicts of all disclosures, the reasons where none was possible, and the same per day."""

    verdicts: Verdicts
    reasons: dict[str, int]
    days: list[tuple[datetime, int, int, int]]


def count(engine: Engine) -> Counted:
    """Return how many disclosures got which verdict. They add up to all that was shown."""
    total = int(engine.one("select count(*) from disclosures_read")[0])
    reasons = {
        str(why): int(n) for why, n in engine.rows("select why, count(*) from rest where why is not null group by 1 order by 2 desc, 1")
    }
    unentitled = int(engine.one("select count(*) from rest where why is null")[0])
    cannot = sum(reasons.values())
    days = engine.rows("""
        with shown as (select date_trunc('day', seen_at)::timestamp as day, count(*) as n from disclosures_read group by 1),
        left_over as (
            select date_trunc('day', seen_at)::timestamp as day, count(*) filter (why is null) as bad,
                count(*) filter (why is not null) as open
            from rest group by 1)
        select day, n - coalesce(bad, 0) - coalesce(open, 0), coalesce(bad, 0), coalesce(open, 0)
        from shown left join left_over using (day) order by day""")
    return Counted(Verdicts(total - unentitled - cannot, unentitled, cannot), reasons, [(d, e, u, c) for d, e, u, c in days])
