"""Which unentitled disclosures look like an entitlement that is missing on file?

Shown with the command that adds it, never counted as an incident.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from whosaw.errors import NotFoundError
from whosaw.identifiers.pseudonyms import label
from whosaw.model import Repair

if TYPE_CHECKING:
    from whosaw.engine.door import Door
    from whosaw.engine.duckdb import Engine
    from whosaw.ledger import Ledger

VOUCHED = 10_000
"""Number of the first rule that a person vouches for; those of the configuration have lower ones."""

_NAMES = """
select 'REP-' || cast(row_number() over (order by customers desc, disclosures desc, recipient, about, basis) as varchar) as name, *
from (
    select r.basis, r.recipient, r.about, count(distinct d.customer) as customers, count(*) as disclosures,
        min(d.seen_at) as since, max(d.seen_at) as until, min(d.recipient_kind) as kind, min(d.site) as site
    from repair_rows r join rest d on d.id = r.disclosure
    group by r.basis, r.recipient, r.about)
"""

_SUGGESTED = """
select name, basis, recipient, customers, disclosures, since, until, kind, site from repair_names
order by customers desc, disclosures desc, recipient, about, basis
"""

_SENTENCES = {
    "ownership": "{who} was only ever shown one customer's account as their own, and no login row says that it is theirs",
    "delegation": "{who} was shown {customers} customers who belong together, and returned to them: a delegation seems to be missing",
    "partner": "{who} received data on most days, as partners do: an agreement seems to be missing",
}


def suggest(door: Door) -> list[Repair]:
    """Return the likely missing entitlements, largest first."""
    door.table("repair_names", _NAMES)
    out = []
    for name, basis, recipient, customers, disclosures, first, last, kind, site in door.rows(_SUGGESTED):
        who = f"`{site or label('r', recipient)}` ({str(kind).replace('_', ' ')})"
        out.append(
            Repair(
                id=name,
                basis=basis,
                recipient=site or label("r", recipient),
                customers=customers,
                disclosures=disclosures,
                since=first.replace(tzinfo=UTC),
                until=last.replace(tzinfo=UTC),
                sentence=_SENTENCES[basis].format(who=who, customers=customers),
                command=f'whosaw repair {name} --reason "..."',
            )
        )
    return out


def confirm(engine: Engine, ledger: Ledger, name: str, *, reason: str, by: str, at: str) -> int:
    """Record that a person vouches for a suggested entitlement; return for how many pairs. The record is only ever added to."""
    pairs = engine.rows(
        """
        select distinct r.basis, d.recipient, d.customer, d.site, min(d.seen_at) over ()::varchar
        from repair_names n
        join repair_rows r on r.basis = n.basis and r.recipient = n.recipient and r.about = n.about
        join rest d on d.id = r.disclosure where n.name = ?""",
        [name],
    )
    if not pairs:
        raise NotFoundError(f"`{name}` is no open repair", hint="`whosaw report` lists them; their numbers change when entitlements do")
    ledger.vouch([(basis, recipient, customer, site, since, reason, by, at) for basis, recipient, customer, site, since in pairs])
    return len(pairs)


def load(engine: Engine, ledger: Ledger, *, after: int = 0) -> None:
    """Add what people vouched for (grade B) to the engine's entitlements, but for the first `after` that are there."""
    for i, (basis, recipient, customer, site, since, reason, by) in list(enumerate(ledger.vouched()))[after:]:
        rule = VOUCHED + i
        engine.run("insert into rules values (?, ?, 'B', ?, ?, true)", [rule, basis, reason, f"vouched for by {by}"])
        if site:
            engine.run("insert into site_rules values (?, ?, ?::timestamp, timestamp '9999-12-31', 2147483647, 0)", [rule, site, since])
        else:
            engine.run(
                "insert into grants values (?, ?, ?, ?::timestamp, timestamp '9999-12-31', 2147483647, null, 0, true)",
                [rule, recipient, customer, since],
            )
