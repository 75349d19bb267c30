"""A refusal that differs between another's record and none tells that it exists; ids that may be a customer's are never guessed."""

import selfcare
from whosaw.probes.existence import EXISTENCE


def test_nothing_is_asked_when_no_absent_id_is_named(portal, tmp_path):
    _, done = selfcare.found_on(portal(), tmp_path, EXISTENCE)
    assert done.outcome.checks[0].state == "not asked"
    assert "absent" in done.outcome.checks[0].notes[0]


def test_equal_refusals_are_no_weakness(portal, tmp_path):
    right = portal()
    _, done = selfcare.found_on(right, tmp_path, EXISTENCE, changed=selfcare.document(right, absent={"bill": "B-9999"}))
    assert [weak for weak in done.outcome.weaknesses if weak.kind == "existence-oracle"] == []
    assert done.outcome.checks[0].state == "clean"


def test_another_status_for_an_absent_record_is_a_weakness(portal, tmp_path):
    telling = portal("tells")
    document = selfcare.document(telling, absent={"bill": "B-9999"})
    _, done = selfcare.found_on(telling, tmp_path, EXISTENCE, changed=document)
    assert ("existence-oracle", "GET /bills/{bill}") in {(weak.kind, weak.operation) for weak in done.outcome.weaknesses}
    assert done.outcome.exit_code == 0, "a weakness is no disclosure"
