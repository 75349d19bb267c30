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
from whosaw.engine.duckdb import Engine, named
from whosaw.judge import detect, repairs, verdict
from whosaw.ledger import COLUMNS
from whosaw.model import ENTITLING_GRADES, DataClass, Repair, data_mask

Row = Mapping[str, str]

ENGINES: dict[str, Callable[[], Engine]] = {"duckdb": lambda: Engine(secret=bytes(range(32)))}
"""Every engine that must give the same answers. A further one is one more line here; `pytest --engine all` then runs it too."""

ALWAYS, FOREVER = "0001-01-01", "9999-12-31"
KEYED = {
    "recipient": "r",
    "customer": "c",
    "session": "s",
    "filler_session": "s",
    "sets_session": "s",
    "client": "a",
    "device": "d",
    "page": "p",
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
    for number, row in enumerate(disclosures, start=1):
        _add_disclosure(engine, number, row)
    if configured:
        engine.run("insert into rules values (0, 'ownership', 'A', '', 'registry', true)")
    for rule, row in enumerate(entitlements, start=1):
        _add_entitlement(engine, rule, row, groups)
    for row in groups:
        engine.run("insert into rules select -1, 'delegation', 'A', '', 'members', true where not exists (from rules where rule = -1)")
        engine.run("insert into groups values (-1, pseudonym('g', ?), pseudonym('c', ?))", [row["group"], row["customer"]])
    for row in owners:
        what = row.get("object_type") or "object"
        key = f"{what}:{row['object']}"
        engine.run(
            "insert into owners values (?, pseudonym('o', ?), pseudonym('c', ?), ?::timestamp, ?::timestamp, 0)",
            [what, key, row["customer"], *_span(row)],
        )
    for row in canaries:
        engine.run("insert into canaries values (pseudonym('c', ?))", [row["customer"]])
    for row in gaps:
        engine.run("insert into blind values (?, ?::timestamp, ?::timestamp)", [row["basis"], *_span(row)])
    registry._hold(engine, registry.Loaded())


def judged(engine: Engine, settings: Mapping[str, Mapping[str, int]] | None = None) -> list[Repair]:
    """Take the relations the one way through the house (resolve, judge, detect) and return the suggested repairs."""
    verdict.resolve(engine)
    verdict.judge(engine)
    detect.detect(engine, DETECTORS, settings or {})
    return repairs.suggest(engine)


def _add_disclosure(engine: Engine, number: int, row: Row) -> None:
    given = {**DEFAULTS, "source_line": str(number), **_implied(row), **{name: text for name, text in row.items() if text}}
    values, shown = [], []
    for name, kind in _KINDS.items():
        text = given.get(name)
        if name == "id":
            values.append(row_id(number))
        elif name == "data":
            values.append(_mask(text))
        elif name == "object" and text:
            values.append(f"{given['object_type']}:{text}")
        else:
            values.append(text)
        key = KEYED.get(name) or ("o" if name == "object" else "")
        shown.append(f"pseudonym('{key}', ?)" if key else f"?::{kind}")
    engine.run(f"insert into rows_given select {', '.join(shown)}", values)


def _implied(row: Row) -> Row:
    """Return what follows from other columns: a site is its own recipient, nobody is anonymous, an object has a type."""
    kind = "site" if row.get("site") else "customer_login" if row.get("recipient") else "anonymous"
    return {
        "recipient_kind": kind,
        "recipient": row.get("site", ""),
        "object_type": "object" if row.get("object") else "",
    }


def _add_entitlement(engine: Engine, rule: int, row: Row, groups: Sequence[Row]) -> None:
    basis, grade = row["basis"], row.get("grade") or "A"
    entitles = grade in ENTITLING_GRADES
    mask = _mask(row.get("data")) or registry.ALL_DATA
    engine.run("insert into rules values (?, ?, ?, '', 'registry', ?)", [rule, basis, grade, entitles])
    span = _span(row)
    if basis == "partner":
        values = [rule, row["recipient"], *span, mask]
        engine.run("insert into site_rules values (?, ?, ?::timestamp, ?::timestamp, ?, 0)", values)
    elif basis == "test_account":
        values = [rule, row["customer"], *span, mask]
        engine.run("insert into customer_grants values (?, pseudonym('c', ?), ?::timestamp, ?::timestamp, ?, 0)", values)
    else:
        members = [g["customer"] for g in groups if g["group"] == row["group"]] if row.get("group") else [row["customer"]]
        for customer in members:
            engine.run(
                "insert into grants values (?, pseudonym('r', ?), pseudonym('c', ?), ?::timestamp, ?::timestamp, ?, ?, 0, ?)",
                [rule, row["recipient"], customer, *span, mask, row.get("claim") or None, entitles],
            )


def _span(row: Row) -> tuple[str, str]:
    return row.get("since") or ALWAYS, row.get("until") or FOREVER


def _mask(text: str | None) -> int:
    return data_mask(DataClass(word) for word in (text or "").replace(",", " ").split())
