"""A compiled file says of which policy it is and until when it says what the policy means."""

from datetime import UTC, datetime

from policies import PARTNERS, loaded
from whosaw.edge.heading import expiry, heading

NOW = datetime(2026, 1, 15, tzinfo=UTC)
ENDS = PARTNERS.replace('agreement = "A-1"', 'agreement = "A-1"\nuntil = 2026-02-01T00:00:00Z')


def test_the_policy_and_the_next_change_stand_at_the_head(tmp_path):
    policy = loaded(tmp_path, ENDS)
    assert f"# whosaw edge policy {policy.hash}" in heading(policy, NOW)
    assert "# holds until 2026-02-01T00:00:00Z" in heading(policy, NOW)
    assert "# include it" in heading(policy, NOW, "include it")
    assert "no agreement begins or ends" in heading(loaded(tmp_path), NOW)


def test_an_agreement_that_ends_is_a_gap_while_it_is_in_force(tmp_path):
    policy = loaded(tmp_path, ENDS)
    assert expiry(policy, NOW) == ("none", "compile again at 2026-02-01T00:00:00Z, for example by a timer")
    assert expiry(policy, datetime(2026, 2, 1, tzinfo=UTC)) is None
