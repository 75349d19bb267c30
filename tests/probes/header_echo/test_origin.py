"""Does an origin answer those who hold the key, and tell everybody else nothing?"""

from datetime import UTC, datetime

import pytest

from whosaw.probes.header_echo.origin import Origin
from whosaw.probes.header_echo.ticket import Gate, issue, opened
from whosaw.wire.http import Request

KEY = b"k" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADERS = (("Host", "a.example"), ("X_MSISDN", "447700900123"))


def asked(target, method="GET"):
    return Origin(Gate(KEY), lambda: NOW)(Request(method, target, HEADERS, "127.0.0.1", secure=False))


@pytest.mark.parametrize("form", ["/{}", "http://a.example/{}", "/{}?msisdn=447700900123"])
def test_what_arrived_is_answered_sealed(form):
    ticket, nonce = issue(KEY, NOW)
    response = asked(form.format(ticket))
    echo = opened(KEY, response.body, nonce)
    assert (response.status, echo.headers, echo.target) == (200, HEADERS, form.format(ticket))
    assert dict(response.headers)["Cache-Control"].startswith("no-store")


FOREIGN = f"/1767225600-{'a' * 32}-{'b' * 32}"


@pytest.mark.parametrize("target", ["/", "/x", "*", FOREIGN, "/9999999" + FOREIGN[1:]])
def test_everybody_else_is_told_nothing(target):
    response = asked(target)
    assert (response.status, response.body) == (404, b"")


def test_only_a_plain_question_is_answered():
    assert asked("/" + issue(KEY, NOW)[0], "POST").status == 404
