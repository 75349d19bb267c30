"""The customers' file becomes what proxies need, and is never shown."""

import pytest

from policies import KEY, loaded
from whosaw.edge import subscribers
from whosaw.errors import ConfigError, InputError


def test_each_customer_has_what_some_partner_is_told_and_a_token_for_logs(tmp_path):
    policy = loaded(tmp_path)
    known = subscribers.read(policy)
    told = dict(subscribers.told(policy, known))
    assert told["127.0.0.2"]["msisdn_e164"] == "447700900002"
    assert set(told["127.0.0.2"]) == {"msisdn_e164", "msisdn_sha256", "acr_sha256", "sent"}
    assert "4477" not in repr(known)


def test_the_token_is_the_one_that_a_ledger_finds_by_the_same_key(tmp_path):
    from whosaw.identifiers import disguises, profile

    policy = loaded(tmp_path)
    sent = dict(subscribers.told(policy, subscribers.read(policy)))["127.0.0.2"]["sent"]
    forms = dict(disguises("447700900002", profile("GB", ["4477009"]), keys=[KEY]))
    assert forms[sent] == "hmac-sha256:e164:key0"


def test_tables_have_a_row_for_each_customer_that_has_the_value(tmp_path):
    policy = loaded(tmp_path)
    (tmp_path / "subscribers.csv").write_text("address,msisdn,acr\n192.0.2.1,447700900001,\n")
    tables = subscribers.tables(policy, "{address} {value}\n")
    assert tables["msisdn_e164"] == "192.0.2.1 447700900001\n"
    assert tables["acr_sha256"] == ""


def test_rows_that_cannot_be_used_are_shown_by_line(tmp_path):
    policy = loaded(tmp_path)
    (tmp_path / "subscribers.csv").write_text("address,msisdn,acr\nnowhere,447700900001,a\n")
    (rejected,) = subscribers.read(policy).rejected
    assert (rejected.file, rejected.line, rejected.reason) == ("subscribers.csv", 2, "address is none")


def test_a_file_that_is_not_there_is_named(tmp_path):
    policy = loaded(tmp_path)
    (tmp_path / "subscribers.csv").unlink()
    with pytest.raises(InputError, match=r"subscribers\.csv"):
        subscribers.read(policy)


def test_a_column_that_is_missing_is_named(tmp_path):
    policy = loaded(tmp_path)
    (tmp_path / "subscribers.csv").write_text("address,msisdn\n")
    with pytest.raises(ConfigError, match="`acr`"):
        subscribers.read(policy)


@pytest.mark.parametrize("key", [None, "short"])
def test_a_log_key_that_is_missing_or_short_is_refused(tmp_path, key):
    policy = loaded(tmp_path)
    if key is None:
        (tmp_path / "log.key").unlink()
    else:
        (tmp_path / "log.key").write_text(key)
    with pytest.raises(ConfigError, match=r"log\.key_file"):
        subscribers.key_file(policy)
