import pytest

from whosaw.drill.clockwork import START
from whosaw.drill.companies import make_business
from whosaw.drill.people import Supply


@pytest.fixture(scope="module")
def business():
    return make_business(2, accounts=1_600, supply=Supply.of(2))


def test_one_company_is_large_and_the_others_have_five_to_44_lines(business):
    largest, *others = (len(company.lines) for company in business.companies)
    assert largest == 400
    assert all(5 <= size <= 44 for size in others)
    assert largest + sum(others) == 1_600


def test_a_company_user_has_one_company_and_an_accountant_up_to_forty(business):
    counts = {len(user.companies) for user in business.users}
    assert min(counts) == 1
    assert max(counts) == 40


def test_every_right_of_a_user_is_a_mandate_and_some_mandates_ended_before_the_window(business):
    current = {(mandate.login, mandate.company) for mandate in business.mandates if mandate.until is None}
    assert {(user.name, company.id) for user in business.users for company in user.companies} == current
    ended = [mandate for mandate in business.mandates if mandate.until is not None]
    assert ended
    assert all(mandate.since < mandate.until < START for mandate in ended)
    assert not {mandate.login for mandate in ended} & {user.name for user in business.users}


def test_bills_are_numbered_in_a_row_across_companies(business):
    numbers = [int(bill.id[1:]) for bill in business.bills]
    assert numbers == list(range(numbers[0], numbers[0] + 3 * 1_600))
    owner = {line.account: company.id for company in business.companies for line in company.lines}
    neighbours = [owner[a.account] != owner[b.account] for a, b in zip(business.bills, business.bills[1:], strict=False)]
    assert sum(neighbours) > len(neighbours) * 0.8


def test_every_account_has_a_bill_for_each_of_three_months(business):
    bills = business.bills_of()
    assert {len(found) for found in bills.values()} == {3}
    assert set(bills) == {line.account for company in business.companies for line in company.lines}
