"""Finds people who still see what was once theirs. A recycled number or a closed account belongs to someone else now (Singtel 2018)."""

from whosaw.model import Detector

DETECTOR = Detector(
    name="former-owner",
    claim="the former owner of a number, bill or account was shown its new owner's data",
    grouped_by="channel",
    query="""
        select u.id as disclosure, 'route' as cause_kind, u.route as cause, 'certain' as evidence
        from unentitled u
        where exists (
                select 1 from entitlements e
                where e.recipient = u.recipient and e.customer = u.customer and e.basis = 'ownership' and e.until <= u.seen_at)
           or exists (
                select 1 from owners o
                join entitlements e on e.customer = o.customer
                where o.object = u.object and o.until <= u.seen_at and o.customer <> u.customer
                  and e.recipient = u.recipient and e.basis = 'ownership' and o.since < e.until and e.since < o.until)
    """,
)
