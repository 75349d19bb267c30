"""Finds recipients who were shown many customers in one day without a reason for them.

Those with a reason are not counted, however many they are.
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="bulk-read",
    claim="one recipient was shown many customers in a day, without a reason for them",
    settings={"customers": 20, "times_peers": 5},
    query="""
        select u.id as disclosure, 'recipient' as cause_kind, cast(u.recipient as varchar) as cause, 'strong' as evidence
        from unentitled u
        join (
            select recipient_kind, recipient, date_trunc('day', seen_at) as day, count(distinct customer) as customers
            from unentitled where recipient is not null
            group by recipient_kind, recipient, date_trunc('day', seen_at)
        ) r on r.recipient_kind = u.recipient_kind and r.recipient = u.recipient and r.day = date_trunc('day', u.seen_at)
        join (
            select recipient_kind, median(customers) as usual from (
                select recipient_kind, recipient, date_trunc('day', seen_at) as day, count(distinct customer) as customers
                from unentitled where recipient is not null
                group by recipient_kind, recipient, date_trunc('day', seen_at)) group by recipient_kind
        ) p on p.recipient_kind = u.recipient_kind
        where r.customers >= {customers} and (r.customers >= {times_peers} * p.usual or p.usual >= {customers})
    """,
)
