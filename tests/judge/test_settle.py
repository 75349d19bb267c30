"""How does what is too old, or one person, leave the ledger, and every number stays true?"""

import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from small_operator import MADE, case, counts, judged, line, operator, read_counts
from whosaw import config, drill, judge
from whosaw.engine.duckdb import Engine
from whosaw.errors import LedgerError
from whosaw.judge import audit, inquiry, settle
from whosaw.judge.work import opened
from whosaw.ledger import COLUMNS, KEPT

AT = "2012-03-01T00:00:00+00:00"


def answer(made):
    with opened(made) as work:
        return judge.judged(work, made=MADE, command="test")


def retained(made, before):
    with opened(made, write=True) as work:
        return settle.retain(work, before=before, at=AT, by="ada")


def erased(made, customer):
    with opened(made, write=True) as work:
        return settle.erase(work, key_of(work, customer), at=AT, by="ada", reason="asked to be forgotten")


def key_of(work, text, domain="c"):
    return work.engine.one("select pseudonym(?, ?)", [domain, text])[0]


def same(one, other):
    """The counts of two answers, and what is sure of their incidents."""

    def sure(result):
        return sorted(
            (
                i.detector,
                i.channel,
                i.since,
                i.until,
                i.disclosures,
                i.customers.at_least,
                i.recipients.count,
                tuple(i.evidence),
                tuple(i.timeline),
            )
            for i in result.incidents
        )

    assert one.read == other.read
    assert one.verdicts == other.verdicts
    assert one.cannot_judge == other.cannot_judge
    assert one.timeline == other.timeline
    assert one.coverage == other.coverage
    assert sure(one) == sure(other)
    return True


def rows(made, where="true"):
    with opened(made) as work:
        judge.prepare(work)
        return {name: work.engine.one(f"select count(*) from {name} where {where}")[0] for name in ("disclosures_read", "kept_read")}


DAYS = [
    *(
        line(f"2012-01-{d:02}T10:{m:02}:00Z", "bert" if m == 5 else "anna", account="A1", sid=f"s{d}{m}")
        for d in (10, 11, 12)
        for m in range(9)
    ),
    line("2012-01-10T12:00:00Z", "anna", uri="/bill/B7"),
    line("2012-01-12T12:00:00Z", "anna", uri="/bill/B2"),
]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """A whole make-believe operator with every leak, judged once."""
    folder = tmp_path_factory.mktemp("drill")
    drill.write(folder, scenarios=list(drill.SCENARIOS), seed=3, customers=300, days=12)
    settings, config_hash = config.load(folder / "whosaw.toml")
    made = judge.Case(settings, config_hash, folder, folder / "ledger")
    result = judge.run(made, made=MADE, command="test", progress=lambda *_: None)
    return folder, made, result


def copied(scenario, tmp_path):
    import shutil

    folder, made, result = scenario
    shutil.copytree(folder / "ledger", tmp_path / "ledger")
    return judge.Case(made.config, made.config_hash, folder, tmp_path / "ledger"), result


# --- too old --------------------------------------------------------------------------------------------------------


def test_what_is_too_old_goes_and_every_number_stays(tmp_path):
    operator(tmp_path, DAYS)
    before = judged(tmp_path)
    assert counts(before) == (24, 4, 1)
    made = case(tmp_path)
    done = retained(made, datetime(2012, 1, 12, tzinfo=UTC))
    assert (done.counted, done.kept) == (16, 3)
    assert rows(made) == {"disclosures_read": 10, "kept_read": 3}
    assert same(before, answer(made))
    assert same(before, judged(tmp_path)), "reading the same logs again brings nothing back"
    with opened(made) as work:
        assert work.ledger.settlements() == [(AT, "ada", "retain from 2012-01-12", "", 16, 3)]


