"""Who may see whose data, why, from when to when?

Every basis becomes rows of one relation, each with who vouches for it and where it stands.

In the engine: `rules` (one per [[entitlement]] of the configuration), `grants` (recipient and customer), `site_rules` (any customer to
a partner's sites), `customer_grants` (a test account to anyone), `groups` (customers who belong together), `owners`, `held` (owners as
disjoint intervals), `canaries` and `blind` (times in which a basis has no records).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whosaw.config import Canaries, Config, Entitlement, Owner, Relation, seconds
from whosaw.config.agreements import agreed, is_policy
from whosaw.engine.block import Lines, Piece
from whosaw.engine.duckdb import Engine, named, quoted
from whosaw.engine.inputs import Input, matching
from whosaw.errors import ConfigError, InputError, QueryError
from whosaw.layout import decode, heading_of, shape_of, table_layout
from whosaw.model import ENTITLING_GRADES, Basis, Rejected, data_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from whosaw.engine.block import Block
    from whosaw.layout import Shape

ALL_DATA = 2**31 - 1
"""The mask of an entitlement that is not limited to some data classes."""

WORDS = ("recipient", "customer", "group", "object", "since", "until", "claim", "reason", "placed")

RELATIONS = ("rules", "grants", "groups", "site_rules", "customer_grants", "owners", "held", "canaries", "blind")
"""What `load` fills."""

_SCHEMA = """
create or replace temp table rules (rule integer, basis varchar, grade varchar, reason varchar, source varchar, entitles boolean);
create or replace temp table grants (
    rule integer, recipient bigint, customer bigint, since timestamp, until timestamp, data integer, claim varchar, line bigint,
    entitles boolean);
create or replace temp table groups (rule integer, "group" bigint, customer bigint);
create or replace temp table site_rules (rule integer, site varchar, since timestamp, until timestamp, data integer, line bigint);
create or replace temp table customer_grants (rule integer, customer bigint, since timestamp, until timestamp, data integer, line bigint);
create or replace temp table owners (object_type varchar, object bigint, customer bigint, since timestamp, until timestamp, line bigint);
create or replace temp table held (object bigint, customer bigint, since timestamp, until timestamp, contested boolean);
create or replace temp table canaries (customer bigint);
create or replace temp table blind (basis varchar, since timestamp, until timestamp);
create or replace temp table names (relation varchar, kind varchar, key bigint, name varchar);
"""

_CHECKED = """
create or replace temp table checked as
with ends as (
    select *, coalesce(since, '') in ('', '-infinity') as always, coalesce(until, '') in ('', 'infinity') as forever,
        moment(since, {zone}) as begins, moment(until, {zone}) as ends from staged_text)
select * exclude (since, until, always, forever, begins, ends),
    least(greatest(case when always then {first} else begins end, {first}), {last}) as since,
    least(greatest(case when forever then {last} else ends end, {first}), {last}) as until,
    case when {empty} then 'a needed column is empty'
         when not always and begins is null then 'begin is not a time'
         when not forever and ends is null then 'end is not a time'
         when ends < begins then 'interval ends before it begins' end as problem
from ends
"""

_SINCE, _UNTIL = "timestamp '0001-01-01'", "timestamp '9999-12-31'"

REJECTED_SHOWN = 1000
"""Rejected rows shown one by one; the others are only counted."""


def covers(grant: str) -> str:
    """Return the SQL condition under which a grant holds for the disclosure `d`: in time, and for all data that were shown.

    Data classes that are not known (0) are covered only by a grant that is not limited to some.
    """
    return f"{in_time(grant, 'd')} and (d.data & ~{grant}.data) = 0 and (d.data <> 0 or {grant}.data = {ALL_DATA})"


def in_time(grant: str, disclosure: str) -> str:
    """Return the SQL condition under which a disclosure lies in a grant's interval: its end is no longer part of it."""
    return f"{disclosure}.seen_at >= {grant}.since and {disclosure}.seen_at < {grant}.until"


@dataclass
class Loaded:
    """What came in, row by row accounted for: rows = kept + rejected."""

    rows: int = 0
    kept: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    rejected_count: int = 0
    doubts: list[str] = field(default_factory=list)

    def reject(self, row: Rejected) -> None:
        """Count a row that cannot be used."""
        self.rows += 1
        self.rejected_count += 1
        self.rejected.append(row)

    @classmethod
    def together(cls, some: Iterable[Loaded]) -> Loaded:
        """Return what came in of several relations."""
        out = cls()
        for one in some:
            out.rows += one.rows
            out.kept += one.kept
            out.rejected += one.rejected
            out.rejected_count += one.rejected_count
            out.doubts += one.doubts
        return out


