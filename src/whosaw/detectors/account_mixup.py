"""Finds logins whose own page showed another customer.

The page has no customer in its address: the portal itself took one for another (Maxis 2010).
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="account-mixup",
    claim="people who logged in were shown another customer's account as their own",
    grouped_by="channel",
    settings={"customers": 2},
    query="""
        select u.id as disclosure, 'route' as cause_kind, u.route as cause, 'certain' as evidence
        from unentitled u
        where u.self_route and u.recipient_kind in ('customer_login', 'company_user')
          and (u.cache is null or u.cache <> 'hit')
          and (
            exists (
                select 1 from entitlements e
                where e.recipient = u.recipient and e.customer <> u.customer and e.basis in ('ownership', 'delegation')
                  and u.seen_at >= e.since and u.seen_at < e.until)
            or u.recipient in (
                select recipient from disclosures where self_route and recipient is not null
                group by recipient having count(distinct customer) >= {customers}))
    """,
)
