"""Finds sessions that several people used at once.

The portal shows all of them whatever belongs to the session (cachetur.no 2022, GitHub 2021).
"""

from whosaw.model import Detector

# Two people at one browser may share a session by themselves, each seeing their own. The portal's fault is that one customer is shown
# to several logins that sit at different devices.
DETECTOR = Detector(
    name="shared-session",
    claim="one session was used by several logins, and all of them were shown what belongs to it",
    grouped_by="channel",
    settings={"logins": 2, "hours": 24},
    # Only sessions with something unentitled in them are looked at: millions of sound ones would fill the memory.
    query="""
        with near as (
            select session, customer, recipient, seen_at, device, client from disclosures
            where recipient_kind in ('customer_login', 'company_user')
              and session in (select session from unentitled where recipient_kind in ('customer_login', 'company_user')))
        select u.id as disclosure, 'route' as cause_kind, coalesce(u.route, 'unnamed route') as cause, 'certain' as evidence
        from unentitled u
        where u.recipient_kind in ('customer_login', 'company_user')
          and u.session in (select session from near group by session having count(distinct recipient) >= {logins})
          and exists (
            select 1 from near o
            where o.session = u.session and o.customer = u.customer and o.recipient <> u.recipient
              and o.seen_at >= u.seen_at - interval {hours} hour and o.seen_at <= u.seen_at + interval {hours} hour
              and not coalesce(o.device = u.device and o.client = u.client, false))
    """,
)
