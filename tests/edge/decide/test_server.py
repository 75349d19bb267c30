"""Does the service answer whatever is sent, go on while registries change, end politely, and lose nothing it recorded?"""

import asyncio
import json
import signal
import ssl
import subprocess
import threading
import time
from http.client import HTTPSConnection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

import decisions
from decisions import PATIENCE, asked
from small_operator import BILL_OWNER, BILLS, LOGINS, OWNERSHIP, portal
from whosaw.edge.decide import server
from whosaw.errors import ConfigError
from whosaw.judge.registries import RESTED

LOGIN, EVALUATION = "customer_login", "/access/v1/evaluation"
ANNA = asked((LOGIN, "anna"), "bill", ("bill", "B1"))
PATHS = [EVALUATION, EVALUATION + "s", *(f"/access/v1/search/{part}" for part in ("subject", "resource", "action"))]


def prepared(folder, **decide):
    (folder / "logins.csv").write_text(LOGINS)
    (folder / "bills.csv").write_text(BILLS)
    source = {key: value for key, value in portal().items() if key != "files"} | {"files": ["portal.log"]}
    return {"source": [source], "owner": [BILL_OWNER], "entitlement": [OWNERSHIP], "decide": {"search": True} | decide}


def until(happened, what):
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with decisions.serving(folder, prepared(folder)) as running:
        yield running


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "subject",
                    "action",
                    "resource",
                    "context",
                    "type",
                    "id",
                    "name",
                    "properties",
                    "evaluations",
                    "options",
                    "page",
                    "token",
                    "limit",
                    "time",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=15,
)
MUTATED = st.builds(
    lambda part, value: ANNA | {part: value}, st.sampled_from(["subject", "action", "resource", "context", "page", "evaluations"]), JSON
)


def test_whatever_is_sent_is_answered_and_never_fails(service):
    @settings(max_examples=150)
    @given(st.sampled_from(PATHS), JSON | MUTATED | st.binary(max_size=40))
    def law(path, body):
        status, headers, answer = service.ask(path, body)
        assert status in {200, 400}
        assert headers["cache-control"] == "no-store"
        assert isinstance(answer, dict if status == 200 else str)

    law()
    assert service.ask(EVALUATION, ANNA)[2]["decision"] is True


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "context",
    ['{"time": "9999-12-31T23:59:59-23:59"}', '{"time": "0001-01-01T00:00Z"}', '{"n": 123456789012345678901234567890}', '{"n": "\\u0000"}'],
)
def test_what_is_at_the_edge_of_all_types_is_answered(service, path, context):
    assert service.ask(path, json.dumps(ANNA)[:-1] + f', "context": {context}}}')[0] == 200


def test_a_method_or_path_that_is_none_is_refused(service):
    assert service.ask(EVALUATION, method="GET")[0] == 405
    assert service.ask("/access/v1/other", ANNA)[0] == 404
    assert service.ask("/auth/other", method="GET")[0] == 404
    assert service.ask("/.well-known/authzen-configuration", method="GET")[0] == 404, "it does not know its own address"


def test_a_body_that_is_too_long_is_not_read_to_its_end(service):
    assert service.ask(EVALUATION, b" " * (server.BODY + 1))[0] == 413


def test_envoy_asks_with_any_method_below_its_path(service):
    for method in ("GET", "POST", "DELETE"):
        status, headers, body = service.ask("/auth/envoy/bill/B1?x=/bill/B2", method=method, X_Recipient="anna")
        assert (status, headers["x-decide-verdict"], headers["x-decide-reason"], body) == (
            200,
            "entitled",
            "ownership, A, logins.csv:2",
            b"",
        )
    status, headers, _ = service.ask("/auth/envoy/bill/B2", method="GET", X_Recipient="anna")
    assert (status, headers["x-decide-verdict"], headers["cache-control"]) == (403, "unentitled", "no-store")
    assert service.ask("/auth/envoy/bill/B1", method="GET")[0] == 401


def test_it_says_how_it_stands(service):
    status, _, answer = service.ask("/health", method="GET")
    assert (status, answer["entitlements"], answer["lost"], answer["troubles"]) == (200, 2, 0, {})