def load(engine: Engine, config: Config, folder: Path, *, named: bool = False) -> dict[str, Loaded]:
    """Fill the engine's relations from the configuration's files and queries; return what came in of each, by its key.

    With `named`, the clear names behind pseudonyms are kept in the engine's memory, as `names`, for who must give them back.
    Raises `ConfigError` for a column or file that is not there. A row that makes no sense (an interval that ends before it begins,
    no recipient) is counted and shown as rejected.
    """
    for statement in _SCHEMA.strip().split(";\n"):
        engine.run(statement)
    return load_again(engine, config, folder, keys(config), named=named)


def keys(config: Config) -> list[str]:
    """Return the relations of a configuration by their keys."""
    tables = {"entitlement": len(config.entitlement), "owner": len(config.owner), "canary": len(config.canary)}
    return [f"{table}[{i}]" for table, relations in tables.items() for i in range(relations)]


def load_again(engine: Engine, config: Config, folder: Path, changed: Collection[str], *, named: bool = False) -> dict[str, Loaded]:
    """Load the relations of some keys anew, which `load` loaded before; return what came in of each.

    Owners are loaded anew together, and so are canaries. Wrap it in `Engine.together`: it raises what `load` does.
    """
    found: dict[str, Loaded] = {}
    loader = _Loader(engine, folder, config.operator.timezone, named=named)
    for i, entitlement in enumerate(config.entitlement):
        if (key := f"entitlement[{i}]") in changed:
            loader.loaded = found[key] = Loaded()
            _forget_rule(engine, i)
            loader.entitlement(entitlement, i)
    if any(key.startswith("owner") for key in changed):
        found |= _load_owners(loader, config)
    if any(key.startswith("canary") for key in changed):
        engine.run("truncate canaries")
        for i, canary in enumerate(config.canary):
            loader.loaded = found[f"canary[{i}]"] = Loaded()
            loader.stage(canary, f"canary[{i}]", "customer")
            engine.run("insert into canaries select distinct pseudonym('c', customer) from staged")
    _clear_away(engine)
    return found


def _clear_away(engine: Engine) -> None:
    """Drop clear registry rows: they are no longer needed, and with millions of them they are most of the memory."""
    engine.run("drop view if exists staged")
    for table in ("staged_text", "checked", "members", "overlapping"):
        engine.run(f"drop table if exists {table}")


def _forget_rule(engine: Engine, rule: int) -> None:
    for relation in ("rules", "grants", "groups", "site_rules", "customer_grants"):
        engine.run(f"delete from {relation} where rule = {rule}")


def _load_owners(loader: _Loader, config: Config) -> dict[str, Loaded]:
    found: dict[str, Loaded] = {}
    engine = loader.engine
    engine.run("truncate owners")
    for i, owner in enumerate(config.owner):
        loader.loaded = found[f"owner[{i}]"] = Loaded()
        loader.stage(owner, f"owner[{i}]", "object", "customer")
        engine.run(
            f"insert into owners select {quoted(owner.object)}, object_key({quoted(owner.object)}, object), "
            "pseudonym('c', customer), since, until, line from staged"
        )
    _hold(engine, loader.loaded)
    return found


def stage_objects(engine: Engine, owner: Owner, folder: Path, zone: str) -> None:
    """Fill `objects (number)` with the distinct clear numbers of an owner relation, as E.164 digits. Drop it as soon as you can."""
    _Loader(engine, folder, zone).stage(owner, "owner", "object", "customer")
    engine.run("create or replace temp table objects as select distinct e164(object) as number from staged where e164(object) <> ''")
    _clear_away(engine)


