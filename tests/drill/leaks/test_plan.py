import pytest

from whosaw.drill.carrier import make_carrier
from whosaw.drill.clockwork import START, Window
from whosaw.drill.dice import dice
from whosaw.drill.leaks.plan import Cast, Plan, Scene


def carrier():
    return make_carrier(1, customers=300, window=Window(6))


def test_nobody_who_may_take_part_has_a_reason_by_rank():
    cast, whole = Cast.of(carrier(), dice(1, "cast")), carrier()
    assert set(cast.agents) == set(whole.staff.phone)
    assert all(user.companies == (company,) and company != whole.business.companies[0] for user in cast.users for company in user.companies)
    assert all(login.until is None and login.lines[0].since < START for login in cast.logins)
    assert not set(cast.accounts) & set(whole.bystanders()), "mistyped numbers need somebody whom no leak touches"


@pytest.mark.parametrize("seed", range(40, 60))
def test_the_smallest_operator_has_enough_people_for_the_bad_quarter(seed):
    cast = Cast.of(make_carrier(seed, customers=300, window=Window(6)), dice(seed, "cast"))
    assert len(cast.users) >= 8, "two walk through bills, five look once, one touches a canary"
    assert len(cast.agents) >= 8, "four insiders, two bulk readers, and up to two who touch a canary"


def test_an_opened_case_is_in_the_plan():
    plan = Plan(Cast.of(carrier(), dice(1, "cast")))
    case = plan.open("x", ("y",), "crm", "recipient")
    assert plan.cases == [case]


def test_each_leak_of_a_kind_draws_for_itself():
    draws = {Scene(carrier(), 1, turn).dice("bulk-read").getrandbits(64) for turn in range(3)}
    assert len(draws) == 3
