"""Does a real rsyslog get through to us, and we to it? Over TCP and TLS, counted and with line ends, with and without certificates."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from servers.conftest import free_port, until
from watch import told
from watch.certificates import Authority
from watch.follow_loop import Loop
from whosaw.watch.channels.forward import Forward
from whosaw.watch.receive import Limits, Listener, Receiver, Route
from whosaw.watch.spool import Spool

HOUR = datetime(2012, 1, 10, 2, 14, tzinfo=UTC)
LINES = 2000


def rsyslogd():
    program = shutil.which("rsyslogd", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
    if program is None:
        pytest.fail("`rsyslogd` is not installed, and this test is about what it really sends: ./dev test installs it")
    return program


def configured(folder, port, action):
    log = folder / "gw.log"
    log.write_bytes(b"".join(b"line %06d with <angle> \xc3\xa9\n" % i for i in range(LINES)))
    (folder / "work").mkdir()
    path = folder / "rsyslog.conf"
    path.write_text(
        f"""global(workDirectory="{folder}/work" maxMessageSize="64k")
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" file="{log}" tag="squid:" severity="info" facility="local0" addMetadata="off")
action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format"
       action.resumeRetryCount="-1" {action})
"""
    )
    return path


@pytest.fixture
def sending(tmp_path):
    running = []

    def start(port, action):
        path = configured(tmp_path, port, action)
        talk = tmp_path / "rsyslog.talk"
        with talk.open("wb") as out:
            process = subprocess.Popen(
                [rsyslogd(), "-n", "-f", path, "-i", tmp_path / "rsyslog.pid"], stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        running.append(process)
        return talk

    yield start
    for process in running:
        process.terminate()
        process.wait(20)


WAYS = {
    "counted": 'TCP_Framing="octet-counted"',
    "lines": 'TCP_Framing="traditional"',
    "tls": 'StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid" StreamDriver.CAFile="{ca}" '
    'StreamDriver.CertFile="{cert}" StreamDriver.KeyFile="{key}" TCP_Framing="octet-counted"',
}


@pytest.mark.parametrize("way", WAYS)
def test_every_line_that_rsyslog_sends_is_spooled_once(tmp_path, sending, way):
    scheme = "tls" if way == "tls" else "tcp"
    authority = Authority(tmp_path)
    (cert, key), (client_cert, client_key) = authority.sign("server"), authority.sign("client")
    routes = (Route("gateway", frozenset({"squid"})),)
    url = f"{scheme}://127.0.0.1:0"
    secured = (str(cert), str(key), str(authority.path)) if scheme == "tls" else ()
    spool = Spool(tmp_path / "ledger")
    receiver = Receiver([Listener(url, routes, "listen", *secured)], spool, now=lambda: HOUR, limits=Limits(flush=0.05))
    receiver.start()
    try:
        talk = sending(receiver.addresses[url][1], WAYS[way].format(ca=authority.path, cert=client_cert, key=client_key))
        until(lambda: receiver.counts.received["gateway"] >= LINES, f"rsyslog sends: {talk.read_text()} {receiver.counts}")
    finally:
        receiver.stop()
    loop = Loop(tmp_path, spool.pattern("gateway"))
    loop.poll()
    Loop.end()
    assert loop.lines() == [f"line {i:06} with <angle> é".encode() for i in range(LINES)]


RECEIVING = """global(workDirectory="{folder}/work" maxMessageSize="64k"
       defaultNetstreamDriverCAFile="{folder}/ca.pem" defaultNetstreamDriverCertFile="{folder}/siem.cert.pem"
       defaultNetstreamDriverKeyFile="{folder}/siem.key.pem")
module(load="imtcp" {driver})
input(type="imtcp" address="127.0.0.1" port="{port}")
template(name="raw" type="string" string="%hostname% %app-name% %msgid% %msg%\\n")
action(type="omfile" file="{folder}/siem.log" template="raw")
"""
DRIVERS = {"tcp": "", "tls": 'streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid"'}


@pytest.mark.parametrize("scheme", DRIVERS)
def test_rsyslog_understands_what_we_tell_it(tmp_path, start, scheme):
    Authority(tmp_path).sign("siem")
    (tmp_path / "work").mkdir()
    port, settings = free_port(), tmp_path / "siem.conf"
    settings.write_text(RECEIVING.format(folder=tmp_path, port=port, driver=DRIVERS[scheme]))
    start("rsyslogd", "-n", "-f", str(settings), "-i", str(tmp_path / "siem.pid"), port=port)
    shown = {"ca": "ca.pem", "cert": "siem.cert.pem", "key": "siem.key.pem"} if scheme == "tls" else {}
    siem = Forward(told.place(tmp_path, kind="syslog", url=f"{scheme}://127.0.0.1:{port}", **shown))
    for one in (told.revision(), told.grown()):
        what = siem.send(one, told.NOW)
        assert what.sent, what.why
    log = tmp_path / "siem.log"
    until(lambda: log.exists() and log.read_bytes().count(b"\n") == 2, "rsyslog writes what it was told")
    found = [line.split(" ", 3) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(app, kind) for _, app, kind, _ in found] == [("whosaw", "new"), ("whosaw", "revised")]
    assert [json.loads(text)["metadata"]["uid"] for *_, text in found] == ["9f3a.INC-2.1", "9f3a.INC-2.2"]
