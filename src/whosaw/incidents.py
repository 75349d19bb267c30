"""What belongs together, since when, until when, and how many customers: at least by rows, at most by what the logs cannot exclude."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from whosaw.engine.duckdb import Engine, quoted
from whosaw.identifiers.pseudonyms import label
from whosaw.model import (
    SENSITIVE,
    Bound,
    Cause,
    Coverage,
    Detector,
    Evidence,
    Incident,
    Recipients,
    Severity,
    data_classes,
    data_mask,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GROUPING = "whosaw.grouping/1"
"""Version of these rules. A published number names it, so that it can be computed again."""

EVIDENCE_SHOWN = 50
NEAR = timedelta(hours=1)
"""A leak that begins this soon after a silence, or after the first line of all, may have begun before."""

_GROUPED = """
create or replace temp table grouped as
with claimed as (
    select c.detector, c.cause_kind, c.cause, c.evidence, d.*,
        c.detector || chr(31) || d.channel || chr(31) || case when {by_channel} then '' else c.cause_kind || chr(31) || c.cause end as bond
    from claims c join rest d on d.id = c.disclosure),
parted as (
    select *, case when cause_kind <> 'recipient'
            and seen_at - lag(seen_at) over (partition by bond order by seen_at, id) > interval {gap} second then 1 else 0 end as breaks
    from claimed)
select *, bond || chr(31) || sum(breaks) over (partition by bond order by seen_at, id rows unbounded preceding) as incident from parted
"""

_SCOPES = """
select incident, any_value(detector), any_value(channel), min(seen_at), max(seen_at), count(*), count(distinct customer),
    count(distinct coalesce(recipient, -id)), bit_or(data),
    min(case evidence when 'certain' then 0 when 'strong' then 1 else 2 end),
    mode(cause_kind order by cause_kind), mode(cause order by cause),
    count(distinct customer) filter (customer in (select customer from customer_grants))
from grouped group by incident
"""


_UNRESOLVED = """
select count(distinct coalesce(object, id)) from rest
where why is not null and customer is null and channel = ? and seen_at between ? and ?
    and route in (select route from grouped where incident = ?)
    and (? <> 'recipient' or recipient in (select recipient from grouped where incident = ?))
"""

_KNOWN = """
select count(distinct customer) from (
    select customer from grants union all select customer from owners union all
    select customer from disclosures_read where customer is not null)
