import pytest

from whosaw import config
from whosaw.config.watching import endpoint
from whosaw.errors import ConfigError

SOURCE = {"name": "gateway", "channel": "gateway", "files": ["a.log"]}
WEBHOOK = {"kind": "webhook", "url": "https://hooks.example/in", "secret_env": "HOOK"}
MAIL = {"kind": "email", "url": "smtp://mail.example", "sender": "whosaw@operator.example", "to": ["privacy@operator.example"]}
SYSLOG = {"kind": "syslog", "url": "tls://siem.example:6514"}


def source(**more):
    return {"source": [SOURCE | {"files": []} | more]}


def tell(*those):
    return {"watch": {"tell": list(those)}}


def test_a_source_may_listen_instead_of_lying_somewhere():
    parsed = config.parse(source(listen="tls://0.0.0.0:6514", syslog={"app": "squid", "cert": "c.pem", "key": "k.pem"}))
    assert parsed.source[0].syslog.app == "squid"
    assert config.parse(source(listen="tcp://[::1]:5514")).source[0].files == []


def test_everybody_may_be_told_and_the_defaults_hold():
    parsed = config.parse(tell(WEBHOOK, MAIL, SYSLOG))
    assert [one.channel for one in parsed.watch.tell] == ["webhook", "email", "syslog"]
    assert (parsed.watch.batch, parsed.watch.keep_trying) == ("2s", "3d")
    assert parsed.watch.tell[0].when == ("new", "revised", "withdrawn")


def test_the_address_of_a_webhook_is_not_in_its_repr():
    assert "hooks.example" not in repr(config.parse(tell(WEBHOOK)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (source(), "`source[0].files` is empty"),
        (source(listen="udp://127.0.0.1:514"), "`source[0].listen` is no address"),
        (source(listen="tcp://127.0.0.1"), "`source[0].listen` is no address"),
        (source(listen="tcp://127.0.0.1:99999"), "`source[0].listen` is no address"),
        (source(listen="tls://127.0.0.1:6514"), "`source[0].syslog` lacks `cert` or `key`"),
        (source(listen="tcp://127.0.0.1:5514", syslog={"client_ca": "ca.pem"}), "names certificates"),
        (source(files=["a"], syslog={"app": "squid"}), "`source[0].syslog` is set without `source[0].listen`"),
        ({"watch": {"batch": "0s"}}, "`watch.batch` is nothing"),
        ({"watch": {"batch": "soon"}}, "`watch.batch` is `soon`"),
        ({"watch": {"connections": 0}}, "`watch.connections` is `0`"),
        ({"watch": {"metrics": "localhost"}}, "`watch.metrics` is `localhost`"),
        ({"watch": {"tells": []}}, "`watch.tells` is not a known key"),
        (
            tell(WEBHOOK | {"url": "ftp://hooks.example"}),
            "`watch.tell[0].url` is no address, expected https://host:port or http://host:port",
        ),
        (tell(WEBHOOK | {"url": "https://me:secret@hooks.example"}), "`watch.tell[0].url` is no address"),
        (tell(WEBHOOK | {"secret_env": ""}), "`watch.tell[0]` lacks `secret_file` or `secret_env`"),
        (tell(WEBHOOK | {"secret_file": "x"}), "`watch.tell[0]` has both"),
        (tell(WEBHOOK | {"timeout": "0s"}), "`watch.tell[0].timeout` is nothing"),
        (tell(WEBHOOK | {"when": ["never"]}), "`watch.tell[0].when[0]`"),
        (tell(WEBHOOK | {"severity": "huge"}), "`watch.tell[0].severity`"),
        (tell(WEBHOOK, WEBHOOK), "`watch.tell.name` `webhook` stands twice"),
        (tell(MAIL | {"to": []}), "`watch.tell[0]` lacks `sender` or `to`"),
        (tell(SYSLOG | {"url": "tcp://siem.example"}), "`watch.tell[0].url` is no address"),
    ],
)
def test_what_is_wrong_is_told_by_its_key_and_with_a_hint(data, message):
    with pytest.raises(ConfigError) as told:
        config.parse(data)
    assert message in told.value.message
    assert "secret@" not in told.value.message
    assert told.value.hint


def listening(*those):
    return {"source": [SOURCE | {"name": f"s{i}", "listen": "tcp://127.0.0.1:5514", "syslog": one} for i, one in enumerate(those)]}


def test_sources_that_share_an_address_tell_their_messages_apart():
    assert config.parse(listening({"app": "squid"}, {"host": ["gw1"]}, {}))
    with pytest.raises(ConfigError, match=r"`source\[0\].syslog` takes every message"):
        config.parse(listening({}, {"app": "squid"}))


def test_sources_that_share_an_address_share_its_certificates():
    data = listening({"app": "squid"}, {"app": "nginx"})
    for i, one in enumerate(data["source"]):
        one["listen"] = "tls://127.0.0.1:6514"
        one["syslog"] |= {"cert": f"{i}.pem", "key": "k.pem"}
    with pytest.raises(ConfigError, match="differ in `cert`"):
        config.parse(data)


def test_a_mere_port_of_the_endpoint_means_this_machine_alone():
    assert endpoint("9464") == endpoint(":9464") == ("127.0.0.1", 9464)
    assert endpoint("[::1]:9464") == ("::1", 9464)
