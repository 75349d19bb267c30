"""What the services at the edge decided becomes disclosures and attempts, under the pseudonyms in which it was written."""

from datetime import UTC, datetime

import msgspec

from whosaw import config, judge
from whosaw.edge.decide.answer import listed
from whosaw.edge.record import Decision, Recorder, keyed
from whosaw.identifiers import Pseudonymiser
from whosaw.identifiers.vault import secret
from whosaw.judge.work import opened
from whosaw.model import DataClass, data_mask
from whosaw.readers import detect
from whosaw.readers.edge import EDGE

SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NUMBER = "447700900123"
CASE = """
[operator]
country = "GB"
numbers = ["4477009"]

[keys]
file = "ledger.key"

[[source]]
name = "shown"
files = ["edge/shown.jsonl"]
format = "edge"
channel = "gateway"
vantage = "proxy_out"
recipient_kind = "site"
object_type = "number"
data = ["number"]

[[source]]
name = "stopped"
files = ["edge/stopped.jsonl"]
format = "edge"
channel = "gateway"
vantage = "proxy_in"
recipient_kind = "site"
object_type = "number"
data = ["number"]

[[owner]]
object = "number"
file = "numbers.csv"
columns = { object = "number", customer = "account" }

[[entitlement]]
basis = "partner"
file = "edge.toml"
"""
POLICY = """
[[field]]
name = "msisdn"
header = "X-MSISDN"
[subscribers]
file = "subscribers.csv"
[[partner]]
agreement = "A-1"
hosts = [".music.example"]
fields = ["msisdn"]
"""


def decision(outcome, site, key):
    return Decision(
        seen_at=SEEN,
        service="icap",
        outcome=outcome,
        site=site,
        object=keyed("o", key.key("object", f"number:{NUMBER}")),
        client=keyed("a", key.key("client", "192.0.2.7")),
        place="header:X-Foo",
        wrapping="base64",
        route="/",
    )


def judged(folder, write):
    (folder / "edge.toml").write_text(POLICY)
    (folder / "numbers.csv").write_text(f"number,account\n+{NUMBER},A-1\n")
    (folder / "whosaw.toml").write_text(CASE)
    key = Pseudonymiser(secret(folder / "ledger.key"))
    recorder = Recorder(folder / "edge")
    write(recorder, key)
    recorder.close()
    settings, config_hash = config.load(folder / "whosaw.toml")
    case = judge.Case(settings, config_hash, folder, folder / "out")
    return judge.run(case, made=datetime(2026, 1, 3, tzinfo=UTC), command="test", progress=lambda *_: None), case


def test_a_number_that_a_stranger_was_shown_is_an_incident_and_one_that_was_stopped_is_none(tmp_path):
    def write(recorder, key):
        recorder.write(decision("shown", "songs.music.example", key))
        recorder.write(decision("shown", "news.example", key))
        recorder.write(decision("stopped", "evil.example", key))

    result, _ = judged(tmp_path, write)
    assert (result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge) == (1, 1, 1)
    (incident,) = result.incidents
    assert incident.customers.at_least == 1
    assert (incident.detector, incident.cause.value) == ("enriched-request", "header:X-Foo")
    assert incident.evidence == ["edge/shown.jsonl:2"]


def test_a_pseudonym_is_taken_as_it_is_and_never_sealed_as_a_name(tmp_path):
    result, case = judged(tmp_path, lambda recorder, key: recorder.write(decision("shown", "news.example", key)))
    assert result.verdicts.unentitled == 1
    key = Pseudonymiser(secret(tmp_path / "ledger.key"))
    with opened(case) as work:
        work.ledger.open_in(work.engine)
        rows = work.engine.rows("select client, object, form, customer is null from disclosures_read")
        assert rows == [(key.key("client", "192.0.2.7"), key.key("object", f"number:{NUMBER}"), "base64", True)]
        assert not list(work.ledger.sealed_names("o", rows[0][1]))


def test_a_line_of_a_portal_says_what_was_shown_and_in_which_session(tmp_path):
    def write(recorder, key):
        session, other = (keyed("s", key.key("session", name)) for name in ("s1", "s2"))
        more = {"session": session, "sets_session": other, "filler_session": other, "device": keyed("d", key.key("device", "B"))}
        shown = {"customer": keyed("c", key.key("customer", "A-1")), "records": 3, "cache": "MISS", "data_from": "2026-01-01T00:00:00Z"}
        recorder.write(Decision(seen_at=SEEN, service="portal", outcome="shown", data="bill,call_detail", **more, **shown))
        recorder.write(Decision(seen_at=SEEN, service="portal", outcome="shown", data="unheard-of", customer=shown["customer"]))

    _, case = judged(tmp_path, write)
    key = Pseudonymiser(secret(tmp_path / "ledger.key"))
    with opened(case) as work:
        work.ledger.open_in(work.engine)
        rows = work.engine.rows(
            "select session, sets_session, filler_session, device, data, records, cache, data_from from disclosures_read order by id"
        )
    one, other = key.key("session", "s1"), key.key("session", "s2")
    classes = data_mask([DataClass.BILL, DataClass.CALL_DETAIL])
    assert rows[0] == (one, other, other, key.key("device", "B"), classes, 3, "miss", datetime(2026, 1, 1))  # noqa: DTZ001 - the ledger's
    assert rows[1][4] == data_mask([DataClass.NUMBER]), "a class that is none leaves what the source says"


def test_the_data_classes_that_a_service_names_are_those_the_ledger_reads(tmp_path):
    told = DataClass.BILL.bit | DataClass.CALL_DETAIL.bit
    line = msgspec.structs.replace

    def write(recorder, key):
        recorder.write(line(decision("shown", "news.example", key), data=listed(told)))
        recorder.write(line(decision("shown", "news.example", key), data=""))

    _, case = judged(tmp_path, write)
    with opened(case) as work:
        work.ledger.open_in(work.engine)
        assert work.engine.rows("select data from disclosures_read order by source_line") == [(told,), (DataClass.NUMBER.bit,)]


def test_lines_of_the_edge_are_recognised(tmp_path):
    key = Pseudonymiser(b"k" * 32)
    recorder = Recorder(tmp_path)
    recorder.write(decision("shown", "news.example", key))
    line = (tmp_path / "shown.jsonl").read_bytes()
    guess = detect([line])[0]
    assert guess.reader == "edge"
    assert guess.layout == EDGE.layout("")
    assert guess.layout.keyed
    assert detect([b'{"seen_at": "2026-01-02T03:04:05Z", "service": "portal"}'])[0].reader != "edge"
