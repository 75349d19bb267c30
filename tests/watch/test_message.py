import json

import msgspec
import pytest

from report import sample
from report.test_ocsf import KNOWN
from watch import told
from whosaw.watch import message


def test_a_message_has_one_name_however_often_it_is_made_and_its_thread_another():
    first, second = told.revision(), told.grown()
    assert (first.id, second.id) == ("9f3a.INC-2.1", "9f3a.INC-2.2")
    assert first.thread == second.thread == "9f3a.INC-2"
    assert second.first == first.id
    assert [m.kind for m in (first, second, told.withdrawn())] == ["new", "revised", "withdrawn"]


def test_a_kept_message_is_the_same_when_it_is_taken_out():
    assert message.unpack(message.pack(told.grown())) == told.grown()


def test_people_are_told_verdict_then_change_then_scope_then_doubts_then_how_to_go_on():
    text = message.text(told.grown())
    order = [
        "People who logged in were shown another customer's account as their own.",
        "customers at least 12 -> 63",
        "Since:     2012-01-17 08:31 UTC certain",
        "Customers: exactly 63",
        "Shown to:  71 recipients: 69 customer logins, 2 company users",
        "How sure:  certain: the rows prove it by themselves",
        "Tests:     1 of 63 customers is a registered test account",
        told.DOUBT,
        "whosaw explain INC-2",
        "whosaw scope INC-2",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_subject_says_which_incident_and_revision():
    assert message.subject(told.revision()) == "[whosaw] INC-2 r1: account-mixup on portal, at least 63 customers, severity high"
    assert message.subject(told.withdrawn()) == "[whosaw] INC-2 r3: account-mixup on portal, explained"
    assert "every disclosure of it has been explained since" in message.text(told.withdrawn())


@pytest.mark.parametrize("text", sample.HOSTILE)
def test_what_comes_from_a_log_cannot_steer_a_mail_or_a_terminal(text):
    one = sample.hostile(text).incidents[0]
    made = told.revision(incident=one)
    assert message.subject(made).isprintable()
    assert all(line.isprintable() for line in message.text(made).splitlines())


def test_a_machine_is_told_in_the_documented_shape():
    body = json.loads(message.payload(told.grown()))
    assert (body["type"], body["timestamp"]) == ("incident.revised", "2012-01-17T12:00:00Z")
    data = body["data"]
    assert data["schema"] == "whosaw.message/1"
    assert (data["incident"], data["revision"], data["withdrawn"]) == ("INC-2", 2, False)
    assert data["scope"]["customers"] == {"at_least": 63, "at_most": 63}
    assert data["changes"] == ["customers at least 12 -> 63", "recipients 9 -> 71"]
    assert json.loads(message.payload(told.withdrawn()))["type"] == "incident.withdrawn"


def test_a_data_lake_is_told_by_one_finding_that_is_created_updated_and_closed():
    events = [json.loads(message.finding(m)) for m in (told.revision(), told.grown(), told.withdrawn())]
    assert [e["activity_name"] for e in events] == ["Create", "Update", "Close"]
    assert [e["type_uid"] for e in events] == [200601, 200602, 200603]
    assert {e["finding_info"]["uid"] for e in events} == {"9f3a.INC-2"}
    assert [e["metadata"]["uid"] for e in events] == ["9f3a.INC-2.1", "9f3a.INC-2.2", "9f3a.INC-2.3"]
    assert all(set(e) <= KNOWN[2006] for e in events)


def test_no_doubts_make_no_heading():
    plain = msgspec.structs.replace(told.revision(), doubts=[])
    assert "Doubts:" not in message.text(plain)
