"""Is a visit kept for ten minutes, under a name nobody can guess, and are there never too many?"""

from datetime import UTC, datetime, timedelta

from whosaw.edge.check_page import visits
from whosaw.edge.check_page.visits import LIVES, Visits

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_visit_is_known_by_its_nonce_until_its_time_is_over():
    all_of_them = Visits()
    one, other = all_of_them.open("10.0.0.1", NOW), all_of_them.open("10.0.0.1", NOW)
    assert one.nonce != other.nonce
    assert len(one.nonce) == 32
    assert all_of_them.get(one.nonce, NOW + LIVES - timedelta(seconds=1)) is one
    assert all_of_them.get(one.nonce, NOW + LIVES) is None
    assert all_of_them.get("none", NOW) is None


def test_one_address_has_its_share_and_gets_it_back(monkeypatch):
    monkeypatch.setattr(visits, "OF_ONE_ADDRESS", 3)
    all_of_them = Visits()
    opened = [all_of_them.open("10.0.0.1", NOW) for _ in range(4)]
    assert [one is None for one in opened] == [False, False, False, True]
    assert all_of_them.open("10.0.0.2", NOW) is not None
    assert all_of_them.open("10.0.0.1", NOW + LIVES) is not None


def test_the_oldest_makes_room(monkeypatch):
    monkeypatch.setattr(visits, "MOST", 3)
    all_of_them = Visits()
    opened = [all_of_them.open(f"10.0.0.{i}", NOW) for i in range(5)]
    assert len(all_of_them) == 3
    assert [all_of_them.get(one.nonce, NOW) is not None for one in opened] == [False, False, True, True, True]


def test_a_visit_says_nothing_of_its_requests():
    assert repr(Visits().open("10.0.0.1", NOW)) == "Visit(clear=False, secure=False)"
