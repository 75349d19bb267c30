"""A line says all that is known of one customer in one answer, in the ledger's own pseudonyms and in nothing else."""

import json
import pickle
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.edge.record import Decision, keyed
from whosaw.identifiers.pseudonyms import DOMAINS, Pseudonymiser
from whosaw.identifiers.vault import secret
from whosaw.middleware.lines import (
    DATA,
    LATE,
    LETTERS,
    Asked,
    Keys,
    Outcome,
    SettingError,
    in_clear,
    key_of,
    lines,
    lost,
    moment,
    route_of,
    shape_of,
)
from whosaw.middleware.note import Notebook, asked_by, cached, opened, shown, used
from whosaw.model import DataClass
from whosaw.readers.edge import EDGE

SECRET = bytes(range(32))
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ASKED = Asked(
    method="GET", host="portal.example", route="/account", client="192.0.2.7", device="Browser/1", session="s1", sets_session="s2",
    recipient="anna",
)  # fmt: skip


def made(notebook, asked=ASKED, outcome=None, limit=100, key=None):
    return lines(notebook, asked, outcome or Outcome(status=200), key=key or Keys(SECRET), now=NOW, limit=limit)


def noted(*calls):
    notebook = Notebook()
    with opened(notebook):
        for call in calls:
            call()
    return notebook


@given(st.text(min_size=1), st.sampled_from(sorted(LETTERS)))
def test_a_keyed_value_is_the_ledgers(value, domain):
    assert Keys(SECRET)(domain, value) == keyed(DOMAINS[domain], Pseudonymiser(SECRET).key(domain, value))


def test_the_words_are_the_ledgers():
    assert tuple(DataClass) == DATA
    assert LETTERS.items() <= DOMAINS.items()


def test_a_line_is_a_decision_and_all_its_fields_are_read():
    notebook = noted(
        lambda: used("A1", place="Bill"),
        lambda: shown("A1", data=["bill", "account"], records=3, since=NOW, until=NOW, claim="T-1"),
        lambda: cached(made_for="s0"),
    )
    (line,) = made(notebook)
    assert msgspec.to_builtins(msgspec.json.decode(json.dumps(line), type=Decision)) == line
    assert set(line) <= set(EDGE.layout("").fields)
    key = Keys(SECRET)
    assert line == {
        "seen_at": "2026-01-02T03:04:05Z", "service": "portal", "outcome": "shown", "request": line["request"], "site": "portal.example",
        "route": "/account", "method": "GET", "status": 200, "cache": "hit", "session": key("session", "s1"),
        "sets_session": key("session", "s2"), "filler_session": key("session", "s0"), "client": key("client", "192.0.2.7"),
        "device": key("device", "Browser/1"), "recipient": key("recipient", "anna"), "customer": key("customer", "A1"), "place": "shown",
        "data": "account,bill", "records": 3, "data_from": "2026-01-02T03:04:05Z", "data_to": "2026-01-02T03:04:05Z", "claim": "T-1",
    }  # fmt: skip


def test_what_was_only_loaded_says_so_and_from_where():
    notebook = noted(lambda: used("A1", place="Line"), lambda: used("A1", place="Bill"), lambda: shown("A2"))
    loaded, told = made(notebook)
    assert (loaded["place"], loaded["records"]) == ("used:Bill:Line", 2)
    assert told["place"] == "shown"
    assert "records" not in told
    assert loaded["request"] == told["request"]


def test_more_customers_than_the_limit_are_counted_and_the_foreign_come_first():
    notebook = noted(*(lambda i=i: shown(f"A{i}") for i in range(10)))
    found = made(notebook, outcome=Outcome(status=200, foreign={"A7"}), limit=3)
    key = Keys(SECRET)
    assert [line.get("customer") for line in found] == [key("customer", name) for name in ("A7", "A0", "A1")] + [None]
    assert [line.get("why") for line in found] == ["foreign", None, None, "more customers"]
    assert (found[-1]["records"], found[-1]["object"]) == (7, key("object", "more customers"))


def test_nobodys_page_has_no_line():
    assert made(Notebook()) == []


def test_a_stopped_page_has_no_status_and_a_late_note_is_told_apart():
    notebook = noted(lambda: shown("A1"))
    (stopped,) = made(notebook, outcome=Outcome(status=200, stopped=True, foreign={"A1"}))
    assert (stopped["outcome"], stopped["why"], "status" in stopped) == ("stopped", "foreign", False)
    (late,) = made(notebook, outcome=Outcome(status=200, foreign={"A1"}, late={"A1"}))
    assert (late["outcome"], late["why"]) == ("shown", LATE)


def test_nobody_is_named_in_clear_also_not_in_an_address():
    notebook = noted(lambda: shown("ann"), lambda: shown("447700900123"), lambda: asked_by("bert", session="zz"))
    asked = Asked(route="/people/ann/of/bert/zz", client="192.0.2.7", device="B", session="cc", recipient="dora", host="portal.example")
    text = json.dumps(made(notebook, asked))
    assert not [
        name for name in ("ann", "447700900123", "bert", "zz", "192.0.2.7", "cc", "dora") if f'"{name}"' in text or f"/{name}" in text
    ]
    assert json.loads(text)[0]["route"] == "/people/{id}/of/{id}/{id}"


def test_in_clear_is_what_was_asked_for():
    (line,) = made(noted(lambda: shown("A1")), key=in_clear)
    assert (line["customer"], line["recipient"]) == ("A1", "anna")


def test_a_loss_is_a_line_that_nobody_can_judge():
    line = lost(17, key=Keys(SECRET), now=NOW)
    assert msgspec.to_builtins(msgspec.json.decode(json.dumps(line), type=Decision)) == line
    assert (line["outcome"], line["records"], line["object"]) == ("lost", 17, Keys(SECRET)("object", "pages lost"))


@pytest.mark.parametrize(
    ("template", "route"),
    [
        ("lines/<int:number>/", "/lines/{number}/"),
        ("/lines/<number>", "/lines/{number}"),
        ("/lines/{number:int}", "/lines/{number}"),
        ("/lines/{number}", "/lines/{number}"),
        ("", "/"),
    ],
)
def test_a_template_is_spelled_as_in_the_settings(template, route):
    assert route_of(template) == route


def test_an_address_without_template_loses_what_may_identify():
    assert shape_of("/lines/447700900123/calls") == "/lines/{id}/calls"
    assert shape_of("/mail/ann@mail.example") == "/mail/{id}"
    assert shape_of("/account") == "/account"


def test_a_time_is_written_in_utc():
    assert moment(datetime.fromisoformat("2026-01-02T04:04:05.25+01:00")) == "2026-01-02T03:04:05.250000Z"


def test_the_key_file_of_the_ledger_is_taken_and_no_other(tmp_path):
    assert key_of(tmp_path / "ledger.key") == secret(tmp_path / "ledger.key") if secret(tmp_path / "ledger.key") else False
    (tmp_path / "other").write_text("no key")
    for name in ("other", "absent"):
        with pytest.raises(SettingError, match="hint: expected 64 hexadecimal digits"):
            key_of(tmp_path / name)
    with pytest.raises(SettingError, match="has 3 bytes, expected 32"):
        Keys(b"abc")


def test_neither_repr_nor_pickle_carries_the_secret_or_a_name():
    assert "secret=…" in repr(Keys(SECRET))
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(Keys(SECRET))
    assert "anna" not in repr(ASKED)
    assert "A1" not in repr(Outcome(foreign={"A1"}))
