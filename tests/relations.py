"""Which relations does a test of the judge need? Small rows of readable words, filled in as reading and loading would fill them.

A row is a mapping from column to text; a column that is not mentioned has a sensible default, and an empty text is "nothing".

    engine = ENGINES["duckdb"]()
    fill(
        engine,
        disclosures=[{"recipient": "ann", "customer": "B-2", "self_route": "yes"}],
        entitlements=[{"basis": "ownership", "recipient": "ann", "customer": "A-1"}],
    )
    suggested = judged(engine)
    engine.rows("select detector from claims")

The nth disclosure has the id `row_id(n)`, counted from 1. `names(engine, "r", ["ann"])` gives the pseudonyms of such words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from whosaw import entitlements as registry
from whosaw.config import Config
from whosaw.detectors import DETECTORS
from whosaw.engine.duckdb import Engine, named, quoted
from whosaw.judge import detect, repairs, verdict
from whosaw.ledger import COLUMNS
from whosaw.model import ENTITLING_GRADES, DataClass, Repair, data_mask

Row = Mapping[str, str]

ENGINES: dict[str, Callable[[], Engine]] = {"duckdb": lambda: Engine(secret=bytes(range(32)))}
"""Every engine that must give the same answers. A further one is one more line here; `pytest --engine all` then runs it too."""

ALWAYS, FOREVER = "0001-01-01", "9999-12-31"
CONFIGURED, MEMBERS = 1000, 1001
"""Rules that exist as in any configured house: one without rows, and the one whose members are the groups."""

KEYED = {
    "recipient": "r",
    "customer": "c",
    "session": "s",
    "filler_session": "s",
    "sets_session": "s",
    "client": "a",
    "device": "d",
    "page": "p",
    "object": "o",
    "group": "g",
}
DEFAULTS = {
    "seen_at": "2012-01-10 12:00",
    "source": "log",
    "channel": "portal",
    "vantage": "origin",
    "route": "/page",
    "self_route": "no",
    "data": "account",
    "status": "200",
}
_KINDS = {name: kind for name, kind, _ in COLUMNS}


def row_id(number: int) -> int:
    """Return the ledger id of the nth disclosure, as if it were line n of the first file."""
    return (1 << 32) | number


def names(engine: Engine, domain: str, words: Iterable[str]) -> dict[int, str]:
    """Return pseudonym -> word, to read the engine's answers by."""
    return {engine.one("select pseudonym(?, ?)", [domain, word])[0]: word for word in words if word}


def fill(
    engine: Engine,
    *,
    disclosures: Sequence[Row] = (),
    entitlements: Sequence[Row] = (),
    owners: Sequence[Row] = (),
    groups: Sequence[Row] = (),
    canaries: Sequence[Row] = (),
    gaps: Sequence[Row] = (),
    configured: bool = True,
) -> None:
    """Give the engine the relations that reading and loading would give it, and forget those of an earlier call.

    `entitlements` have basis, recipient, customer or group, since, until, grade (A), data (all) and claim; `owners` object_type,
    object, customer, since, until; `groups` group and customer; `canaries` customer; `gaps` basis, since and until of missing records.
    With `configured`, at least one [[entitlement]] exists even when it has no row: without any, nothing can be judged.
    """
    registry.load(engine, Config(), Path())
    columns = ", ".join(f"{named(name)} {kind}" for name, kind in _KINDS.items())
    engine.run(f"create or replace temp table rows_given ({columns})")
    engine.run("create or replace temp view disclosures_read as select * from rows_given")
    _insert(engine, "rows_given", [_disclosure(number, row) for number, row in enumerate(disclosures, start=1)])
    _insert(engine, "owners", [_owner(row) for row in owners])
    _insert(engine, "groups", [{"rule": MEMBERS, "group": row["group"], "customer": row["customer"]} for row in groups])
    _insert(engine, "canaries", [{"customer": row["customer"]} for row in canaries])
    _insert(engine, "blind", [{"basis": row["basis"], **_span(row)} for row in gaps])
    _entitle(engine, entitlements, groups)
    if configured:
        _insert(engine, "rules", [_rule(CONFIGURED, "ownership", "A"), _rule(MEMBERS, "delegation", "A")])
    registry._hold(engine, registry.Loaded())


