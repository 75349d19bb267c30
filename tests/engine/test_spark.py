"""Do both engines give the same answers? Every page's scenarios, random ledgers and a whole case, on a real cluster and in DuckDB."""

import json
import os
import random
import sys
from datetime import datetime, timedelta

import pytest

import pages
import relations
import test_docs
from whosaw import cli, incidents
from whosaw.detectors import DETECTORS
from whosaw.engine import spark as on_spark
from whosaw.entitlements import RELATIONS as HANDED_OVER
from whosaw.errors import QueryError
from whosaw.judge import detect, repairs, verdict
from whosaw.ledger import COLUMNS
from whosaw.model import Coverage

pytestmark = pytest.mark.xdist_group("spark")

SCENARIOS = [scenario for path in pages.PAGES for scenario in pages.read(path).scenarios]
RELATIONS = ("disclosures", "entitlements", "owners", "groups", "canaries", "gaps")
HOURS = 72

WRITE = "DOCS_OUTPUTS"
"""Set to `write`, the guide's outputs are written anew instead of compared."""


@pytest.fixture(scope="module")
def duckdb():
    engine = relations.ENGINES["duckdb"]()
    yield engine
    engine.close()


def handed_over(engine, door, folder):
    """Let the cluster have what the embedded engine was given, as the judge does."""
    path = folder / "rows.parquet"
    engine.run(f"copy (select * from disclosures_read) to '{path}' (format parquet)")
    door.take(engine, HANDED_OVER)
    door.read("disclosures_read", {name: kind for name, kind, _ in COLUMNS}, [path])


def answer(door, settings=None):
    """All that judging, detecting and grouping say, in an order that says nothing."""
    verdict.resolve(door)
    verdict.judge(door)
    detect.detect(door, DETECTORS, settings or {})
    lines = Coverage("log", "portal", 1, 1, 0, datetime(2012, 1, 1).astimezone(), datetime(2012, 3, 1).astimezone(), [])
    return {
        "rest": sorted(door.rows("select * from rest"), key=repr),
        "counted": verdict.count(door),
        "claims": sorted(door.rows("select * from claims")),
        "repair_rows": sorted(door.rows("select * from repair_rows")),
        "incidents": incidents.group(door, DETECTORS, [lines], {1: "portal.log"}, HOURS * 3600),
        "repairs": repairs.suggest(door),
    }


def both(duckdb, spark, folder, *, settings=None, **rows):
    """Return the answer that both engines give to the same relations."""
    relations.fill(duckdb, **rows)
    handed_over(duckdb, spark, folder)
    here, there = answer(duckdb, settings), answer(spark, settings)
    for part, found in here.items():
        assert there[part] == found, part
    return here


# --- the pages ------------------------------------------------------------------------------------------------------


def apart(scenarios):
    """Put scenarios side by side in one ledger, so that their people, customers and sites never meet."""
    together = {name: [] for name in RELATIONS}
    for n, scenario in enumerate(scenarios):
        for name in RELATIONS:
            together[name] += [_own(row, n) for row in scenario.rows(name)]
    return together


def _own(row, n):
    words = {column: f"{n}-{value}" for column, value in row.items() if value and column in {*relations.KEYED, "channel"}}
    if row.get("site"):
        words |= {"site": f"{row['site']}.n{n}", "recipient": f"{row.get('recipient') or row['site']}.n{n}"}
    if row.get("basis") == "partner":
        words["recipient"] = f"{row['recipient']}.n{n}"
    return {**row, **words}


def changed(scenarios):
    found = {}
    for scenario in scenarios:
        found.setdefault(scenario.page, {}).update(scenario.settings)
    return found


BATCHES = {
    "all pages": [s for s in SCENARIOS if not s.settings and not s.rows("gaps")],
    "changed settings": [s for s in SCENARIOS if s.settings],
    "gaps": [s for s in SCENARIOS if s.rows("gaps")],
    # Whether many are usual, and what partners do: there it counts what everybody else does.
    "many in a day": [s for s in SCENARIOS if s.page == "bulk-read" and not s.settings],
    "partners": [s for s in SCENARIOS if any(row["basis"] == "partner" for row in s.rows("repairs"))],
}


