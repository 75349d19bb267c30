"""Ledgers made without logs: rows that say when they are of, and nothing else that matters."""

from whosaw.ledger import COLUMNS, Addition, FileRow, Ledger


def stand_in(engine, times, number=1):
    """Fill the engine's table `batch` with one row per time."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind, _ in COLUMNS)
    engine.run(f"create or replace temp table batch ({columns})")
    engine.run(
        "insert into batch (id, seen_at, source, source_line, channel, recipient, customer) "
        "select (?::bigint << 32) + n, t::timestamp, 'portal', n, 'portal', n % 7, n % 5 "
        "from (select unnest(?::varchar[]) as t, unnest(range(1, ? + 1)) as n)",
        [number, times, len(times)],
    )


def filled(folder, engine, *, ledger=None, number=1):
    """A ledger opened for writing, to which the engine's `batch` has been added as one file."""
    ledger = ledger or Ledger(folder, write=True)
    rows = engine.one("select count(*) from batch")[0]
    file = FileRow(number, "portal", "portal", f"{number}.log", f"digest {number}", rows, rows, rows, 0, 0, head=f"head {number}")
    ledger.append(Addition(file, ledger.write(engine, "batch")))
    return ledger


def rows_of(ledger, engine):
    """How many disclosures the ledger shows."""
    ledger.open_in(engine)
    return engine.one("select count(*) from disclosures_read")[0]
