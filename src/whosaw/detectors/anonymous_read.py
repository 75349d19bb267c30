"""Finds personal data shown to visitors who had not logged in, on a route not declared public (Optus 2022, First American 2019)."""

from whosaw.model import Detector

DETECTOR = Detector(
    name="anonymous-read",
    claim="personal data were shown to visitors who had not logged in",
    query="""
        select u.id as disclosure, 'route' as cause_kind, u.route as cause, 'strong' as evidence
        from unentitled u
        where u.recipient_kind = 'anonymous'
    """,
)
