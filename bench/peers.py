"""What would one write without whosaw? A pandas script that judges, a script that counts, and the floors below which nothing can go.

Each is one function, called in a fresh process: `python peers.py NAME CASE [LEDGER]`. It prints JSON.
The pandas script works a day at a time: all at once it would need several times the memory for the same answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

THRESHOLD = 3
"""A recipient who was shown more customers than this in a day is suspicious, for a script that knows no entitlements."""

NAMES = ["ip", "dash", "login", "time", "zone", "request", "status", "bytes", "referer", "agent", "sid", "shown", "cache"]


def lines(case: Path, _: Path) -> dict[str, Any]:
    """Count the lines: nothing that reads the files is faster."""
    counted = subprocess.run(["wc", "-l", *sorted(map(str, (case / "logs").glob("*.log")))], check=True, capture_output=True, text=True)
    return {"lines": int(counted.stdout.strip().splitlines()[-1].split()[0])}


def scan(_: Path, ledger: Path) -> dict[str, Any]:
    """Read every column of the ledger's disclosures once."""
    import duckdb

    parts = f"read_parquet('{ledger}/disclosures/*/*.parquet', hive_partitioning = false)"
    columns = [row[0] for row in duckdb.connect().execute(f"describe select * from {parts}").fetchall()]
    rows = duckdb.connect().execute(f"select count(*), {', '.join(f'max({name})' for name in columns)} from {parts}").fetchone()
    return {"disclosures": rows[0] if rows else 0}


def pandas_join(case: Path, _: Path) -> dict[str, Any]:
    """Judge with pandas: read_csv, the owner of each bill, anti-joins with ownership and delegation."""
    import pandas as pd

    registry = case / "registry"
    owners = pd.read_csv(registry / "bills.csv").rename(columns={"account": "owner", "since": "owned"})
    logins = pd.read_csv(registry / "logins.csv")
    companies = pd.read_csv(registry / "companies.csv").rename(columns={"since": "member_since"})
    delegated = pd.read_csv(registry / "company_users.csv").merge(companies, on="company")
    delegated["since"] = delegated[["since", "member_since"]].max(axis=1)
    granted = pd.concat([logins, delegated[["login", "account", "since"]]])
    shown, left = 0, []
    for path in sorted((case / "logs").glob("*.log")):
        day = pd.read_csv(path, sep=" ", header=None, names=NAMES, quotechar='"', dtype={"status": "int16", "bytes": "str"})
        address = day["request"].str.split(" ").str[1]
        day["bill"] = address.str.extract(r"^/bills/([^/?]+)$", expand=False)
        day["account"] = day["shown"].str.extract(r'^shown="(A[0-9]+)"$', expand=False)
        day["seen_at"] = pd.to_datetime(day["time"], format="[%d/%b/%Y:%H:%M:%S").dt.strftime("%Y-%m-%dT%H:%M:%S")
        day = day.loc[(day["status"] == 200) & (day["bill"].notna() | day["account"].notna()), ["seen_at", "login", "account", "bill"]]
        day = day.merge(owners, on="bill", how="left")
        day["account"] = day["account"].fillna(day["owner"].where(day["owned"] <= day["seen_at"]))
        day = day.reset_index(drop=True).rename_axis("row").reset_index()
        good = day.merge(granted, on=["login", "account"])
        good = good.loc[good["since"] <= good["seen_at"], "row"]
        shown += len(day)
        left.append(day[~day["row"].isin(good)])
    rest = pd.concat(left)
    return {"disclosures": shown, "unentitled": len(rest), "customers": int(rest["account"].nunique())}


def counting(case: Path, _: Path) -> dict[str, Any]:
    """Count customers per login and day in DuckDB, and call whoever has more than the threshold a suspect: no entitlements are needed."""
    import duckdb

    columns = ", ".join(f"'{name}': 'varchar'" for name in NAMES)
    suspects = (
        duckdb.connect()
        .execute(f"""
        with day as (
            select login, time[2:12] as day, coalesce(nullif(regexp_extract(shown, 'shown="(A[0-9]+)"', 1), ''),
                nullif(regexp_extract(request, ' /bills/B([0-9]+) ', 1), '')) as customer
            from read_csv('{case}/logs/*.log', delim=' ', quote='"', header=false, auto_detect=false, store_rejects=true,
                columns={{{columns}}})
            where status = '200')
        select count(*), sum(disclosures) from (
            select login, day, count(*) as disclosures from day where customer is not null
            group by login, day having count(distinct customer) > {THRESHOLD})""")
        .fetchone()
    )
    return {"suspects": suspects[0] if suspects else 0, "disclosures_of_suspects": int((suspects and suspects[1]) or 0)}


PEERS = {"wc": lines, "scan": scan, "pandas": pandas_join, "counting": counting}

if __name__ == "__main__":
    print(json.dumps(PEERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))))
