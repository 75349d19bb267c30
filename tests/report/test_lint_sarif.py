"""Do code-scanning tools find each finding at its line, with its rule?"""

import json
from datetime import UTC, datetime

from whosaw.edge.lint import LINTS, lint
from whosaw.report import lint_sarif


def rendered(path):
    (run,) = json.loads(lint_sarif.render(lint(path, datetime(2026, 1, 1, tzinfo=UTC)), LINTS))["runs"]
    return run


def test_a_finding_stands_at_its_line_with_its_rule(tmp_path):
    path = tmp_path / "squid.conf"
    path.write_text('http_port 3128\nvia off\nforwarded_for delete\nrequest_header_add X-MSISDN "447700900123" all\n')
    run = rendered(path)
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (rule["id"], rule["defaultConfiguration"]) == ("squid-add-without-deny", {"level": "error"})
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": f"file://{path}"}, "region": {"startLine": 4}}
    assert "447700900123" not in json.dumps(run)


def test_nothing_found_is_a_run_without_results_that_names_every_rule(tmp_path):
    path = tmp_path / "hosts"
    path.write_text("music.example\n")
    run = rendered(path)
    assert run["results"] == []
    assert len(run["tool"]["driver"]["rules"]) == len(LINTS)
