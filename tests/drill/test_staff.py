from whosaw.drill.companies import make_business
from whosaw.drill.people import Supply
from whosaw.drill.staff import Agent, make_staff


def staff():
    supply = Supply.of(3)
    business = make_business(3, accounts=120, supply=supply)
    return business, make_staff(3, customers=300, supply=supply, companies=business.companies)


def test_nobody_is_in_two_teams():
    _, found = staff()
    managers = dict.fromkeys(portfolio.manager for portfolio in found.portfolios)
    names = [agent.name for team in (found.phone, found.office, found.testers, found.lawful, managers) for agent in team]
    assert len(names) == len(set(names))
    assert len(found.phone) >= 7, "the bad quarter needs that many who do wrong"


def test_every_company_is_in_somebodys_care():
    business, found = staff()
    assert {portfolio.company.id for portfolio in found.portfolios} == {company.id for company in business.companies}


def test_a_canarys_bill_is_far_from_every_other():
    business, found = staff()
    assert min(bill.id for bill in found.canary_bills()) > max(bill.id for bill in business.bills)
    assert len(found.canary_bills()) == len(found.canaries)


def test_a_night_shift_crosses_midnight():
    assert [Agent("e-0001", 22).works(hour) for hour in (21, 22, 3, 7)] == [False, True, True, False]
