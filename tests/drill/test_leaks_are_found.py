"""The whole path on a make-believe operator: what it did is found, exactly, and nothing else is."""

import json
from datetime import UTC, datetime

import pytest

from whosaw import config, drill, entitlements, judge
from whosaw.cli.drilling import compare

CUSTOMERS, DAYS = 600, 20
FOUR = ("maxis-2010", "o2-headers-2012", "o2-bill-manager", "ooredoo-insider")
OTHERS = ("cached-page", "shared-session", "former-owner", "anonymous-read", "bulk-read", "canary-touch")
MADE = datetime(2026, 1, 1, tzinfo=UTC)


def judged(folder, scenarios, seed):
    drill.write(folder, scenarios=scenarios, seed=seed, customers=CUSTOMERS, days=DAYS)
    settings, config_hash = config.load(folder / "whosaw.toml")
    case = judge.Case(settings, config_hash, folder, folder / "ledger")
    result = judge.run(case, made=MADE, command="a test", progress=lambda *_: None)
    return result, json.loads((folder / "truth.json").read_text())


def told(compared):
    """What is wrong, in words, for the message of a failed test."""
    wrong = [f"{true['scenario']}: {'; '.join(problems)}" for true, _, problems in compared.pairs if problems]
    return wrong + [f"invented: {i.detector} in {i.channel}" for i in compared.extra]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("scenario", FOUR)
def test_each_real_incident_is_found_to_the_row_and_nothing_is_invented(tmp_path, scenario, seed):
    result, truth = judged(tmp_path, [scenario], seed)

    assert told(compare(result, truth)) == []


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_found_in_a_quiet_month(tmp_path, seed):
    result, _ = judged(tmp_path, ["quiet-month"], seed)

    assert result.verdicts.unentitled == 0
    assert result.incidents == []
    assert result.repairs == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scenario", OTHERS)
def test_each_other_leak_type_is_found_to_the_row(tmp_path, scenario, seed):
    result, truth = judged(tmp_path, [scenario], seed)

    assert told(compare(result, truth)) == []


@pytest.mark.parametrize("seed", range(100, 108))
def test_fifteen_incidents_at_once_are_told_apart(tmp_path, seed):
    result, truth = judged(tmp_path, ["bad-quarter"], seed)

    assert len(truth["incidents"]) >= 12
    assert told(compare(result, truth)) == []


@pytest.mark.parametrize("seed", range(200, 208))
def test_true_incidents_stay_on_top_when_one_entitlement_in_a_hundred_is_missing(tmp_path, seed, monkeypatch):
    load = entitlements.load

    def thinned(engine, *args):
        loaded = load(engine, *args)
        engine.run(
            "delete from grants where (recipient, customer) in (select (recipient, customer) from "
            "(select distinct recipient, customer from grants) where hash(recipient, customer, ?) % 100 = 0)",
            [seed],
        )
        return loaded

    monkeypatch.setattr(entitlements, "load", thinned)

    result, truth = judged(tmp_path, ["bad-quarter"], seed)

    left = list(truth["incidents"])
    true_ones = 0
    for incident in result.incidents[:10]:
        match = next((t for t in left if is_about(incident, t)), None)
        if match is not None:
            left.remove(match)
            true_ones += 1
    assert true_ones >= 9


def is_about(incident, true):
    first, last = datetime.fromisoformat(true["first"]), datetime.fromisoformat(true["last"])
    return (
        incident.detector in true["detectors"]
        and incident.channel == true["channel"]
        and incident.since <= last
        and incident.until >= first
    )


def test_every_number_of_the_answer_adds_up(tmp_path):
    result, _ = judged(tmp_path, ["bad-quarter"], 1)

    read, verdicts = result.read, result.verdicts
    assert read.lines == read.disclosures + read.rejected + read.other
    assert read.disclosures == verdicts.entitled + verdicts.unentitled + verdicts.cannot_judge
    assert sum(day[2] for day in result.timeline) == verdicts.unentitled
    claimed = sum(i.disclosures for i in result.incidents) + sum(r.disclosures for r in result.repairs)
    assert claimed == verdicts.unentitled
