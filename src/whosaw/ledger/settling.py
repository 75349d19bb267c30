"""How do rows leave the ledger with their verdict? What the manifest notes of it, in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from whosaw.ledger.facts import Settlement


def record(db: sqlite3.Cursor, settlement: Settlement) -> None:
    """Note the numbers of settled rows, that it was done, and whatever goes under another pseudonym from now on."""
    db.executemany(
        "insert into settled values (?,?,?,?) on conflict do update set entitled = entitled + excluded.entitled, kept = kept + excluded.kept",
        settlement.numbers,
    )
    entitled, kept = sum(row[2] for row in settlement.numbers), sum(row[3] for row in settlement.numbers)
    db.execute("insert into settlements values (?,?,?,?,?,?)", [*settlement.note, entitled, kept])
    for old, new in settlement.renamed.items():
        db.execute("update lookups set customer = ? where customer = ?", [new, old])
        db.execute("update vouched set customer = ? where customer = ?", [new, old])
        db.execute("update vouched set recipient = ? where recipient = ?", [new, old])
    for place, first, last, sealed in settlement.lots:
        if sealed:
            db.execute("update names set first = ?, last = ?, sealed = ? where rowid = ?", [first, last, sealed, place])
        else:
            db.execute("delete from names where rowid = ?", [place])