def test_only_who_shows_the_token_is_answered(tmp_path):
    with decisions.serving(tmp_path, prepared(tmp_path, secret_env="DECIDE"), {"DECIDE": "a secret of 20 signs"}) as running:
        status, headers, answer = running.ask(EVALUATION, ANNA, X_Request_ID="7")
        assert (status, headers["www-authenticate"], headers["x-request-id"], type(answer)) == (401, "Bearer", "7", str)
        assert running.ask(EVALUATION, ANNA, Authorization="Bearer another")[0] == 401
        assert running.ask(EVALUATION, ANNA, Authorization="Bearer a secret of 20 signs")[2]["decision"] is True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_when_it_is_ended_all_that_was_answered_is_recorded(tmp_path, number):
    with decisions.serving(tmp_path, prepared(tmp_path)) as running:
        answers = running.decisions(*(asked((LOGIN, who), "bill", ("bill", "B1")) for who in ["anna", "bert"] * 50))
        running.stop(number)
        assert (len(running.recorded("shown")), len(running.recorded("stopped"))) == (answers.count(True), answers.count(False)) == (50, 50)


def test_what_was_answered_is_recorded_even_when_it_is_killed(tmp_path):
    with decisions.serving(tmp_path, prepared(tmp_path)) as running:
        running.decisions(*[ANNA] * 20)
        running.stop(signal.SIGKILL)
        assert len(running.recorded("shown")) == 20


def test_a_record_that_was_moved_away_is_opened_anew_when_it_is_told(tmp_path):
    with decisions.serving(tmp_path, prepared(tmp_path)) as running:
        running.decisions(ANNA)
        path = tmp_path / "out" / "decisions" / "shown.jsonl"
        path.rename(path.with_suffix(".1"))
        running.process.send_signal(signal.SIGHUP)
        until(path.exists, "the file is made again")
        running.decisions(ANNA)
        assert len(running.recorded("shown")) == 1
        path.parent.rename(path.parent.with_name("away"))
        path.parent.touch()
        running.process.send_signal(signal.SIGHUP)
        running.decisions(ANNA)
        assert len((path.parent.with_name("away") / "shown.jsonl").read_text().splitlines()) == 2


def test_a_registry_changes_under_load_without_a_wrong_or_a_failed_answer(tmp_path):
    logins = LOGINS + "".join(f"login{i},A{i},,\n" for i in range(100, 140))
    settings = prepared(tmp_path)
    (tmp_path / "logins.csv").write_text(logins)
    with decisions.serving(tmp_path, settings) as running:
        carl, seen, stop = asked((LOGIN, "carl"), "bill", ("bill", "B1")), [], threading.Event()

        def load():
            while not stop.is_set():
                seen.append(tuple(running.decisions(ANNA, carl)))

        thread = threading.Thread(target=load)
        thread.start()
        try:
            until(lambda: len(seen) > 20, "answers")
            (tmp_path / "logins.csv").write_text(logins[:30])  # being written: nobody is locked out meanwhile
            time.sleep(0.2)
            (tmp_path / "logins.csv").write_text(logins + "carl,A1,,\n")
            until(lambda: seen[-1] == (True, True), f"the new row counts {RESTED} s after the last change")
        finally:
            stop.set()
            thread.join()
        assert set(seen) == {(True, False), (True, True)}
        assert seen == sorted(seen), "once taken over, it stays"


def test_two_services_do_not_listen_at_one_port(service):
    with pytest.raises(ConfigError, match="cannot listen"):
        server.listening(("127.0.0.1", service.port))


def test_a_secret_that_is_short_or_missing_is_a_config_error(answering, monkeypatch, tmp_path):
    for value in ("", "short"):
        monkeypatch.setenv("DECIDE", value)
        with pytest.raises(ConfigError, match="holds no secret of at least 16 signs"):
            answering({"decide": {"secret_env": "DECIDE"}})
    with pytest.raises(ConfigError, match="cannot be read"):
        answering({"decide": {"secret_file": "nowhere"}})
    (tmp_path / "token").write_text("0123456789abcdef\n")
    assert answering({"decide": {"secret_file": "token"}}).token == b"0123456789abcdef"


def test_it_answers_over_tls(tmp_path):
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=x -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True)
    with decisions.serving(tmp_path, prepared(tmp_path, cert="cert.pem", key="key.pem")) as running:
        trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        connection = HTTPSConnection("127.0.0.1", running.port, timeout=PATIENCE, context=trust)
        connection.request("POST", EVALUATION, json.dumps(ANNA), {"Content-Type": "application/json"})
        assert json.load(connection.getresponse())["decision"] is True
        connection.close()


def test_a_question_that_never_comes_whole_is_given_up(monkeypatch):
    monkeypatch.setattr(server, "PATIENCE", 0.05)

    async def never():
        await asyncio.sleep(PATIENCE)

    scope = {"type": "http", "method": "POST", "path": EVALUATION, "headers": [(b"content-type", b"application/json")]}
    application = server.Application.__new__(server.Application)
    application._service = server.Service(None, None, None, None, None, b"", "")
    assert asyncio.run(application._body(Request(scope, never))).status == 408
