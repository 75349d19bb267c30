"""Every batch stands between positive controls; a session that ends is renewed; no pair of accounts is asked too often."""

from collections import Counter

import pytest

import selfcare
from whosaw.probes import PROBES
from whosaw.probes.asking.conduct import conduct
from whosaw.probes.asking.run import PAIR_LIMIT
from whosaw.probes.neighbour import NEIGHBOUR


def token_document(portal, **more):
    document = selfcare.document(portal, **more)
    for identity in document["identity"]:
        identity["login"] = "json"
    return document


def test_a_token_that_expires_in_the_middle_is_renewed_and_the_fault_still_found(portal, tmp_path):
    faulty = portal("bill")
    faulty.lifetime = 0.15
    document = token_document(faulty, budget={"rate": 200.0})
    found, done = selfcare.found_on(faulty, tmp_path, NEIGHBOUR, changed=document)
    assert ("foreign-record", "GET /bills/{bill}") in found
    assert len(faulty.tokens) > 3, "somebody's token was renewed"
    assert done.outcome.exit_code == 1


def test_a_login_that_fails_makes_the_run_void_and_says_at_which_step(portal, tmp_path):
    right = portal()
    _, done = selfcare.found_on(right, tmp_path, environ={"PASSWORD": "wrong"})
    assert done.outcome.exit_code == 3
    assert done.outcome.doubts[0] == "fewer than two identities are logged in: nothing can be proved"
    assert any("step 2 of the login of `ann` failed: status 401, expected 303" in doubt for doubt in done.outcome.doubts)
    assert {check.state for check in done.outcome.checks} == {"not asked"}


def test_an_identity_that_is_missing_makes_the_run_partial(portal, tmp_path):
    right = portal()
    document = selfcare.document(right)
    document["identity"][2]["secrets"] = {"password": "env:OTHER"}
    _, done = selfcare.found_on(right, tmp_path, NEIGHBOUR, changed=document, environ={"PASSWORD": selfcare.PASSWORD, "OTHER": "x"})
    assert (done.outcome.identities, done.outcome.exit_code) == (["ann", "bob"], 5)


def test_a_login_without_its_own_marker_on_the_self_page_takes_no_part(portal, tmp_path):
    right = portal()
    document = selfcare.document(right, self="/help")
    _, done = selfcare.found_on(right, tmp_path, NEIGHBOUR, changed=document)
    assert done.outcome.exit_code == 3
    assert any("its own marker is not on the self page" in doubt for doubt in done.outcome.doubts)


@pytest.mark.parametrize(
    ("page", "said"), [("/elsewhere", "status 302, text/html, leads to the host `evil.example`"), ("/broken", "status 500, text/html")]
)
def test_what_came_instead_of_the_self_page_is_named(portal, tmp_path, page, said):
    right = portal()
    _, done = selfcare.found_on(
        right, tmp_path, NEIGHBOUR, changed=selfcare.document(right, self=page, budget={"storm": 99, "rate": 1000.0})
    )
    assert said in " ".join(done.outcome.doubts)


def test_no_operation_is_asked_more_than_six_times_for_a_pair(portal, tmp_path):
    right = portal()
    run = selfcare.run_on(right, tmp_path, changed=selfcare.document(right, checks={"concurrent": 0, "enumeration": 0, "logins": 0}))
    conduct(run, PROBES, lambda _: None)
    assert PAIR_LIMIT + 1 == 6
    assert max(run._spent.values()) <= PAIR_LIMIT
    pages = Counter(path.split("?")[0] for _, _, path, _ in right.asked)
    pairs = len(selfcare.OURS) * len(selfcare.OURS)  # each owner, asked for by each other and by nobody
    assert pages["/phonebook"] <= 6 * pairs
    bills = sum(count for path, count in pages.items() if path.startswith("/bills/"))
    assert bills <= 6 * pairs


def test_a_session_of_another_is_noticed_and_not_taken(portal, tmp_path):
    run = selfcare.run_on(portal(), tmp_path)
    for identity in run.target.identity:
        assert run.control(identity)
    ann, bob = run.sessions["ann"], run.sessions["bob"]
    from whosaw.probes.asking.wire import Answer, Request

    (value,) = ann.jar.values()
    before = bob.jar.line(bob.base)
    seen = run.judged(bob, Request("GET", bob.base), Answer(200, (("Set-Cookie", f"sid={value}"),)))
    assert seen.handed == ["ann"]
    assert bob.jar.line(bob.base) == before
    run.gate.close()
