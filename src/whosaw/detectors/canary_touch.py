"""Finds whoever was shown a customer that does not exist.

Nobody has a reason to meet a canary: who does has guessed, copied or exported.
"""

from whosaw.model import Detector

DETECTOR = Detector(
    name="canary-touch",
    claim="a canary customer, who does not exist and whom nobody has a reason to see, was shown",
    query="""
        select u.id as disclosure, 'recipient' as cause_kind, cast(u.recipient as varchar) as cause, 'certain' as evidence
        from unentitled u
        join canaries c on c.customer = u.customer
    """,
)
