"""A mix-up of one request in hundreds is found when many ask at once, some of whom hang up; a portal without one is clean."""

import selfcare
from whosaw.probes.asking.conduct import conduct
from whosaw.probes.asking.wire import Answer
from whosaw.probes.concurrent import CONCURRENT


def test_a_mixup_of_one_in_250_is_found_within_the_default_amount(portal, tmp_path):
    faulty = portal("mixup")
    found, done = selfcare.found_on(faulty, tmp_path, CONCURRENT)
    assert found == {("account-mixup", "any page")}
    assert done.outcome.findings[0].evidence[0].relation in {"same tenant", "other tenant"}


def test_a_portal_without_mixups_is_clean_and_the_power_is_stated(portal, tmp_path):
    found, done = selfcare.found_on(portal(), tmp_path, CONCURRENT)
    (check,) = done.outcome.checks
    assert (found, check.state, done.outcome.exit_code) == (set(), "clean", 0)
    assert check.checks >= 1000
    assert check.bound == 3 / check.checks


def test_some_requests_are_given_up_and_none_of_them_counts(portal, tmp_path):
    right = portal()
    _, done = selfcare.found_on(right, tmp_path, CONCURRENT)
    (check,) = done.outcome.checks
    assert check.requests - check.checks > 60


def test_refusals_are_no_checks_and_more_of_them_than_pages_prove_nothing(portal, tmp_path):
    busy = portal()
    run = selfcare.run_on(busy, tmp_path)
    inner = run.gate._transport.send
    calls = []

    def refusing(request):
        calls.append(request)
        return Answer(403) if len(calls) > 30 and len(calls) < 200 else inner(request)

    run.gate._transport.send = refusing
    outcome = conduct(run, (CONCURRENT,), lambda _: None).outcome
    (check,) = outcome.checks
    assert check.state == "void"
    assert "answers were no page" in " ".join(check.notes)
    assert outcome.exit_code == 3
