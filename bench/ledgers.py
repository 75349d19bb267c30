"""What would a month of an operator's ledger look like, and who was entitled to what? Parquet in the ledger's own columns, made by SQL.

`python ledgers.py FOLDER ROWS` makes it, or leaves it when it is there. Everything follows from the row's number, so the same size is the
same ledger. Five channels: customers on the portal, company users on bills, employees who look customers up, partner sites that get numbers
from the gateway, and authorities. In stretches of days a few of each are shown customers whom nothing entitles them to see.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

DAYS = 30
BEGIN = datetime(2012, 1, 1, tzinfo=UTC)
FOREVER = "timestamp '9999-12-31'"
GIANTS = 5
"""Companies that hold a tenth of all companies' numbers, and have this many more people who see them."""
GIANT_LOGINS = 5

MADE = "made.json"


@dataclass(frozen=True)
class Size:
    """How many rows of each kind a ledger of so many disclosures has; entitlements are a quarter of the disclosures."""

    rows: int

    @property
    def entitlements(self) -> int:
        return self.rows // 4

    @property
    def customers(self) -> int:
        return self.entitlements * 50 // 102

    @property
    def numbers(self) -> int:
        return self.entitlements * 20 // 100

    @property
    def tickets(self) -> int:
        return self.entitlements * 28 // 100

    @property
    def lawful(self) -> int:
        return self.entitlements // 100

    @property
    def companies(self) -> int:
        return max(2 * GIANTS, self.numbers // 25)

    @property
    def company_users(self) -> int:
        return self.companies + GIANTS * GIANT_LOGINS

    @property
    def employees(self) -> int:
        return max(50, self.rows // 5000)

    @property
    def sites(self) -> int:
        return max(40, self.rows // 25_000)

    @property
    def values(self) -> dict[str, object]:
        """Everything the SQL below speaks of."""
        names = ("rows", "customers", "numbers", "tickets", "lawful", "companies", "company_users", "employees", "sites")
        counts = {name: getattr(self, name) for name in names}
        in_giants = self.numbers // 10
        return {
            **counts,
            "giants": GIANTS,
            "in_giants": in_giants,
            "each_giant": in_giants // GIANTS,
            "each_other": (self.numbers - in_giants) // (self.companies - GIANTS),
            "partners": self.sites * 3 // 4,
            "begin": f"timestamp '{BEGIN:%Y-%m-%d}'",
            "forever": FOREVER,
            "days": DAYS,
        }


# Keys are pseudonyms: 63 random bits, of one domain each. The i-th customer owns the i-th login.
MACROS = """
create macro dice(i, throw) as hash(i * 16 + throw);
create macro pseudonym(domain, i) as (hash(domain * 1_000_000_000_000 + i::bigint) >> 1)::bigint;
create macro login(i) as pseudonym(2, i);
create macro former_login(i) as pseudonym(3, i);
create macro customer(i) as pseudonym(4, i);
create macro company_user(i) as pseudonym(5, i);
create macro company(i) as pseudonym(6, i);
create macro employee(i) as pseudonym(7, i);
create macro site_name(i) as 'www.site' || i || '.example';
create macro site_key(i) as pseudonym(8, i);
create macro authority(i) as pseudonym(9, i);
create macro recycled_on(i) as {begin} + to_days((i // 50 % {days})::integer);
create macro company_of(m) as case when m < {in_giants} then m % {giants}
    else {giants} + (m - {in_giants}) % ({companies} - {giants}) end;
create macro member(company, throw) as case when company < {giants} then company + {giants} * (throw % {each_giant})
    else {in_giants} + company - {giants} + ({companies} - {giants}) * (throw % {each_other}) end;
create macro company_of_user(j) as case when j < {companies} then j else (j - {companies}) % {giants} end;
create macro ticket_employee(t) as dice(t, 11) % {employees};
create macro ticket_customer(t) as dice(t, 12) % {customers};
create macro ticket_opened(t) as {begin} - interval 1 day
    + to_microseconds((t::hugeint * ({days} + 1) * 86_400_000_000 // {tickets})::bigint);
create macro grant_customer(g) as dice(g, 13) % {customers};
create macro granted_on(g) as {begin} - interval 7 day
    + to_microseconds((g::hugeint * ({days} + 7) * 86_400_000_000 // {lawful})::bigint);
"""

ENTITLEMENTS = {
    # One customer in fifty got the number of another in this month.
    "ownership": """
        select login(i) as recipient, customer(i) as customer,
            case when i % 50 = 0 then recycled_on(i) else timestamp '2010-03-01' + to_days((i % 600)::integer) end as since, {forever} as until
        from range({customers}) t(i)
        union all
        select former_login(i), customer(i), timestamp '2009-01-01', recycled_on(i) from range(0, {customers}, 50) t(i)""",
    "company_users": """
        select company_user(j) as recipient, company(company_of_user(j)) as company, timestamp '2011-06-01' as since, {forever} as until
        from range({company_users}) t(j)""",
    "company_numbers": """
        select company(company_of(m)) as company, customer(m) as customer, timestamp '2011-05-01' as since, {forever} as until
        from range({numbers}) t(m)""",
    "tickets": """
        select employee(ticket_employee(t)) as recipient, customer(ticket_customer(t)) as customer, ticket_opened(t) as since,
            ticket_opened(t) + to_seconds((900 + dice(t, 14) % (48 * 3600 - 900))::integer) as until
        from range({tickets}) t(t)""",
    "lawful": """
        select authority(g % 20) as recipient, customer(grant_customer(g)) as customer, granted_on(g) as since,
            granted_on(g) + interval 7 day as until
        from range({lawful}) t(g)""",
    "partners": """
        select site_name(s) as site, timestamp '2011-01-01' as since,
            case when s = 7 then {begin} + interval 26 day else {forever} end as until
        from range({partners}) t(s)""",
}

# Which stretch of the month is wrong on which channel; employees look up whom they like all month, five of them far too many.
ROWS = """
with numbered as (
    select i, {begin} + to_days({day}) + to_microseconds((i - {first})::bigint * 86_400_000_000 // {in_day}) as seen_at,
        dice(i, 0) % 100 as kind, dice(i, 1) % 1000 as luck, dice(i, 2) as a, dice(i, 3) as b
    from range({first}, {first} + {in_day}) t(i)),
placed as (
    select *, case when kind < 60 then 'portal' when kind < 75 then 'bills' when kind < 87 then 'care' when kind < 97 then 'gateway'
            else 'lawful' end as channel,
        greatest(0, (({day} + 1 + (i - {first}) / {in_day}) * {tickets} / ({days} + 1))::bigint - 1
            - (a % ({tickets} * 10 // ({days} + 1) // 1440 + 1))::bigint) as ticket,
        greatest(0, (({day} + 7 + (i - {first}) / {in_day}) * {lawful} / ({days} + 7))::bigint - 1
            - (a % ({lawful} * 6 // ({days} + 7) + 1))::bigint) as warrant,
        (a % {customers})::bigint as own, (a % {company_users})::bigint as user, (b % {customers})::bigint as other
    from numbered),
wrong as (
    select *, case channel when 'portal' then luck < 18 and {day} >= 20
            when 'bills' then luck < 50 and ({day} between 5 and 7 or {day} between 15 and 17)
            when 'gateway' then luck < 40 and {day} between 9 and 24
            when 'care' then luck < 3 or (luck < 400 and {day} = 22 and extract(hour from seen_at) between 14 and 15) else luck < 2 end as astray
    from placed),
shown as (
    select *,
        case channel
            when 'portal' then case when own % 50 = 0 and seen_at < recycled_on(own) then former_login(own) else login(own) end
            when 'bills' then company_user(user)
            when 'care' then case when astray then employee(case when luck < 3 then a % 5 else a % 2 end) else employee(ticket_employee(ticket)) end
            when 'gateway' then site_key(site_number)
            else authority(warrant % 20) end as recipient,
        customer(case when astray and channel <> 'gateway' then other
            else case channel when 'portal' then own when 'bills' then member(company_of_user(user), b)::bigint
                when 'care' then ticket_customer(ticket)::bigint when 'gateway' then other else grant_customer(warrant)::bigint end end) as customer
    from (select *, case when astray then {partners} + b % ({sites} - {partners})
            else floor({partners} * power(a / 18446744073709551616.0, 2))::bigint end as site_number from wrong))
select {file} * 4294967296 + (i - {first}) as id, seen_at, channel || '-1' as source, i - {first} + 1 as source_line, channel,
    case channel when 'gateway' then 'proxy_out' when 'care' then 'app' else 'origin' end as vantage,
    case channel when 'portal' then '/account' when 'bills' then '/bills/{{bill}}' when 'care' then 'customer card' when 'gateway' then 'request'
        else 'extract' end as route,
    channel = 'portal' as self_route,
    case channel when 'portal' then 'customer_login' when 'bills' then 'company_user' when 'care' then 'employee' when 'gateway' then 'site'
        else 'authority' end as recipient_kind,
    recipient, case when channel = 'gateway' then site_name(site_number) end as site,
    case when channel in ('portal', 'bills') then (hash(recipient + {day}) >> 1)::bigint end as session,
    case when channel <> 'gateway' then (hash(recipient // 3) >> 1)::bigint end as client,
    case when channel in ('portal', 'bills') then (hash(recipient % 4096) >> 1)::bigint end as device,
    customer, case when channel = 'bills' then 'bill' when channel = 'gateway' then 'number' end as object_type,
    case when channel in ('bills', 'gateway') then (hash(customer) >> 1)::bigint end as object,
    case channel when 'portal' then 12345 when 'bills' then (hash(customer + 1) >> 1)::bigint end as page,
    case channel when 'portal' then 10 when 'bills' then 16 when 'care' then 34 when 'gateway' then 1 else 32 end as data,
    1 as records, null as data_from, null as data_to, case when channel = 'gateway' then null else 200 end as status,
    1000 + b % 9000 as bytes, case when channel = 'portal' then 'miss' end as cache, null as filler_session, null as sets_session,
    case when channel = 'care' then 'T' || ticket when channel = 'lawful' then 'L' || warrant end as claim,
    case when channel = 'gateway' then 'x-msisdn' end as field, case when channel = 'gateway' then 'plain' end as form
from shown order by seen_at, id
"""


def make(folder: Path, rows: int) -> Path:
    """Return the folder of a ledger of so many rows, made now if it was not made before."""
    home = folder / f"ledger-{rows}"
    size = Size(rows)
    if not (home / MADE).exists():
        import duckdb

        home.mkdir(parents=True, exist_ok=True)
        db = duckdb.connect()
        for statement in MACROS.format(**size.values).strip().split(";\n"):
            db.execute(statement)
        _entitlements(db, home / "entitlements", size)
        for day in range(DAYS):
            _day(db, home / "disclosures", size, day)
        (home / MADE).write_text(json.dumps({**asdict(size), "entitlements": size.entitlements}))
    return home


def _entitlements(db: duckdb.DuckDBPyConnection, folder: Path, size: Size) -> None:
    folder.mkdir(exist_ok=True)
    for name, query in ENTITLEMENTS.items():
        db.execute(f"copy ({query.format(**size.values)}) to '{folder}/{name}.parquet' (format parquet, compression zstd)")


def _day(db: duckdb.DuckDBPyConnection, folder: Path, size: Size, day: int) -> None:
    """Write a day's file, its rows in the order of time, in the ledger's own types."""
    from whosaw.ledger import COLUMNS

    first, end = (size.rows * i // DAYS for i in (day, day + 1))
    home = folder / f"day={BEGIN + timedelta(days=day):%Y-%m-%d}"
    home.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind, _ in COLUMNS)
    rows = ROWS.format(**size.values, day=day, first=first, in_day=end - first, file=1000 + day)
    db.execute(f"copy (select {columns} from ({rows})) to '{home}/0000.parquet' (format parquet, compression zstd, row_group_size 262144)")


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), int(sys.argv[2])))
