"""The target files of the live operator are what `whosaw probe` takes, and no password stands in them."""

import tomllib

import pytest

from whosaw.config import probing
from whosaw.drill.live.cast import make_cast
from whosaw.drill.live.targets import text, write_targets


@pytest.fixture
def facts():
    cast = make_cast(7, now=1_326_196_800)
    urls = {name: f"http://127.0.0.1:{port}" for port, name in enumerate(("portal", "bills", "crm"), 8001)}
    return {"urls": urls, "identities": [identity.facts() for identity in cast.identities]}


@pytest.mark.parametrize("app", ["portal", "bills", "crm"])
def test_a_probe_takes_every_target(tmp_path, facts, app):
    write_targets(tmp_path, facts)
    path = tmp_path / f"probe-{app}.toml"
    target = probing.load(path, {})
    assert target.url == facts["urls"][app]
    for identity in target.identity:
        told = next(one for one in facts["identities"] if one["name"] == identity.name)
        assert probing.secret(identity.secrets["password"], tmp_path, {}) == told["password"]
        assert told["password"] not in path.read_text()
    assert (tmp_path / "passwords").stat().st_mode & 0o077 == 0


def test_tables_are_written_as_toml_reads_them():
    table = {"a": 1, "b": ["x"], "c": {"d": {"e": 'q"'}}, "f": [{"g": {"h": True}}, {"g": {}}]}
    assert tomllib.loads(text(table)) == table
