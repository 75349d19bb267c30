"""Finds routes on which changing an identifier opens other customers' records.

One walker proves it; everyone who strayed there is affected (O2 Bill Manager).
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="object-walk",
    claim="changing an identifier in the address opened other customers' records",
    settings={"customers": 3},
    query="""
        select u.id as disclosure, 'route' as cause_kind, u.route as cause, 'strong' as evidence
        from unentitled u
        join (
            select channel, route from unentitled
            where object is not null and not self_route and recipient_kind in ('customer_login', 'company_user')
            group by channel, route, recipient, date_trunc('day', seen_at)
            having count(distinct customer) >= {customers}
        ) w on w.channel = u.channel and w.route = u.route
        where u.object is not null and not u.self_route and u.recipient_kind in ('customer_login', 'company_user')
        group by u.id, u.route
    """,
)
