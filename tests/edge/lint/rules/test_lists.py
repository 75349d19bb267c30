"""Which rows of a list of partners are found, and which are left alone?"""

import pytest

from whosaw.edge.lint import Target
from whosaw.edge.lint.rules.lists import LINTS

GOOD = "# partners\nmusic.example\n.radio.example\n*.tv.example\n\nbilling.shop.example. # with a last dot\n"
BAD = {
    "list-contains": 'if { [HTTP::uri] contains "music.example" } {',
    "list-bare-suffix": "*news.example",
    "list-shared-suffix": ".github.io",
    "list-overlap": "www.radio.example",
    "list-https": "https://news.example",
    "list-no-host": "192.0.2.7",
}


def test_every_rule_is_tried():
    assert set(BAD) == {rule.id for rule in LINTS}


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_finds_its_row(rules_of, rule):
    assert (rule, 7) in rules_of(Target.LIST, GOOD + BAD[rule])


def test_a_good_list_has_no_fault(rules_of):
    assert rules_of(Target.LIST, GOOD) == set()


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        ('[HTTP::host] ends_with "news.example"', {"list-bare-suffix"}),
        ('[HTTP::host] ends_with ".news.example"', set()),
        ('[HTTP::host] equals "news.example"', set()),
        ('[string tolower [HTTP::host]] starts_with "news"', {"list-contains"}),
        ("host contains co.uk", {"list-contains", "list-shared-suffix"}),
        ('"news.example" := "1",', set()),
        ("news*.example", {"list-contains", "list-no-host"}),
        ("news.example:443", {"list-https", "list-no-host"}),
        ("when HTTP_REQUEST {", set()),
        ("music.example", {"list-overlap"}),
    ],
)
def test_rows_as_load_balancers_write_them(rules_of, row, rules):
    expected = rules - ({"list-overlap"} if "radio" in row else set())
    assert {name for name, _ in rules_of(Target.LIST, GOOD + row)} == expected
