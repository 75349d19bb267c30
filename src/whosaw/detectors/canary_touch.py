"""Finds whoever was shown a customer that does not exist.

Nobody has a reason to meet a canary: who does has guessed, copied or exported, unless the operator's own system chose it for them.
"""

from whosaw.model import Detector

# On a page without a customer in its address, out of a cache or in a header of the gateway, the recipient chose nothing and must not
# be named as the cause.
DETECTOR = Detector(
    name="canary-touch",
    claim="a canary customer, who does not exist and whom nobody has a reason to see, was shown",
    query="""
        select u.id as disclosure, u.cause_kind,
            case u.cause_kind when 'header' then coalesce(u.field, 'unnamed field')
                when 'route' then coalesce(u.route, 'unnamed route')
                else cast(u.recipient as varchar) end as cause,
            'certain' as evidence
        from (
            select *, case when recipient_kind = 'site' then 'header'
                when recipient is null or self_route or cache like '%hit%' then 'route'
                else 'recipient' end as cause_kind
            from unentitled where customer in (select customer from canaries)) u
    """,
)
