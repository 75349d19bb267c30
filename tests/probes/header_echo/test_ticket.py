"""Is an echo given once, within minutes, and only to whoever holds the key; can nobody else read or forge it?"""

from datetime import UTC, datetime, timedelta

import pytest

from whosaw.probes.header_echo import ticket
from whosaw.probes.header_echo.ticket import FRESH, Gate, issue, keyed, opened
from whosaw.wire.http import Request

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NUMBER = "447700900123"


def test_a_ticket_is_good_once():
    gate = Gate(KEY)
    one, nonce = issue(KEY, NOW)
    assert gate.nonce(one, NOW) == nonce
    assert gate.nonce(one, NOW) is None


@pytest.mark.parametrize("late", [FRESH + timedelta(seconds=1), -FRESH - timedelta(seconds=1)])
def test_a_ticket_is_good_for_minutes(late):
    assert Gate(KEY).nonce(issue(KEY, NOW)[0], NOW + late) is None


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: "9" + t, lambda _: "", lambda t: t + "é"])
def test_a_ticket_that_is_changed_or_of_another_key_is_none(change):
    assert Gate(KEY).nonce(change(issue(KEY, NOW)[0]), NOW) is None
    assert Gate(KEY).nonce(issue(OTHER, NOW)[0], NOW) is None


def test_used_tickets_are_remembered_within_bounds(monkeypatch):
    monkeypatch.setattr(ticket, "MOST", 3)
    gate = Gate(KEY)
    for _ in range(5):
        gate.nonce(issue(KEY, NOW)[0], NOW)
    assert repr(gate) == "Gate(3 used)"


def test_an_echo_is_read_by_whoever_holds_the_key_and_for_its_ticket():
    headers = (("X-MSISDN", NUMBER),)
    body = Gate(KEY).sealed("n1", Request("GET", "/t", headers, "127.0.0.1", secure=False), headers)
    assert NUMBER.encode() not in body
    assert opened(KEY, body, "n1").headers == headers
    assert repr(opened(KEY, body, "n1")) == "Echo(1 headers)"
    assert opened(KEY, body, "n2") is None
    assert opened(OTHER, body, "n1") is None
    assert [opened(KEY, bad, "n1") for bad in (b"", b"<html>", body[:-4] + b"AAAA", "é".encode())] == [None] * 4


def test_the_same_value_is_known_again_and_means_nothing_without_the_key():
    assert keyed(KEY, NUMBER) == keyed(KEY, NUMBER) != keyed(OTHER, NUMBER)
    assert NUMBER not in keyed(KEY, NUMBER)
