"""Which shape has each unentitled disclosure? Detectors claim them in order of proof; what looks like a missing entitlement is set apart.

In the engine: `claims` (one row per claimed disclosure) and `repair_rows` (disclosures a missing entitlement would explain).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.engine.door import listed, quoted
from whosaw.errors import ConfigError
from whosaw.model import SENSITIVE, data_mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whosaw.engine.door import Door
    from whosaw.model import Detector

REPAIRS_BEFORE = "account-mixup"
"""Repairs are looked for after the detectors whose evidence needs no entitlement to be complete, and before all others."""

REPAIRS: tuple[tuple[str, str], ...] = (
    (
        "ownership",
        # Someone with no entitlement at all whose own page showed one customer on more days than any other: the login's row is missing.
        """
        select u.id as disclosure, u.recipient, u.recipient as about from unentitled u
        join (
            select recipient, customer, days,
                row_number() over (partition by recipient order by days desc, customer) as place,
                lead(days) over (partition by recipient order by days desc, customer) as next_days
            from (select recipient, customer, count(distinct date_trunc('day', seen_at)) as days from disclosures
                  where self_route and recipient is not null and customer is not null
                    and recipient in (select recipient from unentitled where self_route)
                  group by recipient, customer)
        ) own on own.recipient = u.recipient and own.customer = u.customer
        where own.place = 1 and (own.next_days is null or own.next_days < own.days)
          and u.self_route and u.recipient_kind in ('customer_login', 'company_user')
          and not exists (select 1 from grants g where g.recipient = u.recipient)
        """,
    ),
    (
        "delegation",
        # Someone entitled to most of a company's or portfolio's customers who returned to one of the others: that pair is missing.
        """
        select u.id as disclosure, u.recipient, g."group" as about
        from unentitled u
        join groups g on g.customer = u.customer
        join (
            select m.recipient, g."group" from (
                select distinct recipient, customer from grants where recipient in (select recipient from unentitled)) m
            join groups g on g.customer = m.customer
            join (select "group", count(*) as size from groups group by "group") s on s."group" = g."group"
            group by m.recipient, g."group", s.size having count(*) * 2 >= s.size
        ) most on most.recipient = u.recipient and most."group" = g."group"
        join (
            select recipient, customer from unentitled
            group by recipient, customer having count(distinct date_trunc('day', seen_at)) >= 2
        ) again on again.recipient = u.recipient and again.customer = u.customer
        where exists (
            select 1 from grants e join groups g2 on g2.customer = e.customer
            where e.recipient = u.recipient and g2."group" = g."group" and u.seen_at >= e.since and u.seen_at < e.until)
        """,
    ),
    (
        "delegation",
        # A company user who came back to the records of one company on several days, and to nobody else's: the delegation is missing.
        """
        select u.id as disclosure, u.recipient, g."group" as about
        from unentitled u
        join groups g on g.customer = u.customer
        join (
            select u.recipient, min(g."group") as "group" from unentitled u
            left join groups g on g.customer = u.customer
            where u.recipient_kind = 'company_user' and not u.self_route
            group by u.recipient
            having count(distinct coalesce(g."group", u.customer)) = 1 and count(distinct date_trunc('day', u.seen_at)) >= 3
        ) steady on steady.recipient = u.recipient and steady."group" = g."group"
        """,
    ),
    (
        "partner",
        # A site that received data on most days of the channel, like the partners do, while hardly any other site did.
        """
        select u.id as disclosure, u.recipient, u.recipient as about
        from unentitled u
        join (
            select s.recipient from (
                select recipient, count(distinct date_trunc('day', seen_at)) as days from unentitled
                where recipient_kind = 'site' group by recipient) s
            cross join (select count(distinct date_trunc('day', seen_at)) as days from disclosures where recipient_kind = 'site') c
            cross join (select count(distinct recipient) as sites from unentitled where recipient_kind = 'site') n
            cross join (select count(*) as partners from site_rules) p
            where s.days * 5 >= c.days * 4 and c.days >= 5 and n.sites * 5 <= p.partners
        ) steady on steady.recipient = u.recipient
        """,
    ),
)


_CLAIMS = {"disclosure": "bigint", "detector": "varchar", "cause_kind": "varchar", "cause": "varchar", "evidence": "varchar"}
_REPAIR_ROWS = {"disclosure": "bigint", "repair": "integer", "basis": "varchar", "recipient": "bigint", "about": "bigint"}

_FREE = "anti join claims k on k.disclosure = c.disclosure anti join repair_rows r on r.disclosure = c.disclosure"


def detect(door: Door, detectors: Sequence[Detector], settings: Mapping[str, Mapping[str, int]], *, settled: bool = False) -> None:
    """Fill `claims` and `repair_rows`. Each unentitled disclosure belongs to the first that claims it.

    With `settled`, begin with those of `claims_before` and `repair_rows_before`.
    Raises `ConfigError` for a setting of a detector that does not exist.
    """
    _check(detectors, settings)
    door.table("claims", "select * from claims_before" if settled else listed(_CLAIMS, []))
    door.table("repair_rows", "select * from repair_rows_before" if settled else listed(_REPAIR_ROWS, []))
    for detector in detectors:
        if detector.name == REPAIRS_BEFORE:
            _repair(door)
        values = {"sensitive": data_mask(SENSITIVE), **detector.settings, **settings.get(detector.name, {})}
        door.add(
            "claims",
            f"select c.disclosure, {quoted(detector.name)} as detector, c.cause_kind, c.cause, c.evidence "
            f"from ({detector.query.format(**values)}) c {_FREE}",
        )


def _repair(door: Door) -> None:
    for i, (basis, query) in enumerate(REPAIRS):
        door.add(
            "repair_rows",
            f"select c.disclosure, {i} as repair, {quoted(basis)} as basis, min(c.recipient) as recipient, min(c.about) as about "
            f"from ({query}) c {_FREE} group by c.disclosure",
        )


def _check(detectors: Sequence[Detector], settings: Mapping[str, Mapping[str, int]]) -> None:
    known = {detector.name: detector.settings for detector in detectors}
    for name, values in settings.items():
        if name not in known:
            raise ConfigError(f"`detector.{name}` is no detector", hint=f"detectors are {', '.join(known)}")
        for setting in values:
            if setting not in known[name]:
                have = ", ".join(known[name]) or "none"
                raise ConfigError(f"`detector.{name}.{setting}` is not known", hint=f"settings of {name}: {have}")
