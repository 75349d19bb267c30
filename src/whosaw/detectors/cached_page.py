"""Finds personal pages that a cache handed to someone else.

The page was made for one session and read by another (Steam 2015, Klarna 2021).
"""

from whosaw.model import Detector

# A reader's own page from a cache is no leak. Who filled the cache is asked first; where no line says so, the reader must be
# somebody who cannot be the one the page was made for.
DETECTOR = Detector(
    name="cached-page",
    claim="a cache stored a personal page and handed it to someone else",
    grouped_by="channel",
    query="""
        with hits as (
            select * from unentitled
            where (cache like '%hit%' or cache in ('stale', 'updating', 'revalidated')) and recipient_kind <> 'site'
              and (filler_session is null or session is null or filler_session <> session)),
        made as (
            select page, customer, session, recipient, min(seen_at) as seen_at from disclosures
            where page in (select page from hits) and customer is not null
              and cache is not null and cache not like '%hit%' and cache not in ('stale', 'updating', 'revalidated')
            group by page, customer, session, recipient),
        fillers as (
            select h.id, max(case when m.session = h.session or m.recipient = h.recipient then 1 else 0 end) as reader_is_filler
            from hits h join made m on m.page = h.page and m.customer = h.customer and m.seen_at <= h.seen_at
            group by h.id)
        select u.id as disclosure, 'route' as cause_kind, coalesce(u.route, 'unnamed route') as cause,
            case when f.id is not null or (u.filler_session is not null and u.session is not null)
                 then 'certain' else 'strong' end as evidence
        from hits u
        left join fillers f on f.id = u.id
        where coalesce(f.reader_is_filler, 0) = 0
          and (
            f.id is not null
            or (u.filler_session is not null and u.session is not null)
            or u.recipient_kind = 'anonymous'
            or u.recipient in (select recipient from entitlements)
            or u.recipient in (
                select recipient from disclosures where self_route and recipient in (select recipient from hits)
                group by recipient having count(distinct customer) >= 2))
    """,
)
