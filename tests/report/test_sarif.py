import json
import re
from urllib.parse import unquote, urlsplit

import pytest

from report import sample
from whosaw.report import sarif


def run(result):
    log = json.loads(sarif.render(result, sample.CLAIMS))
    assert log["version"] == "2.1.0"
    assert set(log) == {"$schema", "version", "runs"}
    assert len(log["runs"]) == 1
    return log["runs"][0]


def test_detectors_are_rules_and_incidents_are_results():
    found = run(sample.rich())
    rules = found["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(sample.CLAIMS)
    assert len(found["results"]) == 5
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note", "none"}
        assert result["message"]["text"]


def test_a_result_points_at_lines_of_the_logs():
    result = run(sample.rich())["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "gateway/gw-1-2012-01-10.log"}, "region": {"startLine": 118_204}}
    assert len(result["locations"]) == 50


def test_weak_evidence_is_a_warning_and_no_error():
    levels = {r["ruleId"]: r["level"] for r in run(sample.rich())["results"]}
    assert levels["foreign-record"] == "warning"
    assert levels["enriched-request"] == "error"


def test_results_have_only_names_of_the_standard():
    allowed = {"ruleId", "ruleIndex", "kind", "level", "message", "locations", "partialFingerprints", "occurrenceCount", "properties"}
    for result in run(sample.rich())["results"]:
        assert set(result) <= allowed
    assert set(run(sample.rich())) <= {"tool", "automationDetails", "invocations", "columnKind", "results", "properties"}


@pytest.mark.parametrize(("name", "sound"), [("rich", True), ("clean", True), ("unjudged", False), ("empty", False)])
def test_an_answer_that_looked_at_nothing_is_no_success(name, sound):
    found = run(sample.ALL[name]())
    assert found["invocations"][0]["executionSuccessful"] is sound
    levels = {note["level"] for note in found["invocations"][0]["toolExecutionNotifications"]}
    assert ("error" in levels) is not sound


def test_the_doubts_travel_along():
    texts = [note["message"]["text"] for note in run(sample.rich())["invocations"][0]["toolExecutionNotifications"]]
    assert any("gw-2" in text and "no lines" in text for text in texts)


@pytest.mark.parametrize("text", [*sample.HOSTILE, "/var/log/a b#c?.log", "C:logs", "d\udcff.log"])
def test_every_address_is_a_valid_reference_to_one_file(text):
    for result in run(sample.hostile(text))["results"]:
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"(file://)?[A-Za-z0-9%/._~-]*", uri)
            assert urlsplit(uri).fragment == urlsplit(uri).query == ""
    assert unquote(uri.removeprefix("file://")).startswith(text.encode("utf-8", "backslashreplace").decode())