@dataclass
class _Loader:
    """Brings one relation after the other through the view `staged` (good rows, clear text) into the engine."""

    engine: Engine
    folder: Path
    zone: str
    loaded: Loaded = field(default_factory=Loaded)
    named: bool = False

    def entitlement(self, ent: Entitlement, i: int) -> None:
        """Load one [[entitlement]] under its number."""
        key = f"entitlement[{i}]"
        entitles = ent.grade in ENTITLING_GRADES
        where = ent.file or "a query"
        self.engine.run("insert into rules values (?,?,?,?,?,?)", [i, ent.basis.value, ent.grade.value, ent.reason, where, entitles])
        for since, until in ent.gaps:
            self.engine.run(
                "insert into blind values (?, ?::timestamptz at time zone 'UTC', ?::timestamptz at time zone 'UTC')",
                [ent.basis.value, since, until],
            )
        mask = data_mask(ent.data) if ent.data else ALL_DATA
        span = _span(ent, key, "since", "until")
        if ent.basis is Basis.PARTNER and is_policy(ent.file):
            self._agreements(ent, key, i, mask)
        elif ent.basis is Basis.PARTNER:
            self.stage(ent, key, "recipient")
            self.engine.run(f"insert into site_rules select {i}, lower(recipient), {span}, {mask}, line from staged")
        elif ent.basis is Basis.TEST_ACCOUNT:
            self.stage(ent, key, "customer")
            self.engine.run(f"insert into customer_grants select {i}, pseudonym('c', customer), {span}, {mask}, line from staged")
        elif ent.members is not None:
            self.stage(ent.members, f"{key}.members", "group", "customer")
            self.engine.run("create or replace temp table members as select * from staged")
            self.stage(ent, key, "recipient", "group")
            self.engine.run(f"""
                insert into grants select {i}, pseudonym('r', s.recipient), pseudonym('c', m.customer),
                    {_span(ent, key, "greatest(s.since, m.since)", "least(s.until, m.until)")}, {mask}, s.claim, s.line, {entitles}
                from staged s join members m on s."group" = m."group" and s.since < m.until and m.since < s.until""")
            self.engine.run(f"insert into groups select distinct {i}, pseudonym('g', \"group\"), pseudonym('c', customer) from members")
        else:
            self.stage(ent, key, "recipient", "customer")
            self.engine.run(
                f"insert into grants select {i}, pseudonym('r', recipient), pseudonym('c', customer), {span}, {mask}, claim, line, "
                f"{entitles} from staged"
            )

    def _agreements(self, ent: Entitlement, key: str, i: int, mask: int) -> None:
        """Load the agreements of a policy of the edge: what its proxies tell whom is judged by the very same lines."""
        found = [one for path in _files(ent, key, self.folder) for one in agreed(path)]
        self.engine.run(
            f"create or replace temp table agreements as select host, coalesce(since, {_SINCE}) as since, coalesce(until, {_UNTIL}) as until, "
            "data, row_number() over () as line from (select unnest(?::varchar[]) as host, unnest(?::timestamp[]) as since, "
            "unnest(?::timestamp[]) as until, unnest(?::integer[]) as data)",
            [
                [one.host for one in found],
                [one.since and one.since.replace(tzinfo=None) for one in found],
                [one.until and one.until.replace(tzinfo=None) for one in found],
                [one.data & mask for one in found],
            ],
        )
        self.engine.run(f"insert into site_rules select {i}, host, {_span(ent, key, 'since', 'until')}, data, line from agreements")
        self.engine.run("drop table agreements")
        self.loaded.rows += len(found)
        self.loaded.kept += len(found)

    def stage(self, relation: Relation, key: str, *needed: str) -> None:
        """Make the view `staged` of a relation's good rows; count the others as rejected."""
        words = ", ".join(f"{named(word)} varchar" for word in WORDS)
        self.engine.run(f"create or replace temp table staged_text (file varchar, line bigint, {words})")
        if relation.query:
            self._stage_query(relation, key, needed)
        else:
            for path in _files(relation, key, self.folder):
                self._stage_file(relation, key, path)
        empty = " or ".join(f"coalesce({named(word)}, '') = ''" for word in needed)
        self.engine.run(_CHECKED.format(zone=quoted(self.zone), empty=empty, first=_SINCE, last=_UNTIL))
        self.engine.run("create or replace temp view staged as select * exclude (problem) from checked where problem is null")
        kept, bad = self.engine.one("select count(*) filter (problem is null), count(*) filter (problem is not null) from checked")
        self.loaded.rows += kept + bad
        self.loaded.kept += kept
        self.loaded.rejected_count += bad
        shown = self.engine.rows(
            f"select file, line, problem from checked where problem is not null order by file, line limit {REJECTED_SHOWN}"
        )
        self.loaded.rejected += [Rejected(key, file, line, problem) for file, line, problem in shown]
        if self.named and not isinstance(relation, Canaries):
            self._keep_names(relation, key)

    def _keep_names(self, relation: Relation, key: str) -> None:
        """Keep the clear names of a relation's good rows: recipients, customers, and objects under their kind."""
        self.engine.run(f"delete from names where relation = {quoted(key)}")
        keyed = {"recipient": "pseudonym('r', recipient)", "customer": "pseudonym('c', customer)"}
        kinds = {word: word for word in keyed}
        if isinstance(relation, Owner):
            keyed["object"], kinds["object"] = f"object_key({quoted(relation.object)}, object)", f"object:{relation.object}"
        for word, made in keyed.items():
            self.engine.run(
                f"insert into names select distinct {quoted(key)}, {quoted(kinds[word])}, {made}, {word} from staged where {word} <> ''"
            )

    def _stage_query(self, relation: Relation, key: str, needed: Sequence[str]) -> None:
        """Run the operator's own SQL; relative files in it are relative to the configuration."""
        self.engine.run(f"set file_search_path = {quoted(str(self.folder))}")
        query = relation.query.strip().rstrip(";")
        try:
            have = self.engine.columns(query)
            unknown = [name for name in have if name not in WORDS]
            if unknown:
                raise ConfigError(f"`{key}.query` returns a column `{unknown[0]}`", hint=f"name its columns with {', '.join(WORDS)}")
            missing = [name for name in needed if name not in have]
            if missing:
                raise ConfigError(f"`{key}.query` returns no column `{missing[0]}`", hint=f"its columns are {', '.join(have)}")
            shown = ", ".join(f"{named(word)}::varchar" if word in have else "null" for word in WORDS)
            self.engine.run(f"insert into staged_text select 'query', row_number() over (), {shown} from ({query})")
        except QueryError as problem:
            raise ConfigError(
                f"`{key}.query` fails: {problem.message}", hint="try it in DuckDB from the folder of the configuration"
            ) from problem

    def _stage_file(self, relation: Relation, key: str, path: Path) -> None:
        shown = str(path.relative_to(self.folder)) if path.is_relative_to(self.folder) else str(path)
        try:
            rows = Input(path)
        except InputError as problem:
            raise ConfigError(f"`{key}.file`: {problem.message}", hint=problem.hint) from problem
        if rows.is_parquet:
            self._stage_parquet(relation, key, path, shown)
        else:
            self._stage_table(relation, key, rows, shown)
        if rows.broken:
            self.loaded.doubts.append(f"`{shown}` ({key}): {rows.broken}")

    def _stage_parquet(self, relation: Relation, key: str, path: Path, shown: str) -> None:
        source = f"read_parquet({quoted(str(path))}, file_row_number = true)"
        try:
            have = self.engine.columns(f"select * from {source}")
            picked = _picked(relation, key, have, lambda name: f"{named(name)}::varchar")
            self.engine.run(f"insert into staged_text select {quoted(shown)}, file_row_number + 1, {picked} from {source}")
        except QueryError as problem:
            raise ConfigError(f"`{key}.file`: `{shown}` is a damaged Parquet file", hint="export it anew") from problem

    def _stage_table(self, relation: Relation, key: str, rows: Input, shown: str) -> None:
        """Read a table with a heading: whole blocks in the engine, and the few lines that are not UTF-8 one by one."""
        at, heading = rows.heading()
        have, _ = heading_of(heading, least=1)
        if not have:
            self.loaded.doubts.append(f"`{shown}` ({key}) is empty or has no heading")
            return
        layout = table_layout(decode(heading), least=1)
        groups = ", ".join(quoted(f"f{i}") for i in range(len(have)))
        picked = _picked(relation, key, have, lambda name: _unquoted(f"f.f{have.index(name)}"))
        read = " || ".join(f"f.f{i}" for i in range(len(have)))
        cut = f"select n, line, regexp_extract(line, {quoted(layout.pattern)}, [{groups}]) as f from"
        plain = _picked(relation, key, have, lambda name: f"nullif(f[{2 * have.index(name) + 1}], '')")
        for block in rows.blocks(skip=at):
            left = self._stage_plain(block, shape_of(layout, have), f"select {quoted(shown)}, n, {plain} from pieces")
            self.engine.offer("lines", block.arrow(without=~left))
            self.engine.run(f"create or replace temp table cut as {cut} lines")
            self.engine.withdraw("lines")
            odd = [[str(n), decode(block.raw(n))] for n in block.odd_lines() if not block.too_long(n)]
            if odd:
                found = "(select r[1]::bigint as n, r[2] as line from (select unnest(?::varchar[][]) as r))"
                self.engine.run(f"insert into cut {cut} {found}", [odd])
            kept = self.engine.one(f"insert into staged_text select {quoted(shown)}, n, {picked} from cut where {read} <> ''")
            if kept != self.engine.one("select count(*) from cut"):
                for (n,) in self.engine.rows(f"select n from cut where trim(line) <> '' and {read} = '' order by n"):
                    self.loaded.reject(Rejected(key, shown, n, f"expected {len(have)} columns"))
            for n in block.odd_lines():
                if block.too_long(n):
                    self.loaded.reject(Rejected(key, shown, n, "line is longer than 1 MiB"))

    def _stage_plain(self, block: Block, shape: Shape | None, rows: str) -> Lines:
        """Stage the lines whose cells are told apart by the separators alone; return which lines are left."""
        left, pieces = np.ones(len(block), bool), []
        for part in shape.cut(block.data, block.ends) if shape else ():
            cells = part.borders[:, 1::2] - part.borders[:, ::2]
            good = ~block.odd[part.lines] & cells.any(axis=1)
            if good.any():
                left[part.lines[good]] = False
                pieces.append(Piece(part.lines[good], part.borders[good], np.zeros(int(good.sum()), np.int64)))
        if pieces:
            self.engine.offer("pieces", block.pieces(pieces))
            self.engine.add("staged_text", rows)
            self.engine.withdraw("pieces")
        return left