@pytest.mark.parametrize("batch", BATCHES)
def test_the_scenarios_of_the_pages_have_the_same_answer_on_both_engines(batch, duckdb, spark, tmp_path):
    scenarios = BATCHES[batch]
    found = both(duckdb, spark, tmp_path, settings=changed(s for s in scenarios if s.settings), **apart(scenarios))
    assert found["rest"]
    if batch == "all pages":
        assert {claim[1] for claim in found["claims"]} == {detector.name for detector in DETECTORS}
        assert {row[2] for row in found["repair_rows"]} == {"ownership", "delegation"}
    if batch == "partners":
        assert {row[2] for row in found["repair_rows"]} == {"partner"}
    if batch == "gaps":
        assert verdict.BLIND in found["counted"].reasons


def test_every_scenario_is_in_a_batch():
    assert {s.sentence for batch in BATCHES.values() for s in batch} == {s.sentence for s in SCENARIOS}


def test_nothing_shown_and_nothing_allowed_have_the_same_answer(duckdb, spark, tmp_path):
    assert both(duckdb, spark, tmp_path, configured=False)["rest"] == []


# --- random ledgers -------------------------------------------------------------------------------------------------

PEOPLE = [f"r{n}" for n in range(14)]
CUSTOMERS = [f"C{n}" for n in range(18)]
SITES = ["ads.example", "pay.example", "eu.pay.example", "shop.example", "\u00fcber.example", "o'neil.example"]
ROUTES = ["/account", "/bill/{bill}", "/weird\\path", "/quote's", "/100%_of", "/t\u00fcr \u2603", ""]


def moment(dice):
    return f"{datetime(2011, 12, 20) + timedelta(seconds=dice.randrange(40 * 86400), microseconds=dice.choice([0, 0, 1, 999_999]))}"  # noqa: DTZ001 - as in the ledger


def span(dice):
    first, last = sorted((moment(dice), moment(dice)))
    return {"since": dice.choice(["", first]), "until": dice.choice(["", last])}


def shown(dice):
    site = dice.choice([*SITES, *[""] * 12])
    kind = "site" if site else dice.choice(["customer_login", "company_user", "employee", "anonymous", "unknown", "customer_login"])
    return {
        "seen_at": moment(dice),
        "recipient_kind": kind,
        "site": site,
        "recipient": site or ("" if kind == "anonymous" else dice.choice(PEOPLE)),
        "customer": dice.choice([*CUSTOMERS, "", ""]),
        "object": dice.choice(["", "", *[f"O{n}" for n in range(9)]]),
        "self_route": dice.choice(["yes", "no"]),
        "route": dice.choice(ROUTES),
        "channel": dice.choice(["portal", "care"]),
        "session": dice.choice(["", *[f"s{n}" for n in range(12)]]),
        "filler_session": dice.choice(["", "", "s1", "s2"]),
        "device": dice.choice(["", "d1", "d2"]),
        "client": dice.choice(["", "a1", "a2"]),
        "page": dice.choice(["", "p1", "p2"]),
        "cache": dice.choice(["", "", "hit", "miss", "stale"]),
        "data": dice.choice(["", "account", "bill account", "call_detail", "location number"]),
        "field": dice.choice(["", "x-msisdn"]),
        "vantage": dice.choice(["origin", "app", "proxy_out", "proxy_in"]),
    }


