"""A report is believed only as it was signed."""

import json
import stat

import pytest

from whosaw.edge.verify.signing import checked, public_key, signed, signing_key
from whosaw.errors import ConfigError, InputError


@pytest.fixture
def key(tmp_path):
    return signing_key(tmp_path / "keys" / "verify.key")


@pytest.fixture
def path(tmp_path, key, report):
    path = tmp_path / "report.json"
    path.write_bytes(signed(report("held", "broken"), key))
    return path


def test_the_key_is_made_once_for_its_owner_alone(tmp_path, key):
    place = tmp_path / "keys" / "verify.key"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert signing_key(place).private_bytes_raw() == key.private_bytes_raw()
    assert public_key(tmp_path / "keys" / "verify.key.pub").public_bytes_raw() == key.public_key().public_bytes_raw()


def test_a_report_is_read_back_as_it_was_signed(path, key, report):
    assert checked(path, key.public_key()) == report("held", "broken")


def test_another_layout_of_the_same_json_is_the_same_report(path, key, report):
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert checked(path, key.public_key()) == report("held", "broken")


@pytest.mark.parametrize(
    ("before", "after"), [('"broken"', '"held"'), ('"1.22.1"', '"1.22.2"'), ('"milliseconds": 7', '"milliseconds": 8')]
)
def test_any_change_is_found(path, key, before, after):
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(InputError, match="was changed after it was signed"):
        checked(path, key.public_key())


def test_another_key_is_found(path, tmp_path):
    with pytest.raises(InputError, match="signed with another key"):
        checked(path, signing_key(tmp_path / "other.key").public_key())


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"signature": {"value": "!"}}', '{"signature": 7}'])
def test_what_is_no_report_is_said(path, key, text):
    path.write_text(text)
    with pytest.raises(InputError, match="is no signed report"):
        checked(path, key.public_key())


def test_a_file_that_is_not_there_or_no_key_is_said(tmp_path, key):
    with pytest.raises(InputError, match="cannot read"):
        checked(tmp_path / "none.json", key.public_key())
    with pytest.raises(ConfigError, match="cannot read the key"):
        public_key(tmp_path / "none.pub")
    (tmp_path / "bad.key").write_text("no key")
    for load in (public_key, signing_key):
        with pytest.raises(ConfigError, match="holds no key"):
            load(tmp_path / "bad.key")
