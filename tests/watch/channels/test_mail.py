import ssl
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from servers.conftest import free_port
from watch import told
from watch.certificates import Authority
from whosaw.watch.channels.mail import Mail

TO = ["privacy@operator.example", "duty@operator.example"]


class Post:
    """A mail server's mind: it keeps what it takes, and refuses what it is told to."""

    def __init__(self):
        self.got, self.refuse, self.answer = [], set(), "250 taken"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd calls it so
        if address in self.refuse:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        if self.answer.startswith("250"):
            self.got.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return self.answer


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def server(tmp_path, post, authority):
    running = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign("mail"))

    def start(*, implicit=False, offer=True, **options):
        options |= {"ssl_context": context} if implicit else {"tls_context": context} if offer else {}
        controller = Controller(post, hostname="127.0.0.1", port=free_port(), **options)
        controller.start()
        running.append(controller)
        return controller.port

    yield start
    for controller in running:
        controller.stop()


def channel(folder, port, scheme="smtp", **more):
    return Mail(
        told.place(
            folder, kind="email", url=f"{scheme}://127.0.0.1:{port}", sender="whosaw@operator.example", to=TO, **({"ca": "ca.pem"} | more)
        )
    )


def test_a_mail_says_what_the_message_says_to_all_over_starttls(tmp_path, server, post):
    assert channel(tmp_path, server(require_starttls=True)).send(told.revision(), told.NOW).sent
    ((to, letter),) = post.got
    assert to == TO
    assert letter["subject"] == "[whosaw] INC-2 r1: account-mixup on portal, at least 63 customers, severity high"
    assert letter["message-id"] == "<9f3a.INC-2.1@operator.example>"
    assert letter["in-reply-to"] is None
    assert letter["auto-submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain"
    assert "whosaw explain INC-2" in letter.get_content()


def test_a_revision_answers_the_first_one_and_the_same_one_bears_the_same_id(tmp_path, server, post):
    mail = channel(tmp_path, server())
    for one in (told.revision(), told.grown(), told.grown()):
        assert mail.send(one, told.NOW).sent
    letters = [letter for _, letter in post.got]
    assert [letter["message-id"].split("@")[0] for letter in letters] == ["<9f3a.INC-2.1", "<9f3a.INC-2.2", "<9f3a.INC-2.2"]
    assert letters[1]["in-reply-to"] == letters[1]["references"] == letters[0]["message-id"]


def test_it_goes_over_tls_from_the_first_byte_as_well(tmp_path, server, post):
    assert channel(tmp_path, server(implicit=True), "smtps").send(told.revision(), told.NOW).sent
    assert len(post.got) == 1


def test_where_starttls_is_not_offered_nothing_is_sent_unless_that_was_said(tmp_path, server, post):
    port = server(offer=False)
    assert "does not offer" in channel(tmp_path, port).send(told.revision(), told.NOW).why
    assert post.got == []
    assert channel(tmp_path, port, starttls=False).send(told.revision(), told.NOW).sent


def test_a_server_that_is_not_trusted_gets_nothing(tmp_path, server, post):
    assert "certificate is not trusted" in channel(tmp_path, server(), ca="").send(told.revision(), told.NOW).why
    assert post.got == []


def test_it_logs_in_where_a_name_is_given(tmp_path, server, post, monkeypatch):
    monkeypatch.setenv("PW", "right")

    def check(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=data.login == b"whosaw" and data.password == b"right", handled=False)

    port = server(authenticator=check, auth_required=True)
    assert channel(tmp_path, port, username="whosaw", secret_env="PW").send(told.revision(), told.NOW).sent
    monkeypatch.setenv("PW", "wrong")
    what = channel(tmp_path, port, username="whosaw", secret_env="PW").send(told.revision(), told.NOW)
    assert what.why == "it answered 535"


def test_who_is_refused_is_told_and_the_others_get_it(tmp_path, server, post):
    post.refuse = {TO[1]}
    what = channel(tmp_path, server()).send(told.revision(), told.NOW)
    assert (what.sent, what.why) == (True, "1 of 2 receivers were refused")
    assert post.got[0][0] == TO[:1]
    post.refuse = set(TO)
    what = channel(tmp_path, server()).send(told.revision(), told.NOW)
    assert (what.sent, what.why) == (False, "it refused every receiver")


def test_a_server_that_is_busy_or_away_is_told(tmp_path, server, post):
    post.answer = "451 greylisted"
    assert channel(tmp_path, server()).send(told.revision(), told.NOW).why == "it answered 451"
    assert channel(tmp_path, free_port()).send(told.revision(), told.NOW).why == "connection refused"