def _span(ent: Entitlement, key: str, since: str, until: str) -> str:
    """Return the interval of an entitlement with the time it holds before and after; never beyond what a timestamp can say."""
    before, after = seconds(ent.before, f"{key}.before"), seconds(ent.after, f"{key}.after")
    return f"greatest({since} - interval {before} second, {_SINCE}), least({until} + interval {after} second, {_UNTIL})"


def _files(relation: Relation, key: str, folder: Path) -> list[Path]:
    found = matching(folder, relation.file)
    if not found:
        raise ConfigError(f"`{key}.file`: nothing matches `{relation.file}`", hint=f"paths are relative to `{folder}`")
    return found


def _picked(relation: Relation, key: str, have: Sequence[str], column: Callable[[str], str]) -> str:
    """Return the select list for all words; a mapped column that is not there is an error that lists what is."""
    for word, name in relation.columns.items():
        if name not in have:
            raise ConfigError(
                f"`{key}.columns.{word}` names column `{name}`, which `{relation.file}` does not have",
                hint=f"its columns are {', '.join(have)}",
            )
    return ", ".join(column(relation.columns[word]) if word in relation.columns else "null" for word in WORDS)


def _unquoted(field_sql: str) -> str:
    return f"nullif(case when starts_with({field_sql}, '\"') then replace({field_sql}[2:-2], '\"\"', '\"') else {field_sql} end, '')"


