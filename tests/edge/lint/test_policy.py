"""Is a policy read as it is today, and does a refusal say where?"""

from datetime import UTC, datetime

import pytest

from whosaw.edge.lint import policy

MOMENT = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_file_of_agreements_is_read_without_a_policy(tmp_path):
    path = tmp_path / "partners.csv"
    path.write_text("agreement,host,fields\nPA-1,music.example,acr\nPA-2,radio.example,acr\n")
    agreed = policy.parse(path, MOMENT)
    assert [agreed.spot(partner).line for partner in agreed.partners] == [2, 3]
    assert agreed.policy is None
    assert agreed.refused is None


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("p.toml", "mode = 'strict'\n[[field]\n", 2),
        ("p.toml", "\n\n[stripp]\n", 3),
        ("p.toml", "\nmode = 'loose'\n", 2),
        ("p.csv", "agreement,host,fields\nPA-1,a.example,acr\nPA-2,,acr\n", 3),
        ("p.yaml", "[" * 3000, 1),
    ],
)
def test_a_refusal_says_where(tmp_path, name, text, line):
    path = tmp_path / name
    path.write_text(text)
    assert policy.parse(path, MOMENT).refused.line == line
