"""One subscriber's tokens are exactly those that a log can hold, and can be cut out of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.identifiers import TOKEN_PATTERN, disguises, fold, profile, spellings

UK = profile("GB", ["4477009"])
OWN = st.integers(0, 99_999).map(lambda n: f"4477009{n:05}")


def table(number="447700900123", **more):
    return dict(disguises(number, UK, **more))


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("spelling", spellings("447700900123", UK))
def test_the_digest_of_every_spelling_is_in_the_table(digest, spelling):
    token = hashlib.new(digest, spelling.encode()).hexdigest()
    assert table()[token].startswith(f"{digest}:")


def test_forms_name_digest_and_spelling():
    forms = table()
    assert forms[hashlib.new("md5", b"+447700900123", usedforsecurity=False).hexdigest()] == "md5:+e164"
    assert forms[hashlib.sha256(b"07700900123").hexdigest()] == "sha256:national"
    assert forms["447700900123"] == "plain:e164"
    assert forms["447700091032"] == "nibble-swapped:e164"
    assert forms[base64.b64encode(b"7700900123").decode().rstrip("=")] == "base64:bare"
    assert forms[b"+447700900123".hex()] == "hex-ascii:+e164"


def test_salts_and_keys_are_tried_and_never_shown():
    forms = table(salts=["pepper"], keys=["secret-key"])
    assert forms[hashlib.sha256(b"pepper447700900123").hexdigest()] == "sha256:e164:salt0-before"
    assert forms[hashlib.new("md5", b"07700900123pepper", usedforsecurity=False).hexdigest()] == "md5:national:salt0-after"
    assert forms[hmac.new(b"secret-key", b"+447700900123", "sha1").hexdigest()] == "hmac-sha1:+e164:key0"
    assert not any("pepper" in form or "secret" in form for form in forms.values())


@given(OWN)
def test_every_token_is_cut_out_and_folded_as_the_table_holds_it(number):
    for token, form in disguises(number, UK, salts=["s"], keys=["k"]):
        assert re.findall(TOKEN_PATTERN, f"swm_{token}_x={token}==&a={token.upper() if 'md5' in form else token}/@realm") != []
        assert fold(token) == token
        assert re.fullmatch(TOKEN_PATTERN, token)


@given(OWN, OWN)
def test_two_subscribers_share_no_token(one, other):
    shared = {token for token, _ in disguises(one, UK)} & {token for token, _ in disguises(other, UK)}
    assert one == other or not shared


def test_the_engine_cuts_the_same_tokens_as_python():
    text = (
        "id=KzQ0NzcwMDkwMDEyMw==; swm_447700900123_x; h="
        + hashlib.new("md5", b"x", usedforsecurity=False).hexdigest().upper()
        + " short1 a/b"
    )
    [(cut,)] = duckdb.execute("select regexp_extract_all(?, ?)", [text, TOKEN_PATTERN]).fetchall()
    assert cut == re.findall(TOKEN_PATTERN, text)
    assert "KzQ0NzcwMDkwMDEyMw" in cut


def test_only_hex_is_folded():
    assert fold("D41D8CD98F00B204E9800998ECF8427E") == "d41d8cd98f00b204e9800998ecf8427e"
    assert fold("NDQ3NzAwOTAwMTIz") == "NDQ3NzAwOTAwMTIz"
