"""Are the pages true? Every scenario of every leak type's page is taken the whole way through the house, on every engine."""

from datetime import timedelta

import pytest

import pages
import relations
from whosaw import incidents
from whosaw.detectors import DETECTORS

PAGES = [pages.read(path) for path in pages.PAGES]
SCENARIOS = [scenario for page in PAGES for scenario in page.scenarios]
LEAK_TYPES = {detector.name: detector for detector in DETECTORS}
RELATIONS = ("disclosures", "entitlements", "owners", "groups", "canaries", "gaps")


@pytest.fixture(scope="module")
def engine(engine_name):
    made = relations.ENGINES[engine_name]()
    yield made
    made.close()


def run(engine, scenario):
    """Take a scenario the whole way; return what was suggested."""
    relations.fill(engine, **{name: scenario.rows(name) for name in RELATIONS})
    changed = {scenario.page: scenario.settings} if scenario.settings else {}
    return relations.judged(engine, changed)


def called(scenario, cells):
    """Return the ids of the disclosures that a cell such as `1, 2` names."""
    rows = list(enumerate(scenario.rows("disclosures"), start=1))
    wanted = [name.strip() for name in cells.split(",")]
    found = {relations.row_id(n) for n, row in rows if row["row"] in wanted}
    assert set(wanted) <= {row["row"] for _, row in rows}, f"`{cells}` names no row"
    return found


def expected(scenario):
    """Return what the findings table says as (disclosure, detector, cause, evidence)."""
    return {
        (disclosure, row.get("detector") or scenario.page, row["cause"], row["evidence"])
        for row in scenario.rows("findings")
        for disclosure in called(scenario, row["row"])
    }


def claimed(engine, scenario, detectors):
    """Return what was found, in the words of the page."""
    words = relations.names(engine, "r", {row.get("recipient") or row.get("site", "") for row in scenario.rows("disclosures")})
    found = engine.rows("select disclosure, detector, cause_kind, cause, evidence from claims")
    return [
        (disclosure, detector, f"{kind} {words[int(cause)] if kind == 'recipient' else cause}", evidence)
        for disclosure, detector, kind, cause, evidence in found
        if detector in detectors
    ]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.sentence)
def test_page(scenario, engine):
    suggested = run(engine, scenario)
    want = expected(scenario)

    found = claimed(engine, scenario, {scenario.page, *(detector for _, detector, _, _ in want)})

    assert sorted(found) == sorted(want)
    if "repairs" in scenario.tables:
        wanted = {(d, row["basis"]) for row in scenario.rows("repairs") for d in called(scenario, row["row"])}
        assert set(engine.rows("select disclosure, basis from repair_rows")) == wanted
        assert sum(repair.disclosures for repair in suggested) == len(wanted)
    if "cannot judge" in scenario.tables:
        wanted = {d for row in scenario.rows("cannot judge") for d in called(scenario, row["row"])}
        assert {d for (d,) in engine.rows("select id from rest where why is not null")} == wanted
    if not any(scenario.rows(name) for name in ("findings", "repairs", "cannot judge")):
        assert engine.rows("select id from rest") == [], "a page says what becomes of everything that is not entitled"
    assert nothing_is_lost(engine)


def nothing_is_lost(engine):
    """Whether every unentitled disclosure is in one incident or one repair."""
    found = incidents.group(engine, DETECTORS, [], {}, int(timedelta(days=3).total_seconds()))
    (set_apart,) = engine.one("select count(*) from repair_rows")
    return engine.one("select count(*) from unentitled") == (sum(incident.disclosures for incident in found) + set_apart,)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name in LEAK_TYPES], ids=lambda page: page.name)
def test_a_page_has_a_positive_a_negative_and_a_near_miss(page):
    shapes = set()
    for scenario in page.scenarios:
        named = {detector for _, detector, _, _ in expected(scenario)}
        left = named or scenario.rows("repairs") or scenario.rows("cannot judge")
        shapes.add("positive" if page.name in named else "near miss" if left else "negative")
    assert shapes == {"positive", "negative", "near miss"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name in LEAK_TYPES], ids=lambda page: page.name)
def test_a_page_gives_every_setting_with_its_default_and_shows_what_changing_one_does(page):
    settings = dict(LEAK_TYPES[page.name].settings)
    changed = {setting for scenario in page.scenarios for setting in scenario.settings}

    assert page.settings == settings
    assert changed <= set(settings)
    assert bool(changed) == bool(settings)


@pytest.mark.parametrize("configured", [True, False])
def test_an_empty_ledger_has_no_findings(engine, configured):
    relations.fill(engine, configured=configured)

    assert relations.judged(engine) == []
    assert engine.rows("select * from claims") == []


def test_without_any_rule_nothing_is_found_because_nothing_can_be_judged(engine):
    relations.fill(engine, disclosures=[{"recipient": "ann", "customer": "B-2"}], configured=False)

    relations.judged(engine)

    assert engine.rows("select * from claims") == []
    assert engine.one("select count(*) from rest where why is not null") == (1,)


def test_a_range_in_a_cell_stands_for_one_row_each():
    assert pages._expanded({"row": "a", "seen_at": "2012-01-10 02:08..10", "customer": "C-1..3"}) == [
        {"row": "a", "seen_at": "2012-01-10 02:08", "customer": "C-1"},
        {"row": "a", "seen_at": "2012-01-10 02:09", "customer": "C-2"},
        {"row": "a", "seen_at": "2012-01-10 02:10", "customer": "C-3"},
    ]
