"""Was each disclosure all right? Resolve whose data it was, then take away what an entitlement covers; what is left has no reason.

In the engine: `disclosures` (every row, with its customer resolved), `rest` (what is not entitled, with `why` when it cannot be judged)
and `unentitled` (the rest without a why). Nothing here is stored in the ledger: an entitlement may arrive late or be withdrawn.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from whosaw.engine.door import listed, quoted
from whosaw.entitlements import ALL_DATA, covers, in_time
from whosaw.model import PROVING_VANTAGES, Verdicts

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.engine.door import Door

NO_CUSTOMER = "the line names no customer, and its object has no owner at that time"
TWO_OWNERS = "the object has two owners at that time"
NOT_SENT = "the log was written where data may still be removed: it shows what was asked, not what was shown"
NO_RECIPIENT = "the line does not say who was shown the data"
NO_RULES = "no entitlement of any kind is configured"
UNKNOWN_DATA = "it is not known which data were shown, and the entitlement covers only some"
BLIND = "the records that could justify it have a gap at that time"

Days = list[tuple[datetime, int]]
"""Days, in their order, and how many disclosures each has."""

_PROVING = ", ".join(quoted(vantage.value) for vantage in PROVING_VANTAGES)

# A row that names its customer asks for no owner: its key is null, and nothing is looked up for it.
_RESOLVED = """
select d.* exclude (customer), coalesce(d.customer, h.customer) as customer, coalesce(h.contested, false) as contested
from {rows} d
left join held h on h.object = case when d.customer is null then d.object end and d.seen_at >= h.since and d.seen_at < h.until
"""

# What needs no owner is asked of the rows as they were read: looking up millions of objects once more would be for nothing.
_AS_READ = "{name}_as_read"

_ENTITLEMENTS = """
select r.basis, r.grade, g.recipient, g.customer, g.since, g.until, g.data from grants g join rules r on r.rule = g.rule
"""

UNENTITLED = "select * exclude (why, contested) from rest where why is null"
_NO_ROWS = "select cast(null as bigint) as id where false"

_SITES = {"recipient": "bigint", "site": "varchar"}
_NEW_SITES = """
select d.recipient, d.site from (select distinct recipient, site from {rows} where site is not null) d
anti join sites s on s.site = d.site
"""

_SITE_GRANTS = {"recipient": "bigint", "since": "timestamp", "until": "timestamp", "data": "integer", "rule": "integer", "line": "bigint"}

# A rule names a site, with a dot before it also all below it, with an asterisk before that only those. The names that a site answers to
# are itself and what is left of it, label by label.
_NEW_SITE_GRANTS = """
with level_0 as (select recipient, site, '.' || site as rest from new_sites)
{levels},
answers as (select recipient, site, site as name from new_sites union all {names})
select distinct a.recipient, r.since, r.until, r.data, r.rule, r.line from answers a
join site_rules r on r.site = a.name or (r.site = '*' || a.name and a.name <> '.' || a.site)
join rules on rules.rule = r.rule and rules.entitles
"""
_LEVEL = """,
level_{next} as (select recipient, site, substr(rest, strpos(substr(rest, 2), '.') + 1) as rest
    from level_{level} where strpos(substr(rest, 2), '.') > 0)
"""

_TEST_ACCOUNTS = "select c.* from customer_grants c join rules on rules.rule = c.rule where rules.entitles"

# The bulk of the ledger is entitled and never needed whole: the columns that decide go through the anti-joins, and only what is left is
# fetched with all columns. Anti-joins are written out: `not exists` with a time in it makes the engine gather all rows first.
# They stand in the order of their size, smallest first, and a row without a recipient to ask for (`asked`) is looked up in none.
_VERDICTS = f"""
select d.id, d.why, d.seen_at, d.recipient_kind, d.recipient, d.customer, d.contested, d.data from (
    select *, case when why is null then recipient end as asked from (
        select id, seen_at, recipient_kind, recipient, customer, contested, data, case
            when {{no_rules}} then {quoted(NO_RULES)}
            when vantage not in ({_PROVING}) then {quoted(NOT_SENT)}
            when contested then {quoted(TWO_OWNERS)}
            when customer is null then {quoted(NO_CUSTOMER)}
            when recipient_kind = 'unknown' then {quoted(NO_RECIPIENT)} end as why
        from {{over}})) d