"""


@dataclass(frozen=True)
class _Span:
    """Where, of what kind, and when: from the first moment possible (nothing: before the logs begin) over the first row to the last."""

    channel: str
    cause_kind: str
    earliest: datetime | None
    since: datetime
    until: datetime


def group(
    engine: Engine, detectors: Sequence[Detector], coverage: Sequence[Coverage], files: Mapping[int, str], gap_seconds: int
) -> list[Incident]:
    """Return the incidents, ranked by kind of evidence, then by how sensitive the data are, then by how many customers.

    Grouping looks at the rows only: neither the order of files nor the order of reading changes it.
    """
    by_channel = ", ".join(quoted(d.name) for d in detectors if d.grouped_by == "channel")
    engine.run(_GROUPED.format(by_channel=f"c.detector in ({by_channel})" if by_channel else "false", gap=gap_seconds))
    found = [_incident(engine, row, coverage, files) for row in engine.rows(_SCOPES)]
    ranked = sorted(found, key=_rank)
    names = [f"INC-{i}" for i in range(1, len(ranked) + 1)]
    engine.run("create or replace temp table incident_names (incident varchar, name varchar)")
    for name, (bond, _) in zip(names, ranked, strict=True):
        engine.run("insert into incident_names values (?, ?)", [bond, name])
    return [msgspec.structs.replace(incident, id=name) for name, (_, incident) in zip(names, ranked, strict=True)]


def _rank(found: tuple[str, Incident]) -> tuple[Any, ...]:
    bond, i = found
    kinds = list(Evidence)
    sensitive = any(c.value in i.data for c in SENSITIVE)
    return (kinds.index(i.evidence_kind), -i.severity.high, not sensitive, -i.customers.at_least, -i.disclosures, bond)


def _incident(engine: Engine, row: tuple[Any, ...], coverage: Sequence[Coverage], files: Mapping[int, str]) -> tuple[str, Incident]:
    bond, detector, channel, first, last, rows, customers, recipients, mask, proof, cause_kind, cause, tests = row
    since, until = first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
    here = [c for c in coverage if c.channel == channel]
    began_in = engine.rows("select distinct source from grouped where incident = ? and seen_at < ?", [bond, first + NEAR])
    since_earliest, why = _earliest(since, here, {source for (source,) in began_in})
    more, more_why = _possible(engine, bond, _Span(channel, cause_kind, since_earliest, since, until), here, customers)
    kinds = {
        str(kind): int(n)
        for kind, n in engine.rows(
            "select recipient_kind, count(distinct coalesce(recipient, -id)) from grouped where incident = ? group by 1 order by 2 desc, 1",
            [bond],
        )
    }
    evidence = engine.rows(
        f"select id >> 32, source_line from grouped where incident = ? order by seen_at, id limit {EVIDENCE_SHOWN}", [bond]
    )
    return bond, Incident(
        id="",
        detector=detector,
        evidence_kind=list(Evidence)[proof],
        channel=channel,
        since=since,
        since_earliest=since_earliest,
        until=until,
        disclosures=rows,
        customers=Bound(customers, customers + more),
        recipients=Recipients(recipients, kinds),
        data=[c.value for c in data_classes(mask)],
        cause=Cause(cause_kind, label("recipient", int(cause)) if cause_kind == "recipient" else cause),
        severity=_severity(mask, customers, customers + more),
        evidence=[f"{files.get(file, '?')}:{line}" for file, line in evidence],
        test_accounts=tests,
        timeline=[
            (day.replace(tzinfo=UTC), n)
            for day, n in engine.rows(
                "select date_trunc('day', seen_at)::timestamp, count(*) from grouped where incident = ? group by 1 order by 1", [bond]
            )
        ],
        why=why + more_why,
        where=[
            (str(place), n)
            for place, n in engine.rows(
                "select coalesce(site, route, '?'), count(*) from grouped where incident = ? group by 1 order by 2 desc, 1 limit 20", [bond]
            )
        ],
    )


def _earliest(since: datetime, here: Sequence[Coverage], began_in: set[str]) -> tuple[datetime | None, list[str]]:
    """Return the first moment the leak may have begun, and why it is not simply the first row.

    Nothing: a log that shows its beginning itself begins with the leak, so it may be as old as you like; that another log of
    the channel reaches back further proves nothing for this one.
    """
    starts = [c.since for c in here if c.since is not None and c.source in began_in and since - c.since < NEAR]
    if starts:
        return None, [f"the logs of this channel begin at {_time(min(starts))}: the leak may be older than they reach"]
    silent = [(c, g) for c in here for g in c.gaps if g.since < since <= g.until + NEAR]
    if not silent:
        return since, []
    source, gap = min(silent, key=lambda pair: pair[1].since)
    return gap.since, [
        f"`{source.source}` has no lines from {_time(gap.since)} to {_time(gap.until)}: the leak may have begun in that time"
    ]


def _possible(engine: Engine, bond: str, span: _Span, here: Sequence[Coverage], proved: int) -> tuple[int, list[str]]:
    """Return how many more customers are possible, and why."""
    times = [moment.replace(tzinfo=None) for moment in (span.earliest or span.since, span.until)]
    unresolved = int(engine.one(_UNRESOLVED, [span.channel, *times, bond, span.cause_kind, bond])[0])
    why = [f"{unresolved:,} more records of the same kind were shown whose customer is not known"] if unresolved else []
    gaps = [(c, g) for c in here for g in c.gaps if g.since < span.until and (span.earliest or span.since) < g.until]
    if not gaps and span.earliest is not None:
        return unresolved, why
    known = int(engine.one(_KNOWN)[0])
    for source, gap in gaps:
        why.append(f"`{source.source}` has no lines from {_time(gap.since)} to {_time(gap.until)}: what it showed then is not known")
    why.append(f"any of the {known:,} known customers may be affected by what was not logged")
    return max(unresolved, known - proved), why


def _severity(mask: int, at_least: int, at_most: int) -> Severity:
    """Return a first rating from 1 to 4: what kind of data, and for how many.

    The full method of ENISA (2013) needs facts about the circumstances that no log holds.
    """
    classes = data_classes(mask)
    kind = 3 if mask & data_mask(SENSITIVE) else 2 if len(classes) > 1 or not classes else 1
    low, high = (min(4, kind + (1 if n > 100 else 0)) for n in (at_least, at_most))
    return Severity(low, high)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