def test_letting_go_twice_is_letting_go_once(tmp_path):
    operator(tmp_path, DAYS)
    before = judged(tmp_path)
    made = case(tmp_path)
    retained(made, datetime(2012, 1, 11, tzinfo=UTC))
    retained(made, datetime(2012, 1, 12, tzinfo=UTC))
    done = retained(made, datetime(2012, 1, 12, tzinfo=UTC))
    assert (done.counted, done.kept) == (0, 0)
    assert same(before, answer(made))


def test_what_was_settled_is_not_judged_again_but_can_be_asked_for(tmp_path):
    operator(tmp_path, DAYS)
    judged(tmp_path)
    made = case(tmp_path)
    retained(made, datetime(2012, 1, 12, tzinfo=UTC))
    operator(tmp_path, DAYS, logins_csv="login,account,since,until\nanna,A1,2012-01-01,\nbert,A2,2012-01-01,\nbert,A1,2012-01-01,\n")
    result = answer(made)
    assert counts(result) == (25, 3, 1), "bert's login row came too late for the settled days"
    with opened(made) as work:
        judge.judged(work, made=MADE, command="test")
        sights = inquiry.saw(work, key_of(work, "A1"))
        assert Counter(s.verdict.value for s in sights) == {"entitled": 9, "unentitled": 2}
        explained = inquiry.explain(work, inquiry.find(work, sights[0].id))
        assert (explained.verdict.value, explained.place) == ("unentitled", "portal.log:6")


@pytest.mark.parametrize("days", [3, 7, 30])
def test_every_leak_type_keeps_its_incidents(scenario, tmp_path, days):
    made, before = copied(scenario, tmp_path)
    first = before.coverage[0].since
    done = retained(made, datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(days=days))
    assert done.counted
    assert done.kept
    assert same(before, answer(made))


def test_a_ledger_with_a_lost_part_settles_nothing(tmp_path):
    operator(tmp_path, DAYS)
    judged(tmp_path)
    next((tmp_path / "ledger" / "disclosures").rglob("*.parquet")).unlink()
    with pytest.raises(LedgerError, match="cannot be read, so not everything can be judged one last time"):
        retained(case(tmp_path), datetime(2012, 1, 12, tzinfo=UTC))


def test_a_lost_part_of_kept_rows_is_a_doubt(tmp_path):
    operator(tmp_path, DAYS)
    before = judged(tmp_path)
    made = case(tmp_path)
    retained(made, datetime(2012, 1, 12, tzinfo=UTC))
    for part in (tmp_path / "ledger" / "kept").rglob("*.parquet"):
        part.unlink()
    result = answer(made)
    assert (sum(counts(result)), result.partial) == (sum(counts(before)), True)
    assert counts(result) == (24, 2, 3)


def test_a_log_that_grows_after_letting_go_is_read_on(tmp_path):
    operator(tmp_path, DAYS)
    judged(tmp_path)
    retained(case(tmp_path), datetime(2012, 2, 1, tzinfo=UTC))
    operator(tmp_path, [*DAYS, line("2012-02-02T10:00:00Z", "bert", account="A1")])
    result = judged(tmp_path)
    assert read_counts(result) == (30, 30, 0, 0)
    assert counts(result) == (24, 5, 1)


# --- a person -------------------------------------------------------------------------------------------------------


def everything(folder):
    """Every whole number and text in every Parquet file and every table of a ledger, and its files' bytes."""
    engine = Engine()
    found = set()
    for path in folder.rglob("*.parquet"):
        names = [name for name, _, _ in (KEPT if "kept" in path.parts else COLUMNS)]
        for row in engine.rows(f"select {', '.join(names)} from read_parquet('{path}', hive_partitioning = false)"):
            found.update(str(value) for value in row)
    engine.close()
    db = sqlite3.connect(folder / "manifest.sqlite")
    for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
        for row in db.execute(f"select * from {table}"):
            found.update(str(value) for value in row)
    db.close()
    return found


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def holds(folder, key):
    raw = key.to_bytes(8, "big", signed=True)
    return str(key) in everything(folder) or raw in (folder / "manifest.sqlite").read_bytes()


