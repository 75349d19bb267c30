"""A login that opens somebody else's account is found, also if that customer is none of ours."""

import selfcare
from whosaw.probes.relogin import RELOGIN


def test_a_login_that_opens_an_unknown_customers_account_is_found_and_the_customer_not_shown(portal, tmp_path):
    found, done = selfcare.found_on(portal("relogin"), tmp_path, RELOGIN)
    assert found == {("account-mixup", "any page")}
    evidence = done.outcome.findings[0].evidence[0]
    assert evidence.owner == "a customer unknown to us"
    assert "A-1077" not in str(done.outcome)
    assert done.shown[0].customer == "A-1077", "the ledger gets a pseudonym of it"


def test_it_is_found_behind_tokens_too(portal, tmp_path):
    faulty = portal("relogin")
    document = selfcare.document(faulty)
    for identity in document["identity"]:
        identity["login"] = "json"
    assert selfcare.found_on(faulty, tmp_path, RELOGIN, changed=document)[0] == {("account-mixup", "any page")}


def test_logins_that_open_ones_own_account_are_no_finding(portal, tmp_path):
    found, done = selfcare.found_on(portal(), tmp_path, RELOGIN)
    assert (found, done.outcome.checks[0].state, done.outcome.exit_code) == (set(), "clean", 0)
    assert done.outcome.checks[0].checks == 18, "six logins of three accounts"
