"""What is open while a case is judged?"""

import pytest

from small_operator import case, judged, line, operator, portal
from whosaw import config, judge
from whosaw.errors import LedgerError
from whosaw.judge.work import opened

HERS = [line("10:00", "anna", account="A1")]


def test_the_key_lies_beside_the_ledger_or_where_the_configuration_says(tmp_path):
    operator(tmp_path, HERS)
    assert case(tmp_path).key_file == tmp_path / "ledger" / "secret.key"
    changes = {"keys": {"file": "keys/own.key"}}
    judged(tmp_path, changes)
    assert (tmp_path / "keys" / "own.key").exists()
    assert not (tmp_path / "ledger" / "secret.key").exists()


def test_one_key_serves_several_ledgers(tmp_path):
    operator(tmp_path, HERS)
    changes = {"keys": {"file": "own.key"}}
    assert judged(tmp_path, changes, ledger="one") == judged(tmp_path, changes, ledger="two")


def test_a_folder_that_is_refused_is_given_no_key(tmp_path):
    operator(tmp_path, HERS)
    (tmp_path / "ledger" / "incoming").mkdir(parents=True)
    (tmp_path / "ledger" / "incoming" / "mine.log").write_text("mine")
    with pytest.raises(LedgerError):
        judged(tmp_path)
    assert [left.name for left in (tmp_path / "ledger").iterdir()] == ["incoming"]


def test_nothing_that_is_open_shows_a_secret(tmp_path):
    operator(tmp_path, HERS)
    made = case(tmp_path, {"operator": {"name": "o", "salts": ["a-secret-salt"]}})
    with opened(made, write=True) as work:
        secret = (tmp_path / "ledger" / "secret.key").read_text().strip()
        shown = repr(work) + repr(made) + repr(work.vault) + repr(work.engine) + repr(work.ledger)
        assert secret not in shown
        assert "a-secret-salt" not in shown


def test_what_is_open_is_closed_after_a_failure_too(tmp_path):
    operator(tmp_path, HERS)
    with pytest.raises(RuntimeError), opened(case(tmp_path), write=True):
        raise RuntimeError
    with opened(case(tmp_path), write=True):
        pass


def test_a_result_says_with_what_it_was_made(tmp_path):
    operator(tmp_path, HERS)
    made = judge.Case(config.parse({"source": [portal()]}), "abc", tmp_path, tmp_path / "ledger")
    result = judge.run(made, made=judged(tmp_path, ledger="x").made, command="whosaw judge", progress=lambda *_: None)
    assert (result.schema, result.config_hash, result.command, result.grouping) == (
        "whosaw.result/1",
        "abc",
        "whosaw judge",
        "whosaw.grouping/1",
    )


def test_the_engine_holds_as_much_memory_as_the_configuration_says(tmp_path):
    operator(tmp_path, [])
    for said, held in (("1200MB", "1.1 GiB"), ("300MB", "286.1 MiB")):
        with opened(case(tmp_path, {"limits": {"memory": said}}), write=True) as work:
            assert work.engine.one("select current_setting('memory_limit')") == (held,)
