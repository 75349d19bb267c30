"""How many records may be asked for in a row is measured; a limit is named with when it came."""

import selfcare
from whosaw.probes.enumeration import ENUMERATION


def test_no_limit_is_a_weakness(portal, tmp_path):
    _, done = selfcare.found_on(portal(), tmp_path, ENUMERATION)
    (weak,) = done.outcome.weaknesses
    assert (weak.kind, weak.operation) == ("no-limit", "GET /bills/{bill}")
    assert weak.text.startswith("30 records in ")


def test_a_limit_is_named_with_the_request_at_which_it_came(portal, tmp_path):
    _, done = selfcare.found_on(portal(limit=25), tmp_path, ENUMERATION)
    assert done.outcome.weaknesses == []
    assert any("was stopped with 429 at request" in note for note in done.outcome.checks[0].notes)


def test_only_own_records_are_asked_for(portal, tmp_path):
    right = portal()
    selfcare.found_on(right, tmp_path, ENUMERATION)
    assert selfcare.customers_asked_for(right) == []
