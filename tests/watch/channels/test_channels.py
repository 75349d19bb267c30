import pytest

from watch import told
from whosaw.errors import ConfigError
from whosaw.watch.channels import CHANNELS

MAIL = {"kind": "email", "url": "smtp://127.0.0.1", "sender": "a@operator.example", "to": ["b@operator.example"]}


def test_the_list_holds_every_kind_of_the_configuration():
    assert set(CHANNELS) == {"webhook", "email", "syslog"}


def test_a_secret_comes_from_a_file_or_the_environment_and_is_read_anew_each_time(tmp_path, monkeypatch):
    file = told.place(tmp_path, **MAIL, secret_file="pw")
    for secret in ("one", "two"):
        (tmp_path / "pw").write_text(f"{secret}\n")
        assert file.secret() == secret
    monkeypatch.setenv("PW", "three")
    assert told.place(tmp_path, **MAIL, secret_env="PW").secret() == "three"
    assert told.place(tmp_path, **MAIL).secret() == ""


def test_a_secret_that_is_not_there_is_told_by_its_key(tmp_path):
    with pytest.raises(ConfigError, match=r"`watch.tell\[0\].secret_file` cannot be read: no such file"):
        told.place(tmp_path, **MAIL, secret_file="pw").secret()
    with pytest.raises(ConfigError, match=r"`watch.tell\[0\].secret_env`: `PW` is not set"):
        told.place(tmp_path, **MAIL, secret_env="PW").secret()


@pytest.mark.parametrize("kind", ["webhook", "email", "syslog"])
def test_certificates_that_cannot_be_read_are_told_at_the_start(tmp_path, kind, monkeypatch):
    monkeypatch.setenv("KEY", "whsec_" + "A" * 44)
    urls = {"webhook": "https://127.0.0.1/x", "email": "smtps://127.0.0.1", "syslog": "tls://127.0.0.1:6514"}
    with pytest.raises(ConfigError, match="certificates of `watch"):
        CHANNELS[kind](told.place(tmp_path, **MAIL | {"kind": kind, "url": urls[kind], "ca": "missing.pem", "secret_env": "KEY"}))
