"""What was decided is a line the ledger can read, without a number; another policy counts from when it can be read."""

import json
from datetime import UTC, datetime

import pytest

from policies import GROUND, PARTNERS, loaded, written
from whosaw.edge import policy as policies
from whosaw.edge.icap import service
from whosaw.edge.icap.server import UNCHANGED
from whosaw.edge.record import keyed
from whosaw.engine.duckdb import Engine
from whosaw.errors import ConfigError
from whosaw.identifiers import Pseudonymiser, profile

NOW = datetime(2026, 1, 15, tzinfo=UTC)
PAGE = '[[page]]\nroute = "/account"\nshown = "regex:Account (A-[0-9]+)"\nown = "request:X-Session-Customer"\nmode = "block"\n'
DIRTY = b"GET http://news.example/ HTTP/1.1\r\nHost: news.example\r\nX-Foo: 447700900002\r\nX-IMSI: 234109999999999\r\n\r\n"


def lines(folder, outcome):
    return [json.loads(line) for line in (folder / "record" / f"{outcome}.jsonl").read_text().splitlines()]


def test_what_was_stopped_is_recorded_without_a_number(edge, tmp_path):
    assert edge.request(DIRTY, "127.0.0.2").head is not None
    first, second = lines(tmp_path, "stopped")
    assert (first["place"], first["wrapping"], first["site"]) == ("header:X-Foo", "plain", "news.example")
    assert second["place"] == "header:X-IMSI"
    assert first["object"] == second["object"]
    assert "4477" not in json.dumps([first, second])


def test_the_pseudonym_of_the_number_is_the_ledgers(edge, tmp_path):
    edge.request(DIRTY, "127.0.0.2")
    engine = Engine(secret=b"k" * 32)
    try:
        told = engine.one("select object_key('number', '+447700900002'), rekeyed('o', ?)", [lines(tmp_path, "stopped")[0]["object"]])
    finally:
        engine.close()
    assert told[0] == told[1]


def test_a_partner_who_was_sent_the_number_is_recorded_as_shown(edge, tmp_path):
    asked = b"GET http://music.example/?m=447700900002 HTTP/1.1\r\nHost: music.example\r\n\r\n"
    assert edge.request(asked, "127.0.0.2") is UNCHANGED
    (line,) = lines(tmp_path, "shown")
    assert (line["site"], line["why"]) == ("music.example", "partner")


def test_an_address_that_changes_hands_is_another_customer(edge, tmp_path):
    (tmp_path / "new").write_text("address,msisdn,acr\n127.0.0.2,447700900077,x\n")
    (tmp_path / "new").replace(tmp_path / "subscribers.csv")
    assert edge.ready.customers.have_changed()
    edge.ready.customers.follow()
    assert edge.request(b"GET / HTTP/1.1\r\nHost: a\r\nX-Foo: 447700900077\r\n\r\n", "127.0.0.2").head is not None
    assert edge.request(b"GET / HTTP/1.1\r\nHost: a\r\nX-Foo: 447700900002\r\n\r\n", "127.0.0.2") is UNCHANGED


def test_another_policy_counts_from_when_it_was_read(edge, tmp_path):
    before = edge.tag
    edge.take(service.ready(policies.load(written(tmp_path, PARTNERS + '[strip]\nalso = ["X-Our-*"]\n')), NOW))
    assert edge.tag != before
    assert edge.request(b"GET / HTTP/1.1\r\nHost: a\r\nX-Our-Thing: 1\r\n\r\n", "").head is not None


def test_a_policy_without_its_subscribers_is_not_ready(edge, tmp_path):
    (tmp_path / "subscribers.csv").write_text("nothing\n")
    with pytest.raises(ConfigError, match="subscribers"):
        service.ready(edge.policy, NOW)


ASKED = b"GET /account HTTP/1.1\r\nHost: my.example\r\nX-Session-Customer: A-1\r\n\r\n"
SHOWN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def test_a_foreign_page_is_recorded_under_the_ledgers_pseudonyms(edge, tmp_path):
    assert edge.page(ASKED, SHOWN, "127.0.0.2", b"Account A-2", whole=True).refused
    (line,) = lines(tmp_path, "stopped")
    key = Pseudonymiser(b"k" * 32)
    assert line["customer"] == keyed("c", key.key("customer", "A-2"))
    assert line["recipient"] == keyed("r", key.key("recipient", "A-1"))
    assert (line["why"], line["route"], line["place"]) == ("foreign", "/account", "page")


def test_a_page_that_was_not_looked_at_is_recorded_as_such(edge, tmp_path):
    assert edge.response(ASKED, SHOWN.replace(b"text/html", b"application/pdf"), "") is UNCHANGED
    (line,) = lines(tmp_path, "shown")
    assert line["why"] == "unseen"
    assert "customer" not in line
    assert edge.counts["unseen"] == 1


def test_numbers_on_a_page_are_recorded_as_the_ledgers_objects(edge, tmp_path):
    policy = loaded(tmp_path, ground=PAGE.replace("regex:Account (A-[0-9]+)", "numbers") + GROUND)
    edge.take(service.ready(policy, NOW, profile("GB", ["4477009"])))
    assert edge.page(ASKED.replace(b"A-1", b"+447700900001"), SHOWN, "", b"tel. 07700 900002", whole=True).refused
    (line,) = lines(tmp_path, "stopped")
    assert line["object"] == keyed("o", Pseudonymiser(b"k" * 32).key("object", "number:447700900002"))
    assert "customer" not in line


def test_a_host_that_holds_the_number_is_not_recorded_in_clear(edge, tmp_path):
    assert edge.request(b"GET http://u447700900002.example/ HTTP/1.1\r\n\r\n", "127.0.0.2").refused
    (line,) = lines(tmp_path, "stopped")
    assert line["place"] == "url:path"
    assert "700900002" not in json.dumps(line)


def test_a_request_without_its_customers_address_is_counted(edge):
    assert edge.request(DIRTY.replace(b"X-IMSI", b"X-Bar"), "") is UNCHANGED
    assert edge.counts["anonymous"] == 1


def test_a_full_disk_stops_nothing_and_is_counted(edge, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("whosaw.edge.record.os.write", full)
    assert edge.request(DIRTY, "127.0.0.2").head is not None
    assert edge.recorder.lost == 2
