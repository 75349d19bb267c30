"""A pseudonym is the same everywhere, in SQL as in Python, and the secret never shows."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import ConfigError
from whosaw.identifiers import Pseudonymiser, hmac_pads, label

SECRET = b"a secret for tests, 32 bytes...."


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_the_pads_compute_hmac_set_wise(secret, message):
    inner, outer = hmac_pads(secret)
    computed = hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).digest()
    assert computed == hmac.new(secret, message, "sha256").digest()
    assert len(inner) == len(outer) == 64


@given(st.sampled_from(["customer", "recipient"]), st.text())
def test_a_key_is_the_first_eight_bytes_of_the_hmac(domain, value):
    digest = hmac.new(SECRET, f"{domain}\x1f{value}".encode(), "sha256").digest()
    assert Pseudonymiser(SECRET).key(domain, value) == int.from_bytes(digest[:8], "big", signed=True)


def test_the_engine_computes_the_same_key():
    inner, outer = hmac_pads(SECRET)
    query = "select substr(sha256(?::blob || unhex(sha256(?::blob || encode(?)))), 1, 16)"
    [(digits,)] = duckdb.execute(query, [outer, inner, "customer\x1f447700900123"]).fetchall()
    assert label("customer", Pseudonymiser(SECRET).key("customer", "447700900123")) == f"c:{digits[:12]}"


def test_domains_and_secrets_keep_the_same_value_apart():
    one = Pseudonymiser(SECRET)
    assert one.key("customer", "447700900123") != one.key("recipient", "447700900123")
    assert one.key("customer", "447700900123") != Pseudonymiser(SECRET[::-1]).key("customer", "447700900123")


@given(st.text(), st.text())
def test_a_key_fits_a_bigint_and_is_never_zero(domain, value):
    key = Pseudonymiser(SECRET).key(domain, value)
    assert key
    assert -(2**63) <= key < 2**63


@pytest.mark.parametrize(
    ("domain", "letter"),
    [("customer", "c"), ("recipient", "r"), ("session", "s"), ("client", "a"), ("object", "o"), ("device", "d"), ("?", "x")],
)
def test_a_label_has_the_letter_of_its_domain_and_twelve_digits(domain, letter):
    assert label(domain, -1) == f"{letter}:ffffffffffff"
    assert Pseudonymiser(SECRET).label(domain, 0x7F3A91C2D0E41234) == f"{letter}:7f3a91c2d0e4"


def test_the_secret_is_neither_shown_nor_written_down():
    one = Pseudonymiser(SECRET)
    assert SECRET.decode() not in repr(one) + str(one) + f"{one}"
    assert not any(SECRET in bytes(getattr(one, slot)) for slot in one.__slots__ if isinstance(getattr(one, slot), bytes))
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="secret"):
            write(one)


def test_a_short_secret_is_refused():
    with pytest.raises(ConfigError, match="3 bytes") as problem:
        Pseudonymiser(b"abc")
    assert problem.value.hint
