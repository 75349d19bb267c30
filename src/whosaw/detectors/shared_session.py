"""Finds sessions that several people used at once.

The portal shows all of them whatever belongs to the session (cachetur.no 2022, GitHub 2021).
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="shared-session",
    claim="one session was used by several logins, and all of them were shown what belongs to it",
    grouped_by="channel",
    settings={"logins": 2},
    query="""
        select u.id as disclosure, 'route' as cause_kind, u.route as cause, 'certain' as evidence
        from unentitled u
        join (
            select session from disclosures
            where session is not null and recipient_kind in ('customer_login', 'company_user')
            group by session having count(distinct recipient) >= {logins}
        ) s on s.session = u.session
        where u.recipient_kind in ('customer_login', 'company_user')
          and (u.cache is null or u.cache <> 'hit')
    """,
)
