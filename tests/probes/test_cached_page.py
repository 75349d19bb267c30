"""A page or session that a shared cache gives to another is found without any cache header; a cache that is right is not."""

import pytest

import selfcare
from whosaw.probes.cached_page import CACHED_PAGE


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("cached-page", ("cached-page", "GET /phonebook")), ("cached-cookie", ("shared-session", "GET /help"))],
)
def test_what_a_cache_keeps_for_the_next_is_found(portal, tmp_path, fault, expected):
    found, done = selfcare.found_on(portal(fault), tmp_path, CACHED_PAGE)
    assert found == {expected}
    assert done.outcome.checks[0].state == "found"


def test_a_page_under_the_ending_of_a_file_is_found(portal, tmp_path):
    found, _ = selfcare.found_on(portal("deception"), tmp_path, CACHED_PAGE)
    assert {kind for kind, _ in found} == {"cached-page"}
    assert ("cached-page", "GET /bills/{bill}") in found


def test_a_right_cache_is_no_finding_and_a_missing_header_a_weakness(portal, tmp_path):
    found, done = selfcare.found_on(portal(), tmp_path, CACHED_PAGE)
    assert (found, done.outcome.exit_code) == (set(), 0)
    assert ("cache-headers", "GET /phonebook") in {(weak.kind, weak.operation) for weak in done.outcome.weaknesses}


def test_a_cache_whose_key_has_who_asks_in_it_is_no_finding(portal, tmp_path):
    right = portal("right-cache")
    assert selfcare.found_on(right, tmp_path, CACHED_PAGE)[0] == set()
    assert right.cache, "the cache did keep pages"


def test_a_page_kept_for_a_stranger_does_not_hide_the_fault(portal, tmp_path):
    faulty = portal("cached-page")
    faulty.cache["/phonebook"] = (200, [("Content-Type", "application/json")], b'{"phonebook": ["of a stranger"]}')
    assert selfcare.found_on(faulty, tmp_path, CACHED_PAGE)[0] == {("cached-page", "GET /phonebook")}


def test_a_page_that_anybody_may_read_is_not_blamed_on_a_cache(portal, tmp_path):
    found, _ = selfcare.found_on(portal("anonymous:bill"), tmp_path, CACHED_PAGE)
    assert found == {("anonymous-read", "GET /bills/{bill}")}
