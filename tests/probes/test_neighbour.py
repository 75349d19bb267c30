"""A login that is shown another's record is found however the id was put; what is right, shared or an echo is not."""

import pytest

import selfcare
from whosaw.probes.neighbour import NEIGHBOUR


@pytest.mark.parametrize(
    ("fault", "operation", "how"),
    [
        ("bill", "GET /bills/{bill}", "other credentials"),
        ("nested", "GET /accounts/{account}/bills/{bill}", "beside own ids"),
        ("pollution", "GET /search?account={account}", "account"),
        ("header", "GET /number", "header `X-Number`"),
        ("graphql", "POST /graphql", "other credentials"),
    ],
)
def test_another_record_is_found_wherever_the_id_stands(portal, tmp_path, fault, operation, how):
    found, done = selfcare.found_on(portal(fault), tmp_path, NEIGHBOUR)
    assert found == {("foreign-record", operation)}
    evidence = done.outcome.findings[0].evidence
    assert all(how in each.how for each in evidence)
    assert {each.relation for each in evidence} == {"same tenant", "other tenant"}


def test_both_directions_are_asked(portal, tmp_path):
    _, done = selfcare.found_on(portal("bill"), tmp_path, NEIGHBOUR)
    pairs = {(each.owner, each.other) for each in done.outcome.findings[0].evidence}
    assert len(pairs) == 6, "three accounts, each as owner and as the other"


def test_a_marker_in_the_body_of_a_redirect_is_a_finding(portal, tmp_path):
    found, _ = selfcare.found_on(portal("redirect"), tmp_path, NEIGHBOUR)
    assert found == {("foreign-record", "GET /redirected/{bill}")}


def test_nothing_is_found_on_the_corrected_portal(portal, tmp_path):
    found, done = selfcare.found_on(portal(), tmp_path, NEIGHBOUR)
    assert (found, done.outcome.exit_code) == (set(), 0)
    assert done.outcome.checks[0].state == "clean"


def test_a_page_declared_shared_is_no_finding_and_an_undeclared_one_is(portal, tmp_path):
    right = portal()
    undeclared = selfcare.document(right, shared=[])
    assert selfcare.found_on(right, tmp_path, NEIGHBOUR)[0] == set()
    assert selfcare.found_on(right, tmp_path, NEIGHBOUR, changed=undeclared)[0] == {("foreign-record", "GET /hall")}


def test_a_delegation_is_no_finding(portal, tmp_path):
    faulty = portal("bill")
    document = selfcare.document(faulty)
    for identity in document["identity"]:
        identity["sees"] = [name for name in selfcare.OURS if name != identity["name"]]
    assert selfcare.found_on(faulty, tmp_path, NEIGHBOUR, changed=document)[0] == set()


def test_what_was_ones_own_and_is_anothers_now_is_named_so(portal, tmp_path):
    faulty = portal("bill")
    document = selfcare.document(faulty)
    document["identity"][0]["ids"]["bill"] = ["B-5001", "B-5009"]
    document["identity"][1]["former"] = {"bill": "B-5009"}
    selfcare.PEOPLE["ann"] |= {"second": "B-5009"}
    faulty.whose = lambda value, key: "ann" if value == "B-5009" else selfcare.Portal.whose(faulty, value, key)
    faulty.faults = {"former"}
    assert selfcare.found_on(faulty, tmp_path, NEIGHBOUR, changed=document)[0] == set()


def test_an_employee_without_a_reason_is_an_unexplained_lookup(portal, tmp_path):
    faulty = portal("bill")
    document = selfcare.document(faulty)
    document["identity"][1]["kind"] = "employee"
    found, _ = selfcare.found_on(faulty, tmp_path, NEIGHBOUR, changed=document)
    assert ("unexplained-lookup", "GET /bills/{bill}") in found
