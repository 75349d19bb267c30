"""Finds personal data shown to visitors who had not logged in, on a route not declared public (Optus 2022, First American 2019).

A line without a login whose session had one elsewhere is no such visitor.
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="anonymous-read",
    claim="personal data were shown to visitors who had not logged in",
    query="""
        select u.id as disclosure, 'route' as cause_kind, coalesce(u.route, 'unnamed route') as cause, 'strong' as evidence
        from unentitled u
        left join (
            select distinct session from disclosures
            where recipient is not null and session in (select session from unentitled where recipient_kind = 'anonymous')
        ) s on s.session = u.session
        where u.recipient_kind = 'anonymous' and s.session is null
    """,
)
