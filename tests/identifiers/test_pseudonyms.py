import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.engine.duckdb import Engine
from whosaw.errors import LedgerError
from whosaw.identifiers.pseudonyms import DOMAINS, Pseudonymiser, label

SECRET = bytes(range(32))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1), st.sampled_from(sorted(DOMAINS.values())))
def test_the_engine_computes_the_same_key_for_a_whole_column(value, domain):
    engine = Engine(secret=SECRET)
    assert engine.one("select pseudonym(?, ?)", [domain, value])[0] == Pseudonymiser(SECRET).key(domain, value)
    engine.close()


def test_the_same_value_has_unrelated_keys_in_two_domains_and_under_two_secrets():
    one, other = Pseudonymiser(SECRET), Pseudonymiser(bytes(32))
    keys = {one.key("customer", "447700900123"), one.key("recipient", "447700900123"), other.key("customer", "447700900123")}

    assert len(keys) == 3


def test_a_label_shows_the_domain_and_twelve_digits_of_the_key():
    key = Pseudonymiser(SECRET).key("customer", "447700900123")

    assert label("customer", key).startswith("c:")
    assert len(label("customer", key)) == 14
    assert label("customer", key) == label("c", key)


def test_neither_repr_nor_pickle_carries_the_secret():
    maker = Pseudonymiser(SECRET)

    assert SECRET.hex() not in repr(maker)
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(maker)


def test_a_short_secret_is_refused():
    with pytest.raises(LedgerError, match="has 4 bytes, expected at least 16"):
        Pseudonymiser(b"1234")
