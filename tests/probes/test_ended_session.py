"""A session that was logged out, or credentials that nobody was given, must open nothing."""

import selfcare
from whosaw.probes.ended_session import ENDED_SESSION


def test_a_session_that_lives_on_after_the_logout_is_one_finding(portal, tmp_path):
    found, done = selfcare.found_on(portal("ended"), tmp_path, ENDED_SESSION)
    assert found == {("ended-session", "any page")}
    assert {each.relation for each in done.outcome.findings[0].evidence} == {"ended session"}


def test_credentials_that_are_not_looked_at_are_found(portal, tmp_path):
    faulty = portal("anonymous:bill")
    found, _ = selfcare.found_on(faulty, tmp_path, ENDED_SESSION)
    assert found == {("ended-session", "GET /bills/{bill}")}


def test_a_logout_that_ends_the_session_is_no_finding(portal, tmp_path):
    assert selfcare.found_on(portal(), tmp_path, ENDED_SESSION)[0] == set()
