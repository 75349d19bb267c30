"""A proof can be shown and repeated without an id, a mark or a secret in it."""

import os
import subprocess

import selfcare
from whosaw.config import probing
from whosaw.config.probing import Login
from whosaw.probes.asking.evidence import Veil, variable, worn
from whosaw.probes.asking.marks import Sighting
from whosaw.probes.asking.session import Session
from whosaw.probes.asking.wire import Answer, Request

PORTAL = selfcare.Portal(port=8080)
TARGET = probing.parse(selfcare.document(PORTAL))
VEIL = Veil(TARGET)
BOB = Session(TARGET.url, TARGET.named("bob"), Login(headers={"X-Key": "{key}"}), {"key": "top-secret"})
ASKED = BOB.dressed(Request("POST", f"{TARGET.url}/bills/B-5001?n=447700900101", (("X-Number", "447700900101"),), b'{"id": "B-5001"}'))


def test_a_request_is_shown_with_names_of_variables():
    assert VEIL.shown(ASKED) == "POST /bills/{ANN_BILL}?n={ANN_MSISDN}"
    assert VEIL.ask(BOB, ASKED, Answer(200, (), b"abc")).bytes == 3


def test_what_nobody_has_named_is_masked():
    assert "447700900199" not in VEIL.text("call 447700900199")


def test_curl_has_no_secret_and_no_id():
    line = VEIL.curl(BOB, ASKED)
    assert not any(word in line for word in ("top-secret", "B-5001", "447700900101"))
    assert '-H "X-Key: $BOB_X_KEY"' in line


def test_curl_sends_the_same_request_once_the_variables_are_set(portal):
    started = portal("bill")
    target = probing.parse(selfcare.document(started))
    started.sessions["sid-of-bob"] = "bob"
    bob = Session(target.url, target.named("bob"))
    bob.jar.put(target.url, {"sid": "sid-of-bob"})
    veil = Veil(target)
    line = veil.curl(bob, bob.dressed(Request("GET", f"{target.url}/bills/B-5001")))
    variables = {**veil.variables(), **worn(bob, target.url)}
    said = subprocess.run(["sh", "-c", line], env={**os.environ, **variables}, capture_output=True, text=True, check=True).stdout
    assert started.canaries["ann"] in said


def test_an_excerpt_shows_the_field_and_a_mask():
    ann, canary = TARGET.named("ann"), PORTAL.canaries["ann"]
    shown = VEIL.excerpt(Sighting(ann, canary, "body", '"name": "Ann Ash", "reference": "', '"}'))
    assert shown.startswith('reference": "')
    assert "Ash" not in shown
    assert canary not in shown
    assert "Ash" not in VEIL.excerpt(Sighting(ann, canary, "body", "dear Ann Ash ", ""))


def test_a_variable_is_a_word_of_the_shell():
    assert variable("ann-2", "e-mail") == "ANN_2_E_MAIL"