def allowed(dice):
    basis = dice.choice(["ownership", "ownership", "delegation", "ticket", "contact", "partner", "test_account"])
    site = dice.choice([*SITES, ".example", ".pay.example", "*.pay.example"])
    return {
        "basis": basis,
        "recipient": site if basis == "partner" else dice.choice(PEOPLE),
        "customer": dice.choice(CUSTOMERS),
        "grade": dice.choice(["A", "B", "C", "D", "E"]),
        "data": dice.choice(["", "", "account", "bill account number"]),
        **span(dice),
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_ledger_has_the_same_answer_on_both_engines(seed, duckdb, spark, tmp_path):
    dice = random.Random(seed)  # noqa: S311 - the same ledger on every run
    found = both(
        duckdb,
        spark,
        tmp_path,
        disclosures=[shown(dice) for _ in range(600)],
        entitlements=[allowed(dice) for _ in range(60)],
        owners=[{"object": f"O{dice.randrange(9)}", "customer": dice.choice(CUSTOMERS), **span(dice)} for _ in range(14)],
        groups=[{"group": f"G{n % 3}", "customer": customer} for n, customer in enumerate(CUSTOMERS)],
        canaries=[{"customer": "C17"}],
        gaps=[{"basis": "ticket", "since": "2012-01-10", "until": "2012-01-11"}],
    )
    assert len(found["incidents"]) > 10
    assert len(found["counted"].reasons) >= 5
    assert found["counted"].verdicts.entitled > 20


# --- a whole case ---------------------------------------------------------------------------------------------------


def test_a_whole_case_has_the_same_result_on_a_cluster(cluster, spark, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def said(*arguments):
        monkeypatch.setattr(sys, "argv", ["whosaw", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
        return capsys.readouterr()

    said("drill", "ooredoo-insider", "o2-headers-2012", "--customers", "300", "--days", "10", "--dir", "case", "--quiet")
    results = {}
    for engine in ("duckdb", cluster):
        talk = said("judge", "case", "--dir", "out", "--quiet", "--engine", engine, "--out", "json=answer.json")
        assert talk.err == "wrote answer.json\n", "Spark is not heard"
        results[engine] = json.loads((tmp_path / "answer.json").read_text())
        for own in ("made", "command"):
            del results[engine][own]
    assert results["duckdb"] == results[cluster]
    assert results[cluster]["incidents"]
    assert not list((tmp_path / "out").glob("exchange-*")), "nothing of the exchange is left behind"


def test_the_guide_shows_what_a_cluster_really_answers(cluster, spark, monkeypatch):
    opened = on_spark.opened
    monkeypatch.setattr(on_spark, "opened", lambda _, **more: opened(cluster, **more))
    again = test_docs.made_again(test_docs.ON_A_CLUSTER)
    if os.environ.get(WRITE) == "write":
        test_docs.ON_A_CLUSTER.write_text(again, encoding="utf-8")
    assert test_docs.ON_A_CLUSTER.read_text(encoding="utf-8") == again
    here, there = [match["text"] for match in test_docs.OUTPUT.finditer(again)][-2:]
    assert "INC-1" in here
    assert here == there


# --- the door -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["select * from t asof join u on t.a >= u.a", "select * from read_csv('x.csv')"])
def test_what_spark_would_take_for_something_else_is_refused(query):
    with pytest.raises(QueryError, match="is of one engine alone"):
        on_spark.rendered(query)


def test_rows_texts_and_times_come_back_as_they_were(spark):
    given = [("it's \\ \u2603\n\x1f%_", -(2**63), datetime(1, 1, 1)), (None, 2**63 - 1, datetime(9999, 12, 31, 23, 59, 59, 999_999))]  # noqa: DTZ001
    from whosaw.engine.door import listed

    kinds = {"name": "varchar", "number": "bigint", "moment": "timestamp"}
    assert sorted(spark.rows(listed(kinds, given)), key=repr) == sorted(given, key=repr)
    assert spark.columns(listed(kinds, [])) == list(kinds)


def test_a_view_shows_a_table_as_it_is_when_asked(spark):
    spark.table("kept", "select 1 as n")
    spark.view("seen", "select n + 1 as m from kept")
    spark.add("kept", "select n + 10 from kept")
    assert sorted(spark.rows("select m from seen")) == [(2,), (12,)]
    spark.table("kept", "select n * 2 as n from kept where n > 1")
    assert spark.rows("select m from seen") == [(23,)]
