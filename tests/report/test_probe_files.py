"""Other tools read the same answer: JSON by its schema, JUnit with a case per probe, SARIF with a result per finding and weakness."""

import json
from xml.etree import ElementTree as ET

import jsonschema

from report import probe_sample as sample
from whosaw.probes.asking.findings import CLAIMS, json_schema
from whosaw.report.probe_files import FORMATS, WEAKNESSES


def test_json_fits_its_schema():
    read = json.loads(FORMATS["json"](sample.outcome(), sample.KINDS))
    jsonschema.validate(read, json_schema())
    assert read["schema"] == "whosaw.probe/1"
    assert read["findings"][0]["evidence"][0]["seen_at"] == "2026-01-02T03:04:05Z"


def test_junit_has_a_case_per_probe_with_its_state():
    suite = ET.fromstring(FORMATS["junit"](sample.outcome(), sample.KINDS)).find("testsuite")  # noqa: S314 - it is our own
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "42.000",
    }
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert "P-1 foreign-record GET /bills/{bill}" in cases["neighbour"].find("failure").text
    assert "$BOB_COOKIE" in cases["neighbour"].find("failure").text
    assert cases["relogin"].find("failure") is None
    assert cases["overwrite"].find("error").get("message").endswith("\\x1b[31m")
    assert cases["existence"].find("skipped") is not None
    assert suite.find("system-out").text == "one answer was cut"


def test_sarif_has_findings_as_errors_and_weaknesses_as_notes():
    (run,) = json.loads(FORMATS["sarif"](sample.outcome(), sample.KINDS))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert set(rules) == {*CLAIMS, *WEAKNESSES}
    assert [result["level"] for result in run["results"]] == ["error", *["note"] * 5]
    first = run["results"][0]
    assert rules[first["ruleIndex"]] == first["ruleId"] == "foreign-record"
    assert first["occurrenceCount"] == 4
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bills/%7Bbill%7D"
    assert len({result["partialFingerprints"]["whosawProbe/v1"] for result in run["results"]}) == 6
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "one answer was cut"


def test_an_answer_without_findings_is_an_empty_list_and_no_missing_one():
    (run,) = json.loads(FORMATS["sarif"](sample.outcome(findings=[], weaknesses=[]), sample.KINDS))["runs"]
    assert run["results"] == []
