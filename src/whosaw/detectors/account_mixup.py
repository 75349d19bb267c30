"""Finds logins whose own page showed another customer.

The page has no customer in its address: the portal itself took one for another (Maxis 2010).
"""

from whosaw.model import Detector

# A family's login without its registry row looks like a mix-up on the first days. What a login is shown day after day, beside its
# own account or without any account on file, was given to it by somebody: nobody mixes up the same two people every day.
DETECTOR = Detector(
    name="account-mixup",
    claim="people who logged in were shown another customer's account as their own",
    grouped_by="channel",
    settings={"customers": 2, "steady_days": 3},
    query="""
        with mine as (select * from unentitled where self_route and recipient_kind in ('customer_login', 'company_user')),
        shown as (
            select distinct recipient, customer, session, date_trunc('day', seen_at) as day from disclosures
            where self_route and recipient in (select recipient from mine) and customer is not null
              and (cache is null or (cache not like '%hit%' and cache not in ('stale', 'updating', 'revalidated')))),
        own as (
            select distinct s.recipient, s.session, s.day from shown s
            join entitlements e on e.recipient = s.recipient and e.customer = s.customer
                and e.since < s.day + interval 1 day and e.until > s.day),
        listed as (select distinct recipient from entitlements where recipient in (select recipient from mine)),
        steady as (
            select s.recipient, s.customer from shown s
            left join own o on o.recipient = s.recipient and o.day = s.day
            left join listed l on l.recipient = s.recipient
            where o.day is not null or l.recipient is null
            group by s.recipient, s.customer having count(distinct s.day) >= {steady_days}),
        foreign_owned as (
            select distinct customer from entitlements
            where basis in ('ownership', 'delegation') and customer in (select customer from mine)),
        beside as (select distinct recipient, session from own)
        select u.id as disclosure, 'route' as cause_kind, coalesce(u.route, 'unnamed route') as cause,
            case when u.recipient_kind = 'customer_login' and l.recipient is not null and f.customer is not null
                      and u.session is not null and b.session is null then 'certain' else 'strong' end as evidence
        from mine u
        left join listed l on l.recipient = u.recipient
        left join foreign_owned f on f.customer = u.customer
        left join beside b on b.recipient = u.recipient and b.session = u.session
        left join steady s on s.recipient = u.recipient and s.customer = u.customer
        where s.recipient is null
          and (
            exists (
                select 1 from entitlements e
                where e.recipient = u.recipient and e.customer <> u.customer and e.basis in ('ownership', 'delegation')
                  and u.seen_at >= e.since and u.seen_at < e.until)
            or (u.recipient_kind = 'customer_login' and u.recipient in (
                select recipient from shown group by recipient having count(distinct customer) >= {customers})))
    """,
)
