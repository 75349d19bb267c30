"""What belongs together, since when, until when, and how many customers: at least by rows, at most by what the logs cannot exclude."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from whosaw.engine.door import listed, quoted
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
    from collections.abc import Iterable, Sequence

    from whosaw.engine.door import Door

GROUPING = "whosaw.grouping/1"
"""Version of these rules. A published number names it, so that it can be computed again."""

EVIDENCE_SHOWN = 50
PLACES_SHOWN = 20
NEAR = timedelta(hours=1)
"""A leak that begins this soon after a silence, or after the first line of all, may have begun before."""

# A silence is looked for between stretches of time that are too short to hold one, never between all rows of a leak.
_GROUPED = """
with claimed as (
    select c.detector, c.cause_kind, c.cause, c.evidence, d.id, d.seen_at, d.source, d.source_line, d.channel, d.route,
        d.recipient_kind, d.recipient, d.site, d.customer, d.data, {stretch} as stretch,
        c.detector || chr(31) || d.channel || chr(31) || case when {by_channel} then '' else c.cause_kind || chr(31) || c.cause end as bond
    from claims c join rest d on d.id = c.disclosure),
stretches as (
    select bond, stretch, min(cause_kind) as cause_kind, min(seen_at) as first, max(seen_at) as last from claimed group by bond, stretch),
parted as (
    select bond, stretch, case when cause_kind <> 'recipient'
            and first > lag(last) over (partition by bond order by stretch) + interval {gap} second then 1 else 0 end as breaks
    from stretches),
numbered as (
    select bond, stretch, cast(sum(breaks) over (partition by bond order by stretch rows unbounded preceding) as bigint) as part from parted)
select c.*, c.bond || chr(31) || cast(n.part as varchar) as incident
from claimed c join numbered n on n.bond = c.bond and n.stretch = c.stretch
"""

_SCOPES = """
select g.incident, min(g.detector), min(g.channel), min(g.seen_at), max(g.seen_at), count(*), count(distinct g.customer),
    count(distinct coalesce(g.recipient, -g.id)), bit_or(g.data),
    min(case g.evidence when 'certain' then 0 when 'strong' then 1 else 2 end),
    count(distinct t.customer)
from grouped g left join (select distinct customer from customer_grants) t on t.customer = g.customer
group by g.incident
"""

_KINDS = """
select incident, recipient_kind, count(distinct coalesce(recipient, -id)) from grouped group by 1, 2 order by 1, 3 desc, 2
"""

_DAYS = """
select incident, cast(date_trunc('day', seen_at) as timestamp), count(*) from grouped group by 1, 2 order by 1, 2
"""

_MOST = """
select incident, {what} from (
    select incident, {what}, row_number() over (partition by incident order by disclosures desc, {what}) as place
    from (select incident, {what}, count(*) as disclosures from grouped group by incident, {what}))
where place = 1
"""

_PLACES = f"""
select incident, name, disclosures from (
    select incident, name, disclosures, row_number() over (partition by incident order by disclosures desc, name) as place
    from (
        select incident, coalesce(site, route, '?') as name, count(*) as disclosures
        from grouped group by incident, coalesce(site, route, '?')))
where place <= {PLACES_SHOWN} order by incident, place
"""

_EVIDENCE = f"""
select incident, id, source_line from (
    select incident, id, source_line, row_number() over (partition by incident order by seen_at, id) as place from grouped)
where place <= {EVIDENCE_SHOWN} order by incident, place
"""

_BEGAN_IN = f"""
select distinct g.incident, g.source from grouped g
join (select incident, min(seen_at) as since from grouped group by incident) s on s.incident = g.incident
where g.seen_at < s.since + interval {NEAR.seconds} second order by 1, 2
"""

_SPANS = {"incident": "varchar", "channel": "varchar", "cause_kind": "varchar", "earliest": "timestamp", "until": "timestamp"}

_UNRESOLVED = """
with open as (
    select channel, route, recipient, seen_at, coalesce(object, id) as record from rest where why is not null and customer is null)
