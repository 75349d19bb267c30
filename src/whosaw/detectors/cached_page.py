"""Finds personal pages that a cache handed to someone else.

The page was made for one session and read by another (Steam 2015, Klarna 2021).
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="cached-page",
    claim="a cache stored a personal page and handed it to someone else",
    grouped_by="channel",
    query="""
        select u.id as disclosure, 'route' as cause_kind, u.route as cause,
            case when f.page is null and u.filler_session is null then 'strong' else 'certain' end as evidence
        from unentitled u
        left join (select distinct page, customer from disclosures where cache is not null and cache <> 'hit' and customer is not null) f
            on f.page = u.page and f.customer = u.customer
        where u.cache = 'hit'
          and (u.filler_session is null or u.session is null or u.filler_session <> u.session)
    """,
)