def test_a_person_goes_and_every_number_stays(tmp_path):
    operator(tmp_path, DAYS)
    before = judged(tmp_path)
    made = case(tmp_path)
    with opened(made) as work:
        keys = key_of(work, "A1"), key_of(work, "anna", "r")
        work.ledger.note_lookup(at=AT, by="ada", command="saw", customer=keys[0], reason="a complaint")
    assert all(holds(tmp_path / "ledger", key) for key in keys)
    done = erased(made, "A1")
    assert (done.counted, done.kept, done.scrubbed) == (24, 5, True)
    assert not any(holds(tmp_path / "ledger", key) for key in keys)
    assert same(before, answer(made))
    assert same(before, judged(tmp_path)), "reading the same logs again does not bring the person back"
    assert not any(holds(tmp_path / "ledger", key) for key in keys)
    with opened(made) as work:
        judge.judged(work, made=MADE, command="test")
        assert inquiry.saw(work, keys[0]) == []
        assert work.ledger.lookups(keys[0]) == []
        assert len(work.ledger._manifest.rows("select * from lookups")) == 1
        assert work.vault.name(work.ledger.sealed_names("c", keys[0]), keys[0]) is None
        assert work.vault.name(work.ledger.sealed_names("r", key_of(work, "bert", "r")), key_of(work, "bert", "r")) == "bert"


def test_who_saw_the_person_is_still_known(tmp_path):
    operator(tmp_path, DAYS)
    judged(tmp_path)
    erased(case(tmp_path), "A1")
    with opened(case(tmp_path)) as work:
        judge.prepare(work)
        bert = key_of(work, "bert", "r")
        assert work.engine.rows("select count(*), count(distinct customer) from kept_read where recipient = ?", [bert]) == [(3, 1)]


def test_a_person_who_was_kept_after_a_time_goes_too(tmp_path):
    operator(tmp_path, DAYS)
    before = judged(tmp_path)
    made = case(tmp_path)
    retained(made, datetime(2012, 1, 12, tzinfo=UTC))
    with opened(made) as work:
        key = key_of(work, "A1")
    assert holds(tmp_path / "ledger", key)
    erased(made, "A1")
    assert not holds(tmp_path / "ledger", key)
    assert same(before, answer(made))


def test_a_person_in_each_incident_can_go_and_the_incidents_stay(scenario, tmp_path):
    made, before = copied(scenario, tmp_path)
    with opened(made) as work:
        judge.judged(work, made=MADE, command="test")
        people = work.engine.rows(
            "select min(customer) from grouped where customer is not null and customer not in (select customer from customer_grants) "
            "group by detector order by 1"
        )
    keys = {key for (key,) in people}
    assert len(keys) > 3
    for key in sorted(keys)[:4]:
        with opened(made, write=True) as work:
            assert settle.erase(work, key, at=AT, by="ada", reason="asked").kept
        assert not holds(tmp_path / "ledger", key)
    assert same(before, answer(made))


def test_nobody_reads_what_is_to_be_erased_without_it_being_said(tmp_path):
    operator(tmp_path, DAYS)
    judged(tmp_path)
    made = case(tmp_path)
    with opened(made):
        assert not erased(made, "A1").scrubbed
    with opened(made, write=True) as work:
        key = key_of(work, "A1")
    assert not holds(tmp_path / "ledger", key)


# --- verify knows of it ---------------------------------------------------------------------------------------------


def test_what_was_settled_is_counted_by_verify(tmp_path):
    operator(tmp_path, DAYS)
    judged(tmp_path)
    made = case(tmp_path)
    retained(made, datetime(2012, 1, 11, tzinfo=UTC))
    erased(made, "A1")
    with opened(made) as work:
        found = audit.verify(work, progress=lambda *_: None)
    assert (found.differs, found.incomplete, found.miscounted) == (False, False, [])
