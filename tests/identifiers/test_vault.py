"""Where are the clear identifiers kept, and who may look?"""

import os
import stat
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import LedgerError, StorageError
from whosaw.identifiers.vault import Vault, secret

KEY = bytes(range(32))


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_opens_again_and_shows_nothing(value):
    vault = Vault(KEY)
    sealed = vault.seal(value)
    assert vault.open(sealed) == value
    assert len(value) < 4 or value.encode() not in sealed


def test_a_name_is_found_in_the_lot_that_holds_it():
    vault = Vault(KEY)
    lots = [vault.seal('[{"k":-5,"v":"anna"},{"k":7,"v":"b\\u0000\\""}]'), vault.seal('[{"k":9,"v":"carl"}]')]
    assert [vault.name(lots, key) for key in (-5, 7, 9, 8)] == ["anna", 'b\0"', "carl", None]
    assert vault.name([], 7) is None


def test_the_same_value_is_sealed_differently_each_time():
    vault = Vault(KEY)
    assert vault.seal("447700900123") != vault.seal("447700900123")


@pytest.mark.parametrize("damage", [lambda s: s[:-1], lambda s: s[:5], lambda _: b"", lambda s: s[:20] + bytes([s[20] ^ 1]) + s[21:]])
def test_a_damaged_seal_is_one_clear_error(damage):
    vault = Vault(KEY)
    with pytest.raises(LedgerError, match="sealed under another secret, or is damaged") as problem:
        vault.open(damage(vault.seal("447700900123")))
    assert "447700900123" not in str(problem.value)
    assert problem.value.hint


def test_another_secret_opens_nothing():
    with pytest.raises(LedgerError, match="another secret"):
        Vault(bytes(32)).open(Vault(KEY).seal("447700900123"))


def test_a_mark_tells_keys_apart_and_is_no_part_of_them():
    assert Vault(KEY).mark == Vault(KEY).mark != Vault(bytes(32)).mark
    assert Vault(KEY).mark not in KEY.hex()


def test_no_repr_shows_the_key():
    assert repr(Vault(KEY)) == "Vault(sealed)"


def test_a_new_secret_is_for_its_owner_alone_and_stays_the_same(tmp_path):
    path = tmp_path / "keys" / "secret.key"
    before = os.umask(0)
    try:
        made = secret(path)
    finally:
        os.umask(before)
    assert len(made) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret(path) == made
    assert [left.name for left in path.parent.iterdir()] == ["secret.key"]


def test_a_missing_key_of_a_ledger_is_never_made_anew(tmp_path):
    with pytest.raises(LedgerError, match="is gone") as problem:
        secret(tmp_path / "secret.key", make=False)
    assert "put it back" in problem.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"), [(b"", "has 0 bytes"), (b"abcd\n", "has 2 bytes"), (b"hello", "no key file"), (b"\xff\xfe", "no key file")]
)
def test_a_file_that_is_no_key_is_refused_without_showing_it(tmp_path, text, said):
    path = tmp_path / "secret.key"
    path.write_bytes(text)
    with pytest.raises(LedgerError, match=said) as problem:
        secret(path)
    assert "hello" not in str(problem.value)


def test_a_key_that_is_a_folder_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="cannot read or make the key file") as problem:
        secret(tmp_path)
    assert "keys.file" in problem.value.hint


def test_a_crash_while_the_key_is_written_leaves_no_half_key(tmp_path, monkeypatch):
    path = tmp_path / "secret.key"

    def crash(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(StorageError, match="no space left"):
        secret(path)
    assert list(tmp_path.iterdir()) == []


def test_two_who_make_the_key_at_once_get_the_same(tmp_path):
    path, found = tmp_path / "secret.key", []
    start = threading.Barrier(8)

    def ask():
        start.wait()
        found.append(secret(path))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8
