import json

import pytest

from report import sample
from whosaw.report import ocsf

REQUIRED = {"activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata"}
# What the classes of OCSF 1.8.0 know, as far as we use it: an unknown name is a mistake and not an extension.
BASE = REQUIRED | {
    "activity_name",
    "category_name",
    "class_name",
    "type_name",
    "severity",
    "status",
    "status_id",
    "status_detail",
    "message",
    "count",
    "start_time",
    "end_time",
    "unmapped",
}
KNOWN = {
    6007: BASE | {"scan", "total", "num_detections", "num_trusted_items", "num_skipped_items"},
    2006: BASE | {"confidence", "confidence_id", "is_alert", "is_suspected_breach", "finding_info", "resources", "actor"},
    2005: BASE | {"desc", "is_suspected_breach", "assignee_group", "finding_info_list"},
}


def events(result):
    return [json.loads(line) for line in ocsf.render(result, sample.CLAIMS).splitlines()]


def classes(result):
    return [event["class_uid"] for event in events(result)]


def test_there_is_a_finding_per_incident_gathered_by_one():
    assert classes(sample.rich()) == [6007, 2006, 2006, 2006, 2006, 2006, 2005]
    found = events(sample.rich())
    assert [info["uid"] for info in found[-1]["finding_info_list"]] == [event["finding_info"]["uid"] for event in found[1:-1]]


@pytest.mark.parametrize("name", sample.ALL)
def test_every_event_has_what_the_standard_demands_and_nothing_it_does_not_know(name):
    for event in events(sample.ALL[name]()):
        assert event.keys() >= REQUIRED
        assert event.keys() <= KNOWN[event["class_uid"]]
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["category_uid"] == event["class_uid"] // 1000
        assert event["metadata"]["version"] == "1.8.0"
        assert event["metadata"]["product"]["vendor_name"]
        assert event["severity_id"] in range(7)


def test_looked_at_and_none_found_differs_from_not_looked_at():
    (clean,) = events(sample.clean())
    (unjudged,) = events(sample.unjudged())
    assert (clean["status_id"], clean["num_detections"], clean["total"]) == (1, 0, 913_320)
    assert unjudged["status_id"] == 2
    assert "not a finding that all was well" in unjudged["message"]


def test_times_are_milliseconds_and_the_count_is_of_disclosures():
    finding = events(sample.rich())[1]
    assert finding["time"] == 1_328_086_800_000
    assert finding["start_time"] == 1_326_161_640_000
    assert finding["count"] == 48_112


def test_data_classes_stand_on_the_resource_and_never_on_the_event():
    for event in events(sample.rich())[1:-1]:
        assert "data_classifications" not in event
        assert "data_classification" in event["metadata"]["profiles"]
        (resource,) = event["resources"]
        assert resource["name"]
        assert resource["data_classifications"]
    assert {c["category"] for c in events(sample.rich())[3]["resources"][0]["data_classifications"]} == {"Personal", "Financial"}


def test_suspecting_a_breach_takes_more_than_weak_evidence():
    suspected = [event["is_suspected_breach"] for event in events(sample.rich())[1:]]
    assert suspected == [True, True, True, True, False, True]


def test_the_incident_names_somebody_as_the_class_demands():
    assert events(sample.rich())[-1]["assignee_group"] == {"name": "unassigned"}


def test_a_recipient_as_the_cause_is_the_actor():
    lookup = events(sample.rich())[4]
    assert lookup["actor"] == {"user": {"uid": "r:5c02b81f99ad"}}


@pytest.mark.parametrize("text", [*sample.HOSTILE, "\ud800"])
def test_a_hostile_text_stays_on_its_line(text):
    assert len(ocsf.render(sample.hostile(text), sample.CLAIMS).decode().split("\n")) == 8
