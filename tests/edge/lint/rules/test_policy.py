"""Which agreements deserve a look on the first of June 2026?"""

import pytest

from whosaw.edge.lint import Target
from whosaw.edge.lint.rules.policy import LINTS

GOOD = """\
[[field]]
name = "acr"
header = "X-ACR"
value = "acr"
data = "account"

[[field]]
name = "msisdn"
header = "X-MSISDN"

[subscribers]
file = "subs.csv"

[[partner]]
agreement = "PA-7"
hosts = [".music.example"]
path = "/billing/"
until = 2027-01-01T00:00:00Z
fields = ["acr"]
"""
BAD = {
    "policy-refused": GOOD.replace('["acr"]', '["number"]'),
    "policy-expired": GOOD.replace("2027-01-01", "2026-05-01"),
    "policy-ends-soon": GOOD.replace("2027-01-01", "2026-06-30"),
    "policy-no-end": GOOD.replace("until = 2027-01-01T00:00:00Z\n", ""),
    "policy-clear-http": GOOD.replace('["acr"]', '["msisdn"]'),
    "policy-plain-hash": GOOD.replace('["acr"]', '["msisdn"]\nencoding = "sha256"'),
    "policy-https": GOOD.replace("path =", "ports = [443]\npath ="),
    "policy-redirect-unknown": GOOD.replace('path = "/billing/"\n', ""),
}


def test_every_rule_is_tried():
    assert set(BAD) == {rule.id for rule in LINTS}


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_finds_its_agreement_and_no_other_does(rules_of, rule):
    assert rules_of(Target.POLICY, BAD[rule]) == {(rule, 15)}


def test_a_good_policy_has_no_fault(rules_of):
    assert rules_of(Target.POLICY, GOOD) == set()


def test_a_domain_that_everybody_shares_is_refused(rules_of):
    assert rules_of(Target.POLICY, GOOD.replace(".music.example", ".co.uk")) == {("policy-refused", 15)}
