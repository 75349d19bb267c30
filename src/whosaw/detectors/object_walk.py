"""Finds routes on which changing an identifier opens other customers' records.

One walker proves it; everyone who strayed there is affected (O2 Bill Manager).
"""

from whosaw.model import Detector

# A walker meets strangers, and each of them once. Customers of one company count as one, and whoever comes back to the same records
# day after day is no walker: both look like an entitlement that is missing.
DETECTOR = Detector(
    name="object-walk",
    claim="changing an identifier in the address opened other customers' records",
    settings={"customers": 3, "steady_days": 3, "near_days": 3},
    query="""
        with opened as (
            select u.*, coalesce(u.route, 'unnamed route') as place, date_trunc('day', u.seen_at) as day from unentitled u
            where u.object is not null and not u.self_route and u.recipient_kind in ('customer_login', 'company_user')),
        companies as (
            select g.customer, min(g."group") as company from groups g
            join rules r on r.rule = g.rule and r.basis = 'delegation' group by g.customer),
        steady as (
            select recipient, customer from opened group by recipient, customer having count(distinct day) >= {steady_days}),
        walked as (
            select o.channel, o.place, o.recipient, o.day from opened o
            left join companies c on c.customer = o.customer
            left join steady s on s.recipient = o.recipient and s.customer = o.customer
            where s.recipient is null
            group by o.channel, o.place, o.recipient, o.day
            having count(distinct coalesce(c.company, o.customer)) >= {customers}),
        broken as (select distinct channel, place, day from walked)
        select distinct o.id as disclosure, 'route' as cause_kind, o.place as cause, 'strong' as evidence
        from opened o
        join broken b on b.channel = o.channel and b.place = o.place
            and o.day >= b.day - interval {near_days} day and o.day <= b.day + interval {near_days} day
    """,
)
