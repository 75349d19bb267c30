"""How would a good engineer first write it in SQL? One text for every engine that takes it, and one with our idea for those that can."""

from __future__ import annotations

from contenders import CHECKSUM, GAP_HOURS, PAIRS, PER_DAY, PER_HOUR

RELATIONS = (*PAIRS, "company_users", "company_numbers", "partners")

_PAIR = """not exists (
    select 1 from {name} e where e.recipient = d.recipient and e.customer = d.customer and d.seen_at >= e.since and d.seen_at < e.until)"""

UNENTITLED = f"""
select id, seen_at, channel, recipient, customer from disclosures d
where {" and ".join(_PAIR.format(name=name) for name in PAIRS)}
  and not exists (
    select 1 from company_users u join company_numbers n on n.company = u.company
    where u.recipient = d.recipient and n.customer = d.customer
      and d.seen_at >= u.since and d.seen_at < u.until and d.seen_at >= n.since and d.seen_at < n.until)
  and not exists (select 1 from partners p where p.site = d.site and d.seen_at >= p.since and d.seen_at < p.until)
"""

COUNTED = f"select {CHECKSUM} from unentitled"

# The same question as anti-joins, in the order of how much each explains, for those whose `not exists` takes no time into account.
ALL_PAIRS = """
select recipient, customer, since, until from ownership
union all select recipient, customer, since, until from tickets
union all select recipient, customer, since, until from lawful
union all select u.recipient, n.customer, greatest(u.since, n.since), least(u.until, n.until)
    from company_users u join company_numbers n on n.company = u.company
"""

BUDGET = """
select count(*), sum(customers) from (
    select recipient, date_trunc('{unit}', seen_at) as t, count(distinct customer) as customers from disclosures
    group by recipient, date_trunc('{unit}', seen_at) having count(distinct customer) > {most}) b
"""

# Whoever was shown at most so many rows in a day was shown at most so many customers in it, and in each of its hours.
PRUNED_BUDGET = """
with busy as (
    select recipient, date_trunc('day', seen_at) as day from disclosures
    group by recipient, date_trunc('day', seen_at) having count(*) > {most}),
kept as (
    select d.recipient, date_trunc('{unit}', d.seen_at) as t, d.customer from disclosures d
    join busy b on b.recipient = d.recipient and b.day = date_trunc('day', d.seen_at))
select count(*), sum(customers) from (
    select recipient, t, count(distinct customer) as customers from kept
    group by recipient, t having count(distinct customer) > {most}) b
"""

BUDGETS = (("hour", PER_HOUR), ("day", PER_DAY))

INCIDENTS = f"""
with broken as (
    select *, case when {{seconds}} - lag({{seconds}}) over (partition by channel order by seen_at, id) > {GAP_HOURS * 3600}
        then 1 else 0 end as breaks
    from unentitled),
numbered as (select *, sum(breaks) over (partition by channel order by seen_at, id rows unbounded preceding) as part from broken)
select channel, min({{whole}}), max({{whole}}), count(*), count(distinct customer), count(distinct recipient)
from numbered group by channel, part
"""
