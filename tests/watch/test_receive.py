import socket
import ssl
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from watch.certificates import Authority
from watch.follow_loop import Loop
from whosaw import config
from whosaw.errors import ConfigError
from whosaw.watch.receive import NO_SOURCE, NO_TLS, TOO_MANY, Limits, Listener, Receiver, Route, listeners
from whosaw.watch.spool import Spool
from whosaw.watch.syslog import OLD_FORM, UNFINISHED

HOUR = datetime(2012, 1, 10, 2, 14, tzinfo=UTC)
TCP = "tcp://127.0.0.1:0"
TLS = "tls://127.0.0.1:0"


def message(i, app="squid", host="gw1"):
    return b"<134>1 2012-01-10T02:14:07Z %b %b - - - line %06d" % (host.encode(), app.encode(), i)


def counted(*messages):
    return b"".join(b"%d %b" % (len(m), m) for m in messages)


def until(happened):
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end, "waited 10 s in vain"
        time.sleep(0.01)


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path)


@pytest.fixture
def started(spool):
    running = []

    def start(*listeners, limits=Limits(flush=0.02)):  # noqa: B008 - frozen
        receiver = Receiver(listeners, spool, now=lambda: HOUR, limits=limits)
        running.append(receiver)
        receiver.start()
        return receiver

    yield start
    for receiver in running:
        receiver.stop()


@pytest.fixture
def spooled(tmp_path, spool):
    """Return the lines of a source that the one who follows the spool gets."""
    loops = {}

    def lines(source):
        loops.setdefault(source, Loop(tmp_path, spool.pattern(source))).poll()
        return loops[source].lines()

    yield lines
    Loop.end()


