import pytest

from whosaw.drill.carrier import make_carrier
from whosaw.drill.clockwork import Window


@pytest.mark.parametrize("customers", [300, 1_234, 6_000])
def test_there_are_as_many_open_accounts_as_asked_for(customers):
    carrier = make_carrier(1, customers=customers, window=Window(6))
    accounts = carrier.open_accounts()
    assert len(accounts) == len(set(accounts)) == customers


def test_tests_and_canaries_are_nobodys_accounts():
    carrier = make_carrier(1, customers=300, window=Window(6))
    apart = {line.account for line in (*carrier.staff.tests, *carrier.staff.canaries)}
    assert not apart & set(carrier.open_accounts())
    assert not apart & {line.account for line in carrier.lines()}


def test_partner_agreements_begin_and_end():
    carrier = make_carrier(1, customers=300, window=Window(6))
    start, end = carrier.window.midnights()[0], carrier.window.end
    assert any(partner.until is not None and partner.until < start for partner in carrier.partners)
    assert any(start < partner.since < end for partner in carrier.partners)
    assert any(partner.site.startswith(".") for partner in carrier.partners)
