"""Finds whatever else was shown without a reason, so that nothing unentitled goes unnamed.

By itself it proves little: an entitlement may be missing.
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="foreign-record",
    claim="a recipient was shown a customer's record and nothing on file entitles them; no known leak has this shape",
    query="""
        select u.id as disclosure, 'route' as cause_kind, coalesce(u.route, 'unnamed route') as cause, 'weak' as evidence
        from unentitled u
    """,
)
