"""Is this content the one we know, or the same and longer?"""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.engine import fingerprint as module
from whosaw.engine.fingerprint import EMPTY, Fingerprint, fingerprint

SMALL, HEAD = 16, 24


@pytest.fixture(autouse=True, scope="module")
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", SMALL)
        patch.setattr(module, "HEAD", HEAD)
        yield


def chained(data):
    """The definition, written down once more."""
    chain = EMPTY
    for i in range(0, len(data), SMALL):
        chain = hashlib.sha256(chain + data[i : i + SMALL]).digest()
    return chain.hex()


def fed(pieces, into=None):
    found = into or Fingerprint()
    for piece in pieces:
        found.update(piece)
    return found


@given(st.lists(st.binary(max_size=3 * SMALL), max_size=8))
def test_any_cutting_gives_the_same_digest(pieces):
    whole = b"".join(pieces)
    assert fed(pieces).hexdigest() == chained(whole) == fingerprint(whole)
    assert (fed(pieces).size, fed(pieces).head) == (len(whole), chained(whole[:HEAD]))


@given(st.binary(max_size=6 * SMALL), st.binary(max_size=3 * SMALL))
def test_what_is_continued_is_what_is_read_whole(begin, more):
    first = fed([begin])
    again = Fingerprint.continued(first.state)
    again.update(begin[again.offset :])
    assert (again.hexdigest(), again.state, again.size) == (first.hexdigest(), first.state, len(begin))
    again.update(more)
    whole = fed([begin + more])
    assert (again.hexdigest(), again.size) == (whole.hexdigest(), whole.size)
    assert (again.state, again.head) == (whole.state, whole.head)


@given(st.binary(min_size=1, max_size=6 * SMALL), st.data())
def test_at_least_one_whole_block_is_compared_again_if_there_is_one(data, draw):
    offset = Fingerprint.continued(fed([data]).state).offset
    assert offset == 0 if len(data) < SMALL else SMALL <= len(data) - offset < 2 * SMALL
    changed = bytearray(data)
    changed[draw.draw(st.integers(offset, len(data) - 1))] ^= 1
    again = Fingerprint.continued(fed([data]).state)
    again.update(bytes(changed[offset:]))
    assert again.hexdigest() != fingerprint(data)


@given(st.binary(max_size=3 * SMALL), st.binary(max_size=2 * SMALL), st.binary(max_size=2 * SMALL))
def test_a_copy_goes_its_own_way(begin, one, other):
    first = fed([begin])
    second = first.copy()
    first.update(one)
    second.update(other)
    assert (first.hexdigest(), second.hexdigest()) == (fingerprint(begin + one), fingerprint(begin + other))


def test_a_link_of_the_chain_is_not_the_content_of_a_shorter_file():
    block, rest = b"a" * SMALL, b"bcd"
    link = bytes.fromhex(fingerprint(block))
    assert fingerprint(block + rest) == hashlib.sha256(link + rest).hexdigest()
    assert fingerprint(block + rest) != fingerprint((link + rest)[:SMALL])
    assert fingerprint(link) == hashlib.sha256(hashlib.sha256(EMPTY + link[:SMALL]).digest() + link[SMALL:]).hexdigest()


def test_nothing_has_the_digest_that_everybody_knows():
    assert Fingerprint().hexdigest() == hashlib.sha256(b"").hexdigest()


def test_a_state_is_small_text():
    assert len(fed([b"x" * 1000]).state) < 150


@pytest.mark.parametrize(
    "state", ["", "1", "x:" + "0" * 64, "1:" + "0" * 64, "1:" + "0" * 63 + ":", "-1:" + "0" * 64 + ":", "1:" + "0" * 64 + ":0"]
)
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ValueError, match="is no state"):
        Fingerprint.continued(state)
