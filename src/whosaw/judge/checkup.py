"""Does a configuration fit its logs? Which facts fill, which customers resolve, and what share of the disclosures can be judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whosaw.config import Source, picks
from whosaw.engine.inputs import Input
from whosaw.identifiers import HeaderClass, Kind, Profile, classify, recognise
from whosaw.judge import Case, Progress, opened, prepare, read_all, scan, verdict
from whosaw.judge.plan import plan
from whosaw.model import RecipientKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.engine.duckdb import Engine
    from whosaw.judge.work import Task
    from whosaw.model import Layout

IDENTIFYING = (HeaderClass.MSISDN, HeaderClass.IMSI, HeaderClass.IMEI, HeaderClass.ICCID, HeaderClass.PSEUDONYM, HeaderClass.PERSON)

NUMBERS = (Kind.MSISDN, Kind.IMSI, Kind.IMEI, Kind.ICCID)

SAMPLED = 500

FACTS = ("recipient", "customer", "session", "device", "object", "claim", "cache")


@dataclass(frozen=True)
class SourceHealth:
    """How well one source is understood. `filled` is the share of its disclosures in which a fact is there."""

    name: str
    reader: str
    files: int
    lines: int
    read: int
    shown: int
    filled: dict[str, float]
    unlisted: list[tuple[str, int]]
    telling: list[tuple[str, str]]
    """Recorded headers and cookies whose names carry an identifier, by the catalogue, and which nothing of the source looks at."""
    met: list[tuple[str, str, int]]
    """Fields in which sampled lines hold an identifier of our own, what it is and how it is wrapped, and in how many lines."""


@dataclass
class Health:
    """How well a whole configuration fits."""

    sources: list[SourceHealth] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    rules_rows: int = 0
    rules_kept: int = 0
    shown: int = 0
    judged: int = 0

    @property
    def share(self) -> float:
        """Return the share of the disclosures that can be judged."""
        return self.judged / self.shown if self.shown else 0.0


def check(case: Case, *, most: int, progress: Progress) -> Health:
    """Return how well a configuration fits the first `most` lines of each of its files. Nothing of them is kept."""
    health = Health()
    with opened(case, write=True) as work:
        work.tasks, work.problems = plan(case.config, case.folder)
        read_all(work, progress, most=most)
        health.doubts += work.problems
        prepare(work)
        verdict.judge(work.engine)
        counted = verdict.count(work.engine)
        files = work.ledger.files()
        own = scan.speak(work.engine, case.config)
        for source in case.config.source:
            mine = [f for f in files if f.source == source.name]
            readers = {job.reader.name for job in work.tasks if job.source.name == source.name}
            lines, rejected = sum(f.lines for f in mine), sum(f.rejected for f in mine)
            health.sources.append(
                SourceHealth(
                    name=source.name,
                    reader=" and ".join(sorted(readers)) or "not recognised",
                    files=len(mine),
                    lines=lines,
                    read=lines - rejected,
                    shown=sum(f.disclosures for f in mine),
                    filled=_filled(work.engine, source.name),
                    unlisted=_unlisted(work.engine, source),
                    telling=_telling(source, [job.layout for job in work.tasks if job.source.name == source.name]),
                    met=_met([job for job in work.tasks if job.source.name == source.name], own),
                )
            )
    health.rules_rows, health.rules_kept = work.loaded.rows, work.loaded.kept
    health.doubts += work.loaded.doubts
    health.reasons = counted.reasons
    health.judged = counted.verdicts.entitled + counted.verdicts.unentitled
    health.shown = health.judged + counted.verdicts.cannot_judge
    return health


def _filled(engine: Engine, source: str) -> dict[str, float]:
    shares = ", ".join(f"count({fact}) / greatest(count(*), 1)" for fact in FACTS)
    row = engine.one(f"select {shares} from disclosures where source = ?", [source])
    return {fact: float(share) for fact, share in zip(FACTS, row, strict=True) if share or fact in {"recipient", "customer"}}


def _telling(source: Source, layouts: Sequence[Layout]) -> list[tuple[str, str]]:
    """Return names that are known to carry an identifier of the customer, so that a leak in them is not simply not looked at."""
    looked_at = {
        *source.scan,
        *(name if kind == "field" else f"{kind}:{name}" for kind, name in picks(source.object) + picks(source.customer)),
    }
    recorded = {f"header:{name}": field for layout in layouts for name, field in layout.headers.items()}
    recorded |= {f"cookie:{name.removeprefix('cookie_')}": name for x in layouts for name in x.fields if name.startswith("cookie_")}
    found = []
    for pick, name in sorted(recorded.items()):
        kind, _, header = pick.partition(":")
        entry = classify(header)
        if entry is not None and entry.known and entry.cls in IDENTIFYING and not {pick, name, f"{kind}:*"} & looked_at:
            found.append((pick, entry.cls.value))
    return found


def _met(jobs: Sequence[Task], own: Profile) -> list[tuple[str, str, int]]:
    """Return where sampled lines hold an identifier of our own, under whatever name; the identifiers themselves are not kept.

    What a source takes its recipient, customer or object from is left out: there it is meant to be.
    """
    found: Counter[tuple[str, str]] = Counter()
    for job in jobs:
        meant = {name for _, name in picks(job.source.object) + picks(job.source.customer) + picks(job.source.recipient)}
        if any(route.object for route in job.source.route):
            meant.add(job.layout.roles.get("uri", ""))
        for raw in Input(job.path).sample(SAMPLED):
            row = job.reader.careful(job.layout, raw)
            if isinstance(row, str):
                continue
            for field_name, value in row.items():
                if field_name not in meant and value:
                    hits = recognise(value, own, place=field_name)
                    found.update({(field_name, f"{hit.kind.value}, {hit.wrapping}") for hit in hits if hit.kind in NUMBERS})
    return [(name, what, count) for (name, what), count in found.most_common()]


def _unlisted(engine: Engine, source: Source) -> list[tuple[str, int]]:
    """Return the pages of disclosures that no route names; a site's pages are its own affair."""
    if source.recipient_kind is RecipientKind.SITE:
        return []
    named_routes = {route.template for route in source.route}
    rows = engine.rows(
        "select route, count(*) from disclosures where source = ? and route is not null group by 1 order by 2 desc, 1", [source.name]
    )
    return [(route, n) for route, n in rows if route not in named_routes]
