"""Finds employees who looked up a customer with no contact, ticket or duty that explains it.

One look-up is enough to harm (Ooredoo Myanmar).
"""

from whosaw.model import Detector

# One look-up more often lacks its record than its reason, so it counts as weak. Coming back on another day counts, unless each time
# follows closely on a contact or ticket of the same two.
DETECTOR = Detector(
    name="unexplained-lookup",
    claim="an employee looked up a customer and no contact, ticket, duty or request explains it",
    settings={"days": 2, "plain_days": 4, "follow_up_hours": 24},
    query="""
        with looked as (select * from unentitled where recipient_kind = 'employee'),
        follow_ups as (
            select distinct l.id from looked l
            join entitlements e on e.recipient = l.recipient and e.customer = l.customer
            where e.grade in ('A', 'B', 'C') and e.until <= l.seen_at and e.until > l.seen_at - interval {follow_up_hours} hour),
        returned as (
            select recipient, customer from looked
            where id not in (select id from follow_ups)
            group by recipient, customer
            having count(distinct date_trunc('day', seen_at)) >= {plain_days}
                or (count(distinct date_trunc('day', seen_at)) >= {days} and max(data & {sensitive}) > 0))
        select u.id as disclosure,
            case when p.recipient is null then 'route' else 'recipient' end as cause_kind,
            case when p.recipient is null then 'scattered' else cast(u.recipient as varchar) end as cause,
            case when p.recipient is null then 'weak' else 'strong' end as evidence
        from looked u
        left join returned p on p.recipient = u.recipient and p.customer = u.customer
    """,
)
