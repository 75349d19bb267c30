"""Finds employees who looked up a customer with no contact, ticket or duty that explains it.

One look-up is enough to harm (Ooredoo Myanmar).
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="unexplained-lookup",
    claim="an employee looked up a customer and no contact, ticket, duty or request explains it",
    settings={"days": 2},
    query="""
        select u.id as disclosure,
            case when p.recipient is null then 'route' else 'recipient' end as cause_kind,
            case when p.recipient is null then 'scattered' else cast(u.recipient as varchar) end as cause,
            case when p.recipient is null then 'weak' else 'strong' end as evidence
        from unentitled u
        left join (
            select recipient, customer from unentitled
            where recipient_kind = 'employee'
            group by recipient, customer having count(distinct date_trunc('day', seen_at)) >= {days}
        ) p on p.recipient = u.recipient and p.customer = u.customer
        where u.recipient_kind = 'employee'
    """,
)