def _hold(engine: Engine, loaded: Loaded) -> None:
    """Make `held`: disjoint intervals in which an object has one owner, or is contested by several.

    Most objects have disjoint intervals already; only those that overlap are cut at every begin and end.
    """
    engine.run("""
        create or replace temp table overlapping as
        select distinct object from (
            select object, since,
                max(until) over (partition by object order by since, until, customer
                    rows between unbounded preceding and 1 preceding) as reached
            from owners semi join (select object from owners group by object having count(*) > 1) using (object))
        where reached > since""")
    engine.run("""
        create or replace temp table held as
        select object, customer, since, until, false as contested from owners where object not in (select object from overlapping)
        union all
        select p.object, case when count(distinct o.customer) = 1 then min(o.customer) end, p.t, p.next, count(distinct o.customer) > 1
        from (select object, t, lead(t) over (partition by object order by t) as next from (
                select object, since as t from owners semi join overlapping using (object)
                union select object, until from owners semi join overlapping using (object))) p
        join owners o on o.object = p.object and o.since <= p.t and p.next <= o.until
        where p.next is not null
        group by p.object, p.t, p.next""")
    count = int(engine.one("select count(distinct object) from held where contested")[0])
    if count:
        loaded.doubts.append(f"{count} objects have two owners at the same time; what was shown of them then cannot be judged")