def hung_up(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def connect(receiver, url=TCP, context=None):
    plain = socket.create_connection(receiver.addresses[url], timeout=5)
    return context.wrap_socket(plain, server_hostname="localhost") if context else plain


def test_what_many_senders_send_at_once_is_spooled_each_line_once(started, spooled):
    receiver = started(Listener(TCP, (Route("gateway"),)))
    with ExitStack() as stack:
        senders = [stack.enter_context(connect(receiver)) for _ in range(20)]
        for i in range(50):
            for n, sender in enumerate(senders):
                one = message(n * 1000 + i)
                sender.sendall(one + b"\n" if n % 2 else counted(one))
    until(lambda: receiver.counts.received["gateway"] == 1000)
    receiver.stop()
    assert spooled("gateway") == [b"line %06d" % (n * 1000 + i) for n in range(20) for i in range(50)]
    assert not receiver.counts.refused


def test_messages_go_to_the_source_that_takes_their_application_and_host(started, spooled):
    routes = (Route("squid", frozenset({"squid"}), frozenset({"gw1"})), Route("portal", frozenset({"nginx", "portal"})))
    receiver = started(Listener(TCP, routes))
    with connect(receiver) as sender:
        sender.sendall(counted(message(1), message(2, "nginx"), message(3, host="gw2"), message(4, "cron")))
    until(lambda: sum(receiver.counts.refused.values()) == 2)
    receiver.stop()
    assert spooled("squid") == [b"line 000001"]
    assert spooled("portal") == [b"line 000002"]
    assert receiver.counts.refused == {(TCP, NO_SOURCE): 2}


def test_what_is_refused_is_counted_with_its_reason_and_the_rest_is_taken(started, spooled):
    receiver = started(Listener(TCP, (Route("gateway"),)), limits=Limits(message=100, flush=0.02))
    with connect(receiver) as sender:
        sender.sendall(b"<13>Oct 11 22:14:15 gw su: hello\n" + counted(message(1), message(2) + b"x" * 200, message(3)) + b"70 <134>1 cut")
    until(lambda: sum(receiver.counts.refused.values()) == 3)
    receiver.stop()
    assert spooled("gateway") == [b"line 000001", b"line 000003"]
    assert receiver.counts.refused == {(TCP, OLD_FORM): 1, (TCP, "is longer than 100 bytes"): 1, (TCP, UNFINISHED): 1}


def test_a_sender_that_stops_in_the_middle_of_a_message_is_let_go_and_an_idle_one_is_not(started):
    receiver = started(Listener(TCP, (Route("gateway"),)), limits=Limits(unfinished=0.2, flush=0.02))
    with connect(receiver) as slow, connect(receiver) as idle:
        slow.sendall(b"100 <134>1")
        until(lambda: receiver.counts.refused[TCP, UNFINISHED] == 1)
        assert slow.recv(1) == b""
        idle.sendall(counted(message(1)))
        until(lambda: receiver.counts.received["gateway"] == 1)


def test_one_sender_cannot_take_all_connections_for_ever(started):
    receiver = started(Listener(TCP, (Route("gateway"),)), limits=Limits(connections=2, flush=0.02))
    with connect(receiver), connect(receiver):
        until(lambda: receiver.counts.connections == 2)
        with connect(receiver) as third:
            until(lambda: receiver.counts.refused[TCP, TOO_MANY] == 1)
            assert hung_up(third)
    until(lambda: receiver.counts.connections == 0)


def test_while_the_disk_is_full_nothing_more_is_read_and_nothing_is_lost(started, spooled, spool):
    spool.limit = -1
    receiver = started(Listener(TCP, (Route("gateway"),)))
    with connect(receiver) as sender:
        sender.sendall(counted(message(1)))
        until(lambda: receiver.counts.trouble)
        assert receiver.counts.trouble == "the spool cannot be written: it holds as much as it may"
        sender.sendall(counted(message(2)))
        spool.limit = 1 << 20
        until(lambda: receiver.counts.received["gateway"] == 2 and not receiver.counts.trouble)
    receiver.stop()
    assert spooled("gateway") == [b"line 000001", b"line 000002"]


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def listener(authority, **more):
    cert, key = authority.sign("server")
    return Listener(TLS, (Route("gateway"),), "source[0]", str(cert), str(key), **more)


def test_messages_come_over_tls(started, authority):
    receiver = started(listener(authority))
    with connect(receiver, TLS, ssl.create_default_context(cafile=authority.path)) as sender:
        sender.sendall(counted(message(1), message(2)))
        until(lambda: receiver.counts.received["gateway"] == 2)


def test_a_sender_that_hangs_up_right_after_its_last_message_loses_none(started, authority):
    receiver = started(listener(authority))
    with connect(receiver, TLS, ssl.create_default_context(cafile=authority.path)) as sender:
        sender.sendall(counted(*(message(i) + b" " * 1000 for i in range(20_000))))
    until(lambda: receiver.counts.received["gateway"] == 20_000)


def test_only_senders_with_a_certificate_of_the_authority_are_heard(started, authority, tmp_path):
    receiver = started(listener(authority, client_ca=str(authority.path)))
    (tmp_path / "other").mkdir()
    for signer, heard in ((None, 0), (Authority(tmp_path / "other", "other"), 0), (authority, 1)):
        context = ssl.create_default_context(cafile=authority.path)
        if signer:
            context.load_cert_chain(*signer.sign("client"))
        try:
            with connect(receiver, TLS, context) as sender:
                sender.sendall(counted(message(1)))
                if heard:
                    until(lambda: receiver.counts.received["gateway"] == 1)
                else:
                    sender.recv(1)
        except (ssl.SSLError, ConnectionError):
            assert not heard
        assert receiver.counts.received["gateway"] == heard
    until(lambda: receiver.counts.refused[TLS, NO_TLS] == 2)


def test_who_speaks_no_tls_is_counted_and_costs_nobody_else(started, authority):
    receiver = started(listener(authority))
    with connect(receiver, TLS) as plain:
        plain.sendall(counted(message(1)))
        until(lambda: receiver.counts.refused[TLS, NO_TLS] == 1)
    with connect(receiver, TLS, ssl.create_default_context(cafile=authority.path)) as sender:
        sender.sendall(counted(message(2)))
        until(lambda: receiver.counts.received["gateway"] == 1)


def test_a_version_of_tls_that_is_not_safe_is_not_spoken(authority):
    assert listener(authority).context().minimum_version == ssl.TLSVersion.TLSv1_2


# --- the configuration ----------------------------------------------------------------------------------------------


def test_sources_that_share_an_address_share_a_listener_in_their_order(tmp_path):
    def source(name, listen, **syslog):
        return {"name": name, "channel": "x", "listen": listen, "syslog": syslog}

    tls = {"cert": "c.pem", "key": "/keys/k.pem"}
    told = config.parse(
        {
            "source": [
                source("squid", "tcp://127.0.0.1:5514", app="squid"),
                {"name": "file", "channel": "x", "files": ["a.log"]},
                source("portal", "tls://127.0.0.1:6514", host=["p1", "p2"], **tls),
                source("rest", "tcp://127.0.0.1:5514"),
            ]
        }
    )
    plain, secured = listeners(told.source, tmp_path)
    assert [(r.source, r.apps, r.hosts) for r in plain.routes] == [
        ("squid", frozenset({"squid"}), frozenset()),
        ("rest", frozenset(), frozenset()),
    ]
    assert (plain.key, plain.cert, plain.client_ca) == ("source[0]", "", "")
    assert (secured.cert, secured.private_key) == (str(tmp_path / "c.pem"), "/keys/k.pem")
    assert secured.routes[0].hosts == {"p1", "p2"}


# --- the start ------------------------------------------------------------------------------------------------------


def test_an_address_that_cannot_be_listened_at_is_told_by_its_key(started):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match=r"cannot listen at `tcp://127.0.0.1:\d+` of `source\[0\].listen`: .*in use"):
            started(Listener(f"tcp://127.0.0.1:{taken.getsockname()[1]}", (), "source[0]"))


def test_a_certificate_that_cannot_be_read_is_told_by_its_key(started):
    with pytest.raises(ConfigError, match=r"the certificates of `source\[0\].syslog` cannot be used: no such file"):
        started(Listener(TLS, (), "source[0]", "missing.pem", "missing.key"))
