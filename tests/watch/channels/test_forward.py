import json
import socket
import threading
from datetime import UTC, datetime

import pytest

from servers.conftest import free_port, until
from watch import told
from watch.certificates import Authority
from watch.follow_loop import Loop
from whosaw.watch import message
from whosaw.watch.channels.forward import Forward, frame
from whosaw.watch.receive import Limits, Listener, Receiver, Route
from whosaw.watch.spool import Spool
from whosaw.watch.syslog import Frames, Message, parse


def test_one_frame_carries_one_finding():
    (body,) = Frames(1 << 20).feed(frame(told.revision(), told.NOW, "whosaw.operator.example"))
    assert body.startswith(b"<105>1 2012-01-17T12:00:00Z whosaw.operator.example whosaw - new - ")
    assert parse(body) == Message("whosaw.operator.example", "whosaw", message.finding(told.revision()))


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_our_own_receiver_understands_it(tmp_path, scheme):
    cert, key = Authority(tmp_path).sign("siem")
    secured = (str(cert), str(key), str(tmp_path / "ca.pem")) if scheme == "tls" else ()
    spool, url = Spool(tmp_path / "ledger"), f"{scheme}://127.0.0.1:0"
    hour = datetime(2012, 1, 17, 12, tzinfo=UTC)
    receiver = Receiver([Listener(url, (Route("siem"),), "listen", *secured)], spool, now=lambda: hour, limits=Limits(flush=0.02))
    receiver.start()
    shown = {"ca": "ca.pem", "cert": "siem.cert.pem", "key": "siem.key.pem"} if scheme == "tls" else {}
    try:
        address = f"{scheme}://127.0.0.1:{receiver.addresses[url][1]}"
        assert Forward(told.place(tmp_path, kind="syslog", url=address, **shown)).send(told.revision(), told.NOW).sent
        until(lambda: receiver.counts.received["siem"] == 1, "the message")
        if scheme == "tls":
            what = Forward(told.place(tmp_path, kind="syslog", url=address, ca="ca.pem")).send(told.revision(), told.NOW)
            assert not what.sent, "without a certificate nobody is heard, and that is noticed"
    finally:
        receiver.stop()
    loop = Loop(tmp_path, spool.pattern("siem"))
    loop.poll()
    Loop.end()
    assert [json.loads(line)["finding_info"]["uid_alt"] for line in loop.lines()] == ["INC-2"]


def test_a_receiver_that_is_away_or_breaks_off_is_told(tmp_path):
    away = Forward(told.place(tmp_path, kind="syslog", url=f"tcp://127.0.0.1:{free_port()}"))
    assert away.send(told.revision(), told.NOW).why == "connection refused"

    def break_off(server):
        connection, _ = server.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=break_off, args=(server,))
        thread.start()
        rude = Forward(told.place(tmp_path, kind="syslog", url=f"tcp://127.0.0.1:{server.getsockname()[1]}"))
        assert not rude.send(told.revision(), told.NOW).sent
        thread.join()
