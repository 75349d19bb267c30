"""A run ends as promised whatever the system does, and says what was not asked; a real customer's record is never asked for."""

import time
from datetime import UTC, datetime

import pytest

import selfcare
from whosaw.errors import InputError
from whosaw.probes import PROBES
from whosaw.probes.neighbour import NEIGHBOUR

FAULTS = {
    "bill": ("foreign-record", "GET /bills/{bill}"),
    "nested": ("foreign-record", "GET /accounts/{account}/bills/{bill}"),
    "pollution": ("foreign-record", "GET /search?account={account}"),
    "header": ("foreign-record", "GET /number"),
    "graphql": ("foreign-record", "POST /graphql"),
    "redirect": ("anonymous-read", "GET /redirected/{bill}"),
    "write": ("foreign-write", "PUT /profile/{account}"),
    "export": ("anonymous-read", "GET /internal/export/{account}"),
    "cached-page": ("cached-page", "GET /phonebook"),
    "cached-cookie": ("shared-session", "GET /help"),
    "mixup": ("account-mixup", "any page"),
    "relogin": ("account-mixup", "any page"),
    "ended": ("ended-session", "any page"),
}


def test_with_all_faults_every_one_is_found_and_nothing_else(portal, tmp_path):
    faulty = portal(*FAULTS)
    notes = dict(faulty.notes)
    found, done = selfcare.found_on(faulty, tmp_path)
    assert found == set(FAULTS.values())
    assert done.outcome.exit_code == 1
    assert selfcare.customers_asked_for(faulty) == []
    assert faulty.notes == notes


def test_the_corrected_twin_is_silent(portal, tmp_path):
    right = portal()
    found, done = selfcare.found_on(right, tmp_path)
    assert (found, done.outcome.exit_code) == (set(), 0)
    assert {check.state for check in done.outcome.checks} == {"clean", "not asked"}
    assert selfcare.customers_asked_for(right) == []


def test_forty_operations_take_less_than_a_minute_at_the_default_rate(portal, tmp_path):
    right = portal()
    more = [{"path": f"/bills/{{bill}}?view={n}"} for n in range(30)]
    document = selfcare.document(right)
    document = selfcare.document(right, operation=[*document["operation"], *more])
    del document["budget"]
    waited = []
    start = time.monotonic()
    _, done = selfcare.found_on(right, tmp_path, changed=document, pause=waited.append)
    assert done.outcome.operations >= 40
    assert done.outcome.requests / 60 < 60, "requests at 60 a second"
    assert time.monotonic() - start < 60


def test_a_rate_limit_is_obeyed_and_the_fault_still_found(portal, tmp_path):
    faulty = portal("bill", limit=20)
    found, _ = selfcare.found_on(faulty, tmp_path, NEIGHBOUR)
    assert found == {("foreign-record", "GET /bills/{bill}")}


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"total": 40}, "the budget of 40 requests is used up"),
        ({"hours": ["03:00-03:01", "03:02-03:03"]}, "not within the allowed hours"),
    ],
)
def test_a_run_that_ends_early_is_no_clean_one(portal, tmp_path, budget, said):
    right = portal()
    document = selfcare.document(right, budget={"rate": 1000.0, **budget})
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    _, done = selfcare.found_on(right, tmp_path, changed=document, clock=lambda: noon, pause=lambda _: None)
    assert done.outcome.exit_code in {3, 5}
    assert said in done.outcome.doubts[0]
    assert any(check.state == "not asked" for check in done.outcome.checks)
    assert len(right.asked) <= 40


def test_a_storm_of_failures_ends_the_run(portal, tmp_path):
    right = portal()
    storm = [{"path": f"/broken?n={n}"} for n in range(12)]
    document = selfcare.document(right, operation=storm)
    _, done = selfcare.found_on(right, tmp_path, NEIGHBOUR, changed=document)
    assert "failures in a row (the last was 500)" in done.outcome.doubts[0]
    assert sum("/broken" in path for _, _, path, _ in right.asked) == 8


def test_huge_pages_are_cut_and_said_so(portal, tmp_path):
    right = portal()
    document = selfcare.document(right, operation=[{"path": "/big"}, {"path": "/me"}], budget={"rate": 1000.0, "answer_bytes": 50_000})
    _, done = selfcare.found_on(right, tmp_path, NEIGHBOUR, changed=document)
    assert any("longer than `budget.answer_bytes`" in doubt for doubt in done.outcome.doubts)


def test_pages_that_show_no_marker_prove_nothing(portal, tmp_path):
    right = portal()
    _, done = selfcare.found_on(right, tmp_path, NEIGHBOUR, changed=selfcare.document(right, operation=[{"path": "/help"}], public=[]))
    assert done.outcome.exit_code == 3
    assert any("nothing can be proved" in doubt for doubt in done.outcome.doubts)


def test_a_target_without_operations_is_named(portal, tmp_path):
    started = portal()
    with pytest.raises(InputError, match="no operation is known"):
        selfcare.found_on(started, tmp_path, changed=selfcare.document(started, operation=[]))


def test_nobody_there_is_named_and_void(tmp_path):
    gone = selfcare.Portal()
    selfcare.serve(gone)()
    _, done = selfcare.found_on(gone, tmp_path)
    assert done.outcome.exit_code == 3
    assert any("connection refused" in doubt for doubt in done.outcome.doubts)


def test_every_probe_has_a_name_of_its_own_and_a_claim():
    assert len({probe.name for probe in PROBES}) == len(PROBES)
    assert all(probe.claim for probe in PROBES)