"""

_COVERED_SITE = f"anti join site_grants s on s.recipient = d.asked and {covers('s')}"
_COVERED_CUSTOMER = f"anti join ({_TEST_ACCOUNTS}) t on t.customer = d.customer and d.why is null and {covers('t')}"

# Most entitlements hold all the time and for all data, so that nothing but the pair is compared, and nothing else of them is held.
_COVERED_PAIR = f"""
anti join (select recipient, customer from grants where entitles and {{always}}) a on a.recipient = d.asked and a.customer = d.customer
anti join (select recipient, customer, since, until, data from grants where entitles and not ({{always}})) e
    on e.recipient = d.asked and e.customer = d.customer and {covers("e")}
"""

# An entitlement to some classes does not cover "not known which", and does not leave it without any reason either.
_UNKNOWN = f"""
select v.id from unjudged v join grants e on e.recipient = v.recipient and e.customer = v.customer and e.entitles and {in_time("e", "v")}
union
select v.id from unjudged v join site_grants e on e.recipient = v.recipient and {in_time("e", "v")}
union
select v.id from unjudged v join ({_TEST_ACCOUNTS}) e on e.customer = v.customer and {in_time("e", "v")}
"""

_UNSEEN = f"""
select distinct v.id from verdicts v
join blind b on {in_time("b", "v")} and (b.basis not in ('contact', 'ticket', 'duty') or v.recipient_kind = 'employee')
where v.why is null
"""

AT_HAND = ("seen_at", "recipient_kind", "recipient", "data", "customer", "contested")
"""Columns that the verdicts hold already. They stand last among those of `rest`, and are not unpacked from the ledger once more."""

_NOT_FETCHED = ", ".join(name for name in AT_HAND if name != "contested")

_REST = f"""
select d.* exclude ({_NOT_FETCHED}), {", ".join(f"v.{name}" for name in AT_HAND)}, case when v.why is not null then v.why
    when k.id is not null then {quoted(UNKNOWN_DATA)}
    when b.id is not null then {quoted(BLIND)} end as why