def judged(engine: Engine, settings: Mapping[str, Mapping[str, int]] | None = None) -> list[Repair]:
    """Take the relations the one way through the house (resolve, judge, detect) and return the suggested repairs."""
    verdict.resolve(engine)
    verdict.judge(engine)
    detect.detect(engine, DETECTORS, settings or {})
    return repairs.suggest(engine)


def _insert(engine: Engine, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Fill a relation, all rows in one statement; what is a pseudonym there becomes one."""
    if not rows:
        return
    kinds = dict(engine.rows(f"select column_name, column_type from (describe {table})"))
    listed = ", ".join(f"({', '.join(_literal(row.get(column)) for column in kinds)})" for row in rows)
    words = ", ".join(named(column) for column in kinds)
    shown = ", ".join(_converted(column, kind) for column, kind in kinds.items())
    engine.run(f"insert into {table} select {shown} from (values {listed}) as given({words})")


def _literal(value: object) -> str:
    return "null" if value is None or value == "" else quoted(str(value))


def _converted(column: str, kind: str) -> str:
    domain = KEYED.get(column)
    return f"pseudonym('{domain}', {named(column)}::varchar)" if domain else f"{named(column)}::{kind}"


def _disclosure(number: int, row: Row) -> dict[str, object]:
    given: dict[str, object] = {**DEFAULTS, **_implied(row), **row, "id": row_id(number), "source_line": number}
    given["data"] = _mask(row.get("data", DEFAULTS["data"]))
    given["object"] = f"{given['object_type']}:{row['object']}" if row.get("object") else ""
    return given


def _implied(row: Row) -> Row:
    """Return what follows from other columns: a site is its own recipient, nobody is anonymous, an object has a type."""
    kind = "site" if row.get("site") else "customer_login" if row.get("recipient") else "anonymous"
    return {"recipient_kind": kind, "recipient": row.get("site"), "object_type": "object" if row.get("object") else ""}


def _owner(row: Row) -> dict[str, object]:
    what = row.get("object_type") or "object"
    return {"object_type": what, "object": f"{what}:{row['object']}", "customer": row["customer"], **_span(row), "line": 0}


def _entitle(engine: Engine, entitlements: Sequence[Row], groups: Sequence[Row]) -> None:
    """Give each row to the relation of its basis, and each basis and grade a rule."""
    rules: dict[tuple[str, str], int] = {}
    relations: dict[str, list[dict[str, object]]] = {"grants": [], "site_rules": [], "customer_grants": []}
    for row in entitlements:
        basis, grade = row["basis"], row.get("grade") or "A"
        rule = rules.setdefault((basis, grade), len(rules))
        given = {**row, **_span(row), "rule": rule, "line": 0, "entitles": grade in ENTITLING_GRADES}
        given["data"] = _mask(row.get("data")) or registry.ALL_DATA
        if basis == "partner":
            relations["site_rules"].append({**given, "site": row["recipient"]})
        elif basis == "test_account":
            relations["customer_grants"].append(given)
        else:
            members = [g["customer"] for g in groups if g["group"] == row["group"]] if row.get("group") else [row["customer"]]
            relations["grants"] += [{**given, "customer": customer} for customer in members]
    for table, rows in relations.items():
        _insert(engine, table, rows)
    _insert(engine, "rules", [_rule(rule, basis, grade) for (basis, grade), rule in rules.items()])


def _rule(rule: int, basis: str, grade: str) -> dict[str, object]:
    return {"rule": rule, "basis": basis, "grade": grade, "source": "registry", "entitles": grade in ENTITLING_GRADES}


def _span(row: Row) -> dict[str, str]:
    return {"since": row.get("since") or ALWAYS, "until": row.get("until") or FOREVER}


def _mask(text: str | None) -> int:
    return data_mask(DataClass(word) for word in (text or "").replace(",", " ").split())
