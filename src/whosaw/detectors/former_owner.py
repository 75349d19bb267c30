"""Finds people who still see what was once theirs.

A recycled number, a closed account or an ended delegation belongs to someone else now (Singtel 2018).
"""

from whosaw.model import Detector

# An old session may linger for some hours after a handover, and a renewal may be filed late: neither is a former owner. An account
# that nobody took over shows its former owner nothing but his own past.
DETECTOR = Detector(
    name="former-owner",
    claim="people were shown what is no longer theirs: a number, bill or account with a new owner, or a company whose delegation ended",
    grouped_by="channel",
    settings={"grace_hours": 24},
    query="""
        with ended as (
            select u.id, u.route, u.recipient, u.customer, u.seen_at, e.basis from unentitled u
            join entitlements e on e.recipient = u.recipient and e.customer = u.customer
            where e.basis in ('ownership', 'delegation') and e.until <= u.seen_at - interval {grace_hours} hour
              and not exists (
                select 1 from entitlements l
                where l.recipient = u.recipient and l.customer = u.customer and l.since >= e.until and l.since > u.seen_at)),
        found as (
            select x.id, x.route, 'strong' as evidence from ended x where x.basis = 'delegation'
            union all
            select x.id, x.route, 'certain' as evidence from ended x
            where x.basis = 'ownership' and exists (
                select 1 from entitlements n
                where n.customer = x.customer and n.recipient <> x.recipient and n.basis = 'ownership'
                  and n.since <= x.seen_at and x.seen_at < n.until)
            union all
            select u.id, u.route, 'certain' as evidence from unentitled u
            where exists (
                select 1 from owners o
                join entitlements e on e.customer = o.customer
                where o.object = u.object and o.until <= u.seen_at - interval {grace_hours} hour and o.customer <> u.customer
                  and e.recipient = u.recipient and e.basis = 'ownership' and o.since < e.until and e.since < o.until))
        select id as disclosure, 'route' as cause_kind, coalesce(min(route), 'unnamed route') as cause, min(evidence) as evidence
        from found group by id
    """,
)
