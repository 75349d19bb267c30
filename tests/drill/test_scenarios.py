import re
from pathlib import Path

import pytest

from whosaw.drill import SCENARIOS, write
from whosaw.drill.carrier import make_carrier
from whosaw.drill.clockwork import Window
from whosaw.drill.scenarios import make_plan

DETECTORS = {
    "account-mixup",
    "shared-session",
    "cached-page",
    "object-walk",
    "former-owner",
    "anonymous-read",
    "enriched-request",
    "unexplained-lookup",
    "bulk-read",
    "canary-touch",
}


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in {"quiet-month", "bad-quarter"}])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_scenario_is_one_incident_of_its_own(name, seed, tmp_path):
    truth = write(tmp_path, scenarios=[name], seed=seed, customers=300, days=7)
    (incident,) = truth.incidents
    assert incident.scenario == name
    assert incident.rows == len(truth.unentitled_rows) - len(truth.mistakes) > 0
    assert incident.first_true <= incident.first <= incident.last
    assert set(incident.customers) <= set(incident.customers_true)


def test_a_bad_quarter_holds_every_leak_and_some_of_them_several_times(quarter):
    truth = quarter[1]
    assert len(truth.incidents) == 15
    assert {name for incident in truth.incidents for name in incident.detectors} == DETECTORS
    counts = {name: sum(incident.scenario == name for incident in truth.incidents) for name in SCENARIOS}
    assert (counts["ooredoo-insider"], counts["bulk-read"], counts["canary-touch"]) == (4, 2, 2)
    assert counts["maxis-2010"] == counts["o2-headers-2012"] == counts["o2-bill-manager"] == 1


@pytest.mark.parametrize("kind", ["ooredoo-insider", "bulk-read", "canary-touch"])
def test_no_two_staff_leaks_share_a_recipient(kind, of_scenario, quarter):
    causes = [incident.cause["value"] for incident in quarter[1].incidents if incident.cause["kind"] == "recipient"]
    assert len(causes) == len(set(causes))
    assert all(incident.recipients == (incident.cause["value"],) for incident in of_scenario(kind))


def test_every_scenario_tells_its_story_in_one_sentence():
    assert all(story.endswith(".") and "." not in story[:-1] for story in SCENARIOS.values())


def test_an_unknown_scenario_is_named():
    with pytest.raises(ValueError, match="`maxis` is no scenario"):
        make_plan(["maxis"], make_carrier(1, customers=300, window=Window(6)), 1)


def test_naming_a_scenario_twice_tells_it_once():
    plan = make_plan(["bulk-read", "bulk-read"], make_carrier(1, customers=300, window=Window(6)), 1)
    assert len(plan.cases) == 1


def test_the_reference_tells_every_story_in_the_same_words():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "drill.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z0-9-]+)` \| ([A-Z][^|]+\.) \|", page, re.MULTILINE))
    assert told == SCENARIOS
