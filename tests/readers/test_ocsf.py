import json

import pytest

from whosaw.errors import ConfigError
from whosaw.readers import detect
from whosaw.readers.ocsf import OCSF

EVENT = {
    "class_uid": 6003,
    "time": 1326150000123,
    "actor": {"user": {"uid": "agent-7"}, "session": {"uid": "s1"}},
    "src_endpoint": {"ip": "192.0.2.1"},
    "api": {"operation": "getBill", "response": {"code": 200}},
    "http_request": {"http_method": "GET", "url": {"path": "/bills/1", "query_string": "m=1"}},
    "resources": [{"uid": "bill-1", "owner": {"uid": "447700900123"}}],
}


def test_an_ocsf_event_says_who_was_shown_whose_data(engine_fields):
    line = json.dumps(EVENT)
    guess = detect([line.encode()])[0]
    fields = engine_fields(guess.layout, line)
    assert guess.reader == "ocsf"
    assert {
        role: fields[field] for role, field in guess.layout.roles.items() if role in {"recipient", "customer", "uri", "status", "session"}
    } == {
        "recipient": "agent-7",
        "customer": "447700900123",
        "uri": "/bills/1",
        "status": "200",
        "session": "s1",
    }
    assert guess.layout.clock == "epoch_ms"
    assert OCSF.careful(guess.layout, line.encode()) == fields


@pytest.mark.parametrize("number", ["6003", "6005", "6001", "4002"])
def test_every_class_has_a_layout_of_its_own(number):
    assert OCSF.layout(number).roles["customer"] == "resources[0].owner.uid"
    with pytest.raises(ConfigError, match="not an OCSF class"):
        OCSF.layout("1")


def test_an_event_without_a_time_is_not_recognised():
    assert OCSF.sniff([b'{"class_uid":6003}']) is None


def test_an_event_of_another_class_is_not_ours():
    assert OCSF.sniff([json.dumps(EVENT | {"class_uid": 1001}).encode()]) is None


def test_a_role_goes_to_the_first_of_its_values_that_the_lines_fill():
    line = json.dumps(EVENT | {"actor": {"user": {"name": "ann"}}, "resources": [{"uid": "447700900123"}]})
    roles = OCSF.sniff([line.encode()]).layout.roles
    assert (roles["recipient"], roles["customer"]) == ("actor.user.name", "resources[0].uid")


def test_a_text_time_is_read_where_there_is_no_number():
    event = {key: value for key, value in EVENT.items() if key != "time"} | {"time_dt": "2012-01-09T23:00:00Z"}
    layout = OCSF.sniff([json.dumps(event).encode()]).layout
    assert (layout.roles["time"], layout.clock) == ("time_dt", "iso")


def test_several_classes_in_one_file_share_a_layout():
    datastore = json.dumps(EVENT | {"class_uid": 6005, "table": {"name": "bills"}}).encode()
    guess = OCSF.sniff([json.dumps(EVENT).encode(), datastore])
    assert guess.seen == "OCSF API Activity, Datastore Activity"
    assert {"api.operation", "table.name"} <= set(guess.layout.fields)
    assert OCSF.careful(guess.layout, datastore)["table.name"] == "bills"


def test_the_surety_counts_lines_of_other_classes_and_broken_ones_against_it():
    line = json.dumps(EVENT).encode()
    assert OCSF.sniff([line, b"", b"{", json.dumps(EVENT | {"class_uid": 1001}).encode(), line]).confidence == 0.5


def test_api_activity_is_the_usual_class():
    assert OCSF.layout("") == OCSF.layout(" 6003 ")
    assert OCSF.layout("").clock == "epoch_ms"


@pytest.mark.parametrize(
    ("raw", "reason"), [(b'{"class_uid":6003}', "`time` is missing"), (b'{"time":"x"}', "time cannot be read"), (b"", "empty line")]
)
def test_a_line_without_a_time_has_its_reason(raw, reason):
    assert OCSF.careful(OCSF.layout("6003"), raw) == reason