from {{rows}} d
join verdicts v on v.id = d.id
left join unknown k on k.id = d.id
left join unseen b on b.id = d.id
"""


def resolve(door: Door, *, rows: str = "disclosures_read") -> None:
    """Define `disclosures`: every ledger row with the customer its object belonged to at that time."""
    door.view(_AS_READ.format(name="disclosures"), f"select * from {rows}")
    door.view("disclosures", resolved(rows))
    door.view("entitlements", _ENTITLEMENTS)


def resolved(rows: str) -> str:
    """Return the query for rows with the customer their object belonged to at that time."""
    return _RESOLVED.format(rows=rows)


def judge(door: Door, *, days: Days | None = None) -> None:
    """Fill `rest` and define `unentitled`. An absent rule means no; no rules at all mean that nothing can be judged.

    `days` are those of all disclosures, where they are known without reading any.
    """
    forget_sites(door)
    _judge(door, "disclosures", door.table, days=days)
    door.view("unentitled", UNENTITLED)


def judge_more(door: Door, rows: str) -> int:
    """Add to `rest` what is not entitled of further ledger rows, which are of a table or a query; return how many they are."""
    door.table(_AS_READ.format(name="more"), f"select * from {rows}")
    door.view("more", resolved(_AS_READ.format(name="more")))
    count = int(door.one(f"select count(*) from {_AS_READ.format(name='more')}")[0])
    if count:
        _judge(door, "more", door.add, pinned=count > int(door.one("select count(*) from grants")[0]))
    return count


def forget_sites(door: Door) -> None:
    """Forget which rules the sites met so far fall under: the rules have changed."""
    door.table("sites", listed(_SITES, []))
    door.table("site_grants", listed(_SITE_GRANTS, []))


def _judge(door: Door, over: str, keep: Callable[[str, str], None], *, pinned: bool = True, days: Days | None = None) -> None:
    rows = _AS_READ.format(name=over)
    _answer_for_sites(door, rows)
    no_rules = "false" if _any(door, "rules") else "true"
    with door.small_side_last() if pinned else nullcontext():
        door.table("verdicts", _VERDICTS.format(over=over, no_rules=no_rules) + _anti_joins(door, rows, days))
    door.table("unjudged", "select id, seen_at, recipient, customer from verdicts where why is null and data = 0")
    door.table("unknown", _UNKNOWN if _any(door, "unjudged") else _NO_ROWS)
    door.table("unseen", _UNSEEN if _any(door, "blind") else _NO_ROWS)
    with door.small_side_last() if pinned else nullcontext():
        keep("rest", _REST.format(rows=rows))


def _anti_joins(door: Door, rows: str, days: Days | None) -> str:
    """Return the anti-joins with every kind of entitlement that there is."""
    joins = [_COVERED_SITE] if _any(door, "site_grants") else []
    joins += [_COVERED_CUSTOMER] if _any(door, "customer_grants") else []
    span = _span(door, rows) if days is None else (days[0][0], days[-1][0]) if days else None
    if span is not None:
        first, last = span
        always = f"since <= {_moment(first)} and until >= {_moment(last)} + interval 1 day and data = {ALL_DATA}"
        joins.append(_COVERED_PAIR.format(always=always))
    return "\n".join(joins)


def _span(door: Door, rows: str) -> tuple[datetime, datetime] | None:
    """Return the first and the last day of rows; nothing if there are none."""
    first, last = door.one(f"select min(seen_at), max(seen_at) from {rows}")
    return (_day(first), _day(last)) if first is not None else None


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _any(door: Door, relation: str) -> bool:
    return bool(door.one(f"select count(*) from {relation}")[0])


def _moment(time: datetime) -> str:
    return f"timestamp {quoted(time.isoformat(sep=' '))}"


def _answer_for_sites(door: Door, rows: str) -> None:
    """Fill `site_grants` with the rules that sites not met before fall under."""
    if not _any(door, "site_rules"):
        return
    door.table("new_sites", _NEW_SITES.format(rows=rows))
    deepest = int(door.one("select coalesce(max(length(site) - length(replace(site, '.', ''))), 0) from new_sites")[0])
    levels = "".join(_LEVEL.format(level=i, next=i + 1) for i in range(deepest))
    names = " union all ".join(f"select recipient, site, rest from level_{i}" for i in range(deepest + 1))
    door.add("site_grants", _NEW_SITE_GRANTS.format(levels=levels, names=names))
    door.add("sites", "select * from new_sites")


@dataclass(frozen=True)
class Counted:
    """The verdicts of all disclosures, the reasons where none was possible, and the same per day."""

    verdicts: Verdicts
    reasons: dict[str, int]
    days: list[tuple[datetime, int, int, int]]


def count(door: Door, *, also: str = "", days: Days | None = None) -> Counted:
    """Return how many disclosures got which verdict. They add up to all that was shown.

    `also` is a query for the day and number of disclosures that were shown and are not among the rows any more; `days` are those of
    the rows, where they are known without reading any.
    """
    shown = "select date_trunc('day', seen_at) as day, count(*) as n from disclosures_read group by 1"
    shown = listed({"day": "timestamp", "n": "bigint"}, days) if days is not None else shown
    shown = f"select day, sum(n) as n from ({shown} union all {also}) group by day" if also else shown
    door.table("shown_days", shown)
    total = int(door.one("select coalesce(sum(n), 0) from shown_days")[0])
    reasons = {
        str(why): int(n) for why, n in door.rows("select why, count(*) from rest where why is not null group by why order by 2 desc, 1")
    }
    unentitled = int(door.one("select count(*) from rest where why is null")[0])
    cannot = sum(reasons.values())
    found = door.rows("""
        with left_over as (
            select date_trunc('day', seen_at) as day, count(*) filter (where why is null) as bad,
                count(*) filter (where why is not null) as open
            from rest group by 1)
        select cast(day as timestamp), cast(n as bigint) - coalesce(bad, 0) - coalesce(open, 0), coalesce(bad, 0), coalesce(open, 0)
        from shown_days left join left_over using (day) order by day""")
    return Counted(Verdicts(total - unentitled - cannot, unentitled, cannot), reasons, [(d, e, u, c) for d, e, u, c in found])
