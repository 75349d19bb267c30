"""Finds recipients who were shown many customers in one day without a reason for them.

Those with a reason are not counted, however many they are.
"""

from whosaw.model import Detector

# Where nobody's reasons are on file, many are usual and prove nothing. Customers of one company are more likely a missing delegation.
DETECTOR = Detector(
    name="bulk-read",
    claim="one recipient was shown many customers in a day, without a reason for them",
    settings={"customers": 20, "times_peers": 5, "peers": 5},
    query="""
        with companies as (
            select g.customer, min(g."group") as company from groups g
            join rules r on r.rule = g.rule and r.basis = 'delegation' group by g.customer),
        unexplained as (
            select u.recipient_kind, u.recipient, date_trunc('day', u.seen_at) as day, count(distinct u.customer) as customers,
                count(distinct coalesce(c.company, u.customer)) as strangers
            from unentitled u
            left join companies c on c.customer = u.customer
            where u.recipient is not null
            group by u.recipient_kind, u.recipient, date_trunc('day', u.seen_at)),
        everyone as (
            select distinct recipient_kind, recipient, date_trunc('day', seen_at) as day from disclosures
            where recipient is not null and recipient_kind in (select recipient_kind from unexplained where customers >= {customers})),
        usual as (
            select e.recipient_kind,
                case when count(distinct e.recipient) > {peers} then median(coalesce(x.customers, 0)) else 0 end as customers
            from everyone e
            left join unexplained x on x.recipient_kind = e.recipient_kind and x.recipient = e.recipient and x.day = e.day
            group by e.recipient_kind)
        select u.id as disclosure, 'recipient' as cause_kind, cast(u.recipient as varchar) as cause,
            case when x.strangers = 1 then 'weak' else 'strong' end as evidence
        from unentitled u
        join unexplained x
            on x.recipient_kind = u.recipient_kind and x.recipient = u.recipient and x.day = date_trunc('day', u.seen_at)
        join usual p on p.recipient_kind = u.recipient_kind
        where x.customers >= {customers} and x.customers >= {times_peers} * p.customers
    """,
)
