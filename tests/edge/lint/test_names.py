"""Which header names carry a customer's identity, and which spellings are left?"""

import pytest

from whosaw.edge.lint import names


@pytest.mark.parametrize(
    ("name", "says"), [("X-MSISDN", True), ("x_up_calling_line_id", True), ("X-Forwarded-For", False), ("Host", False), ("X-UIDH", True)]
)
def test_a_name_says_who_the_customer_is_or_does_not(name, says):
    assert names.identity(name) is says


def test_the_other_spellings_of_a_name_are_left_over():
    assert names.left_over(["X-MSISDN", "Host"], lambda way: "-" in way) == ["X_MSISDN"]
    assert names.left_over(["X-MSISDN"], lambda _: True) == []
    assert names.several(["a", "b", "c"]) == "a and 2 more"


def test_a_name_with_a_thousand_dashes_is_left_alone():
    assert names.left_over(["X" + "-a" * 1000 + "-msisdn"], lambda _: False) == []
