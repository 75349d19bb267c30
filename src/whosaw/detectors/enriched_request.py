"""Finds customers' identifiers that the operator's gateway added to requests to sites without an agreement (O2 UK, January 2012)."""

from whosaw.model import Detector

DETECTOR = Detector(
    name="enriched-request",
    claim="the gateway gave customers' identifiers to sites that have no agreement",
    query="""
        select u.id as disclosure, 'header' as cause_kind, coalesce(u.field, 'unnamed field') as cause, 'certain' as evidence
        from unentitled u
        where u.recipient_kind = 'site'
    """,
)