select s.incident, count(distinct o.record)
from spans s
join (select distinct incident, route from grouped) g on g.incident = s.incident
join open o on o.channel = s.channel and o.route = g.route and o.seen_at >= s.earliest and o.seen_at <= s.until
where s.cause_kind <> 'recipient' group by s.incident
union all
select s.incident, count(distinct o.record)
from spans s
join (select distinct incident, route, recipient from grouped) g on g.incident = s.incident
join open o on o.recipient = g.recipient and o.channel = s.channel and o.route = g.route and o.seen_at >= s.earliest and o.seen_at <= s.until
where s.cause_kind = 'recipient' group by s.incident
"""

_KNOWN = """
select count(distinct customer) from (
    select customer from grants union all select customer from owners union all
    select customer from disclosures_read where customer is not null)
"""

_NAMES = {"incident": "varchar", "name": "varchar"}


@dataclass(frozen=True)
class _Scope:
    """What the rows of one incident say: how many, since when, until when, of what kind."""

    bond: str
    detector: str
    channel: str
    first: datetime
    last: datetime
    disclosures: int
    customers: int
    recipients: int
    mask: int
    proof: int
    tests: int

    @property
    def since(self) -> datetime:
        """Return the time of the first row."""
        return self.first.replace(tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """Return the time of the last row."""
        return self.last.replace(tzinfo=UTC)


_Rows = dict[str, list[tuple[Any, ...]]]
"""What a query answers for each incident: bond -> the rest of its rows, in their order."""


@dataclass(frozen=True)
class _Answers:
    """What was asked of all incidents at once, one query each."""

    scopes: list[_Scope]
    here: Mapping[str, list[Coverage]]
    """Channel -> what its logs cover."""
    earliest: Mapping[str, tuple[datetime | None, list[str]]]
    causes: Mapping[str, tuple[Any, str]]
    unresolved: Mapping[str, int]
    kinds: _Rows
    days: _Rows
    places: _Rows
    evidence: _Rows
    known: Callable[[], int]
    """How many customers are known at all; asked only when an incident needs it."""


def numbered(ranked: Sequence[Incident]) -> list[Incident]:
    """Return ranked incidents under new names."""
    return [msgspec.structs.replace(incident, id=f"INC-{i}") for i, incident in enumerate(ranked, start=1)]


def group(
    door: Door,
    detectors: Sequence[Detector],
    coverage: Sequence[Coverage],
    files: Mapping[int, str],
    gap_seconds: int,
    name: Callable[[Sequence[Incident]], list[Incident]] = numbered,
) -> list[Incident]:
    """Return the incidents, ranked by kind of evidence, then by how sensitive the data are, then by how many customers.

    Grouping looks at the rows only: neither the order of files nor the order of reading changes it. `name` gives the ranked their names.
    """
    by_channel = ", ".join(quoted(d.name) for d in detectors if d.grouped_by == "channel")
    shared = f"c.detector in ({by_channel})" if by_channel else "false"
    door.table("grouped", _GROUPED.format(by_channel=shared, gap=gap_seconds, stretch=_stretch(gap_seconds)))
    answers = _ask(door, coverage)
    ranked = sorted(((scope.bond, _incident(scope, answers, files)) for scope in answers.scopes), key=_rank)
    named = name([incident for _, incident in ranked])
    door.table("incident_names", listed(_NAMES, [(bond, incident.id) for (bond, _), incident in zip(ranked, named, strict=True)]))
    return named


def _rank(found: tuple[str, Incident]) -> tuple[Any, ...]:
    bond, i = found
    kinds = list(Evidence)
    sensitive = any(c.value in i.data for c in SENSITIVE)
    return (kinds.index(i.evidence_kind), -i.severity.high, not sensitive, -i.customers.at_least, -i.disclosures, bond)


def _stretch(gap_seconds: int) -> str:
    """Return the SQL of the longest round stretch of time in which no silence of this length fits."""
    units = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
    unit = next((name for length, name in units if length <= gap_seconds), None)
    return f"cast(date_trunc('{unit}', d.seen_at) as timestamp)" if unit else "d.seen_at"


def _ask(door: Door, coverage: Sequence[Coverage]) -> _Answers:
    scopes = [_Scope(*row) for row in door.rows(_SCOPES)]
    here = {scope.channel: [c for c in coverage if c.channel == scope.channel] for scope in scopes}
    began_in = _by_bond(door.rows(_BEGAN_IN))
    earliest = {s.bond: _earliest(s.since, here[s.channel], {source for (source,) in began_in[s.bond]}) for s in scopes}
    kinds: dict[str, Any] = dict(door.rows(_MOST.format(what="cause_kind")))
    values: dict[str, str] = dict(door.rows(_MOST.format(what="cause")))
    spans = [(s.bond, s.channel, kinds[s.bond], _naive(earliest[s.bond][0] or s.since), s.last) for s in scopes]
    door.table("spans", listed(_SPANS, spans))
    return _Answers(
        scopes=scopes,
        here=here,
        earliest=earliest,
        causes={s.bond: (kinds[s.bond], values[s.bond]) for s in scopes},
        unresolved=dict(door.rows(_UNRESOLVED)),
        kinds=_by_bond(door.rows(_KINDS)),
        days=_by_bond(door.rows(_DAYS)),
        places=_by_bond(door.rows(_PLACES)),
        evidence=_by_bond(door.rows(_EVIDENCE)),
        known=cache(lambda: int(door.one(_KNOWN)[0])),
    )


def _by_bond(rows: Iterable[tuple[Any, ...]]) -> _Rows:
    found: _Rows = {}
    for bond, *answer in rows:
        found.setdefault(bond, []).append(tuple(answer))
    return found


def _incident(scope: _Scope, answers: _Answers, files: Mapping[int, str]) -> Incident:
    bond, mask = scope.bond, scope.mask
    since_earliest, why = answers.earliest[bond]
    more, more_why = _possible(scope, answers)
    cause_kind, cause = answers.causes[bond]
    return Incident(
        id="",
        detector=scope.detector,
        evidence_kind=list(Evidence)[scope.proof],
        channel=scope.channel,
        since=scope.since,
        since_earliest=since_earliest,
        until=scope.until,
        disclosures=scope.disclosures,
        customers=Bound(scope.customers, scope.customers + more),
        recipients=Recipients(scope.recipients, {str(kind): int(n) for kind, n in answers.kinds[bond]}),
        data=[c.value for c in data_classes(mask)],
        cause=Cause(cause_kind, label("recipient", int(cause)) if cause_kind == "recipient" else cause),
        severity=_severity(mask, scope.customers, scope.customers + more),
        evidence=[f"{files.get(key >> 32, '?')}:{line}" for key, line in answers.evidence[bond]],
        test_accounts=scope.tests,
        timeline=[(day.replace(tzinfo=UTC), n) for day, n in answers.days[bond]],
        why=why + more_why,
        where=[(str(place), n) for place, n in answers.places[bond]],
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


def _possible(scope: _Scope, answers: _Answers) -> tuple[int, list[str]]:
    """Return how many more customers are possible, and why."""
    unresolved = answers.unresolved.get(scope.bond, 0)
    earliest, _ = answers.earliest[scope.bond]
    why = [f"{unresolved:,} more records of the same kind were shown whose customer is not known"] if unresolved else []
    gaps = [(c, g) for c in answers.here[scope.channel] for g in c.gaps if g.since < scope.until and (earliest or scope.since) < g.until]
    if not gaps and earliest is not None:
        return unresolved, why
    known = answers.known()
    for source, gap in gaps:
        why.append(f"`{source.source}` has no lines from {_time(gap.since)} to {_time(gap.until)}: what it showed then is not known")
    why.append(f"any of the {known:,} known customers may be affected by what was not logged")
    return max(unresolved, known - scope.customers), why


def _severity(mask: int, at_least: int, at_most: int) -> Severity:
    """Return a first rating from 1 to 4: what kind of data, and for how many.

    The full method of ENISA (2013) needs facts about the circumstances that no log holds.
    """
    classes = data_classes(mask)
    kind = 3 if mask & data_mask(SENSITIVE) else 2 if len(classes) > 1 or not classes else 1
    low, high = (min(4, kind + (1 if n > 100 else 0)) for n in (at_least, at_most))
    return Severity(low, high)


def _naive(moment: datetime) -> datetime:
    """Return a time as the ledger keeps it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
