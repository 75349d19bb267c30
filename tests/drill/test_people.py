import itertools
from collections import Counter, defaultdict

import pytest

from whosaw.drill.clockwork import START, Window
from whosaw.drill.people import NUMBERS, Line, Supply, make_consumers


@pytest.fixture(scope="module")
def consumers():
    return make_consumers(4, accounts=800, supply=Supply.of(4), window=Window(20))


def test_every_number_is_invented_and_comes_once():
    numbers = list(Supply.of(9).numbers)
    assert len(set(numbers)) == NUMBERS
    assert all(number.startswith("4477009") and len(number) == 12 for number in numbers)


def test_no_number_ever_belongs_to_two_accounts_at_a_time(consumers):
    held = defaultdict(list)
    for line in consumers.lines():
        held[line.number].append((line.since, line.until or 2**40, line.account))
    assert max(map(len, held.values())) == 2
    for spans in held.values():
        ordered = sorted(spans)
        assert all(end <= since for (_, end, _), (since, _, _) in itertools.pairwise(ordered))


def test_numbers_moved_before_and_inside_the_window(consumers):
    assert {move.line.since < START for move in consumers.moves} == {True, False}
    assert all(move.former.until <= move.line.since and move.former.account != move.line.account for move in consumers.moves)


def test_a_family_shares_one_account_with_three_numbers_and_two_logins(consumers):
    logins = Counter(login.account for login in consumers.logins)
    families = [login for login in consumers.logins if logins[login.account] == 2]
    assert families
    assert all(len(login.lines) == 3 for login in families)
    assert len({login.name for login in consumers.logins}) == len(consumers.logins)


def test_many_customers_come_from_a_few_addresses(consumers):
    (_, most), *_ = Counter(login.client for login in consumers.logins).most_common()
    assert most > 10


def test_a_line_is_held_only_while_it_is_held():
    line = Line("447700900001", "A1", 10, 20)
    assert line.held(10, 20)
    assert not line.held(9, 20)
    assert not line.held(10, 21)
    assert line._replace(until=None).held(10, 10**9)
