import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from watch import told
from watch.certificates import Authority
from whosaw.errors import ConfigError
from whosaw.watch import message
from whosaw.watch.channels.webhook import Webhook

KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Hook(ThreadingHTTPServer):
    """A receiver that answers as it is told to, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.answers, self.got = [], []
        self.hold = threading.Event()


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, dict(self.headers.items()), body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (204, {})
        if status == "hang":
            self.server.hold.wait(10)
        elif status == "die":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif status == "babble":
            self.wfile.write(b"hello, I am no web server\r\n\r\n")
        else:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def hook():
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def channel(tmp_path, hook):
    (tmp_path / "secret").write_text(SECRET)
    return Webhook(told.place(tmp_path, kind="webhook", url=f"http://127.0.0.1:{hook.server_port}/in?a=b", secret_file="secret"))


def test_the_message_is_posted_and_signed_as_standard_webhooks_has_it(hook, channel):
    assert channel.send(told.revision(), told.NOW).sent
    ((path, headers, body),) = hook.got
    assert path == "/in?a=b"
    assert body == message.payload(told.revision())
    sent = {name.lower(): value for name, value in headers.items()}
    assert sent["content-type"] == "application/json"
    assert sent["webhook-id"] == "9f3a.INC-2.1"
    assert sent["webhook-timestamp"] == str(int(told.NOW.timestamp()))
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    version, signature = sent["webhook-signature"].split(",")
    assert version == "v1"
    assert base64.b64decode(signature) == hmac.digest(KEY, signed, hashlib.sha256)


def test_while_a_key_is_replaced_both_sign(tmp_path, hook, channel):
    (tmp_path / "secret").write_text(f"whsec_{base64.b64encode(b'n' * 32).decode()}\n{SECRET}\n")
    channel.send(told.revision(), told.NOW)
    signatures = dict(hook.got[0][1].items())["webhook-signature"].split(" ")
    assert len(signatures) == len(set(signatures)) == 2


def test_a_receiver_that_dies_after_it_took_the_message_sees_the_same_id_again(hook, channel):
    hook.answers = [("die", {})]
    first = channel.send(told.revision(), told.NOW)
    second = channel.send(told.revision(), told.NOW + timedelta(minutes=1))
    assert (first.sent, second.sent) == (False, True)
    assert hook.got[0][1]["webhook-id"] == hook.got[1][1]["webhook-id"]
    assert hook.got[0][2] == hook.got[1][2]
    assert hook.got[0][1]["webhook-timestamp"] != hook.got[1][1]["webhook-timestamp"], "it is the time of the try"


@pytest.mark.parametrize(
    ("status", "headers", "why", "wait", "for_good"),
    [
        (500, {}, "it answered 500", None, False),
        (404, {}, "it answered 404", None, False),
        (301, {"location": "/in"}, "it redirects (301), and redirects are not followed", None, False),
        (410, {}, "it is gone (410) and wants no more messages", None, True),
        (429, {"retry-after": "120"}, "it answered 429", 120, False),
        (503, {"retry-after": "Tue, 17 Jan 2012 12:05:00 GMT"}, "it answered 503", 300, False),
        (429, {"retry-after": "Mon, 16 Jan 2012 12:05:00 GMT"}, "it answered 429", 0, False),
        (429, {"retry-after": "999999999999"}, "it answered 429", 86400, False),
        (429, {"retry-after": "soon"}, "it answered 429", None, False),
        ("babble", {}, "its answer was not HTTP", None, False),
    ],
)
def test_every_other_answer_has_its_reason(hook, channel, status, headers, why, wait, for_good):
    hook.answers = [(status, headers)]
    what = channel.send(told.revision(), told.NOW)
    assert (what.sent, what.why, what.for_good) == (False, why, for_good)
    assert what.wait == (None if wait is None else timedelta(seconds=wait))
    assert len(hook.got) == 1


def test_a_receiver_that_hangs_is_not_waited_for_longer_than_said(tmp_path, hook, channel):
    hook.answers = [("hang", {})]
    channel._place = told.Place(channel._place.tell, tmp_path, "watch.tell[0]", 0.2)
    assert channel.send(told.revision(), told.NOW).why == "it did not answer in time"


def test_a_receiver_that_is_away_is_told(tmp_path, hook, channel):
    hook.shutdown()
    hook.server_close()
    assert channel.send(told.revision(), told.NOW).why == "connection refused"


def test_only_a_receiver_whose_certificate_is_trusted_gets_a_message(tmp_path, hook):
    authority = Authority(tmp_path)
    (tmp_path / "secret").write_text(SECRET)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign("hook"))
    hook.socket = context.wrap_socket(hook.socket, server_side=True)
    url = f"https://127.0.0.1:{hook.server_port}/in"
    hook.handle_error = lambda *_: None
    trusting = Webhook(told.place(tmp_path, kind="webhook", url=url, secret_file="secret", ca="ca.pem"))
    assert trusting.send(told.revision(), told.NOW).sent
    doubting = Webhook(told.place(tmp_path, kind="webhook", url=url, secret_file="secret"))
    assert doubting.send(told.revision(), told.NOW).why.startswith("its certificate is not trusted")
    assert len(hook.got) == 1


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "hunter2", "whsec_" + "A" * 400])
def test_a_secret_that_is_no_signing_key_is_told_at_the_start_and_not_shown(tmp_path, secret):
    (tmp_path / "secret").write_text(secret)
    with pytest.raises(ConfigError, match="is no signing key") as problem:
        Webhook(told.place(tmp_path, kind="webhook", url="https://127.0.0.1/in", secret_file="secret"))
    assert "hunter2" not in problem.value.message


def test_a_secret_that_vanishes_is_the_outcome(tmp_path, channel):
    (tmp_path / "secret").unlink()
    assert "cannot be read" in channel.send(told.revision(), told.NOW).why


def test_a_message_holds_no_clear_identifier_of_a_customer(hook, channel):
    channel.send(told.revision(), told.NOW)
    scope = json.loads(hook.got[0][2])["data"]["scope"]
    assert set(scope) >= {"customers", "recipients", "cause"}
    assert "447700900" not in hook.got[0][2].decode()
