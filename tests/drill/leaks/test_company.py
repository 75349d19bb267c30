import itertools
from collections import Counter, defaultdict

from drill.second_opinion import rows


def walked(quarter):
    """Return the bills each recipient was shown without a right, in order."""
    folder, truth = quarter
    wrong = set(truth.unentitled_rows)
    found = defaultdict(list)
    for file, number, t, row in rows(folder, "bills"):
        if (file, number) in wrong and "/B9" not in row["uri"]:
            found[row["login"]].append((t, int(row["uri"].rpartition("B")[2])))
    return found


def test_one_or_two_walk_and_some_look_once(quarter):
    sizes = Counter(len(bills) > 1 for bills in walked(quarter).values())
    assert 1 <= sizes[True] <= 2
    assert sizes[False] == 5


def test_a_walk_goes_by_consecutive_numbers_at_the_pace_of_a_script(quarter):
    for bills in walked(quarter).values():
        steps = [(b[1] - a[1], (b[0] - a[0]).total_seconds()) for a, b in itertools.pairwise(bills)]
        # A step passes over the bills of the walker's own company: these are no leak.
        assert all(1 <= step < 10 and seconds < 90 for step, seconds in steps)
        assert sum(step == 1 for step, _ in steps) >= len(steps) * 0.8


def test_the_walk_is_six_hundred_bills_or_a_quarter_of_all(quarter, of_scenario):
    (incident,) = of_scenario("o2-bill-manager")
    longest = max(map(len, walked(quarter).values()))
    assert 500 < longest <= 600
    assert incident.rows == sum(map(len, walked(quarter).values()))
    assert incident.detectors == ("object-walk", "bulk-read")
