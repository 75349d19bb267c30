"""The answer of a run says what it is worth, and its exit code is a promise."""

from datetime import UTC, datetime

import jsonschema
import msgspec

from whosaw.probes.asking.findings import CLAIMS, Ask, Check, Evidence, Finding, Outcome, json_schema

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PROOF = Evidence(
    seen_at=NOW,
    owner="ann",
    other="bob",
    relation="other tenant",
    how="plain",
    baseline=None,
    proof=Ask("bob", "GET /bills/{ANN_BILL}", 200, 9),
    place="body",
    excerpt="…",
    curl="curl x",
)
FOUND = Finding(id="P-1", kind="foreign-record", operation="GET /bills/{bill}", evidence=[PROOF])


def outcome(**more):
    plain = {"target": "t", "made": NOW, "until": NOW, "identities": ["ann", "bob"], "operations": 1, "provable": 1, "requests": 9}
    return Outcome(**{**plain, "findings": [], "weaknesses": [], "checks": [], "doubts": [], **more})


def test_the_exit_code_names_the_worst():
    assert outcome().exit_code == 0
    assert outcome(partial=True).exit_code == 5
    assert outcome(partial=True, void=True).exit_code == 3
    assert outcome(void=True, findings=[FOUND]).exit_code == 1


def test_no_mismatch_in_n_answers_bounds_the_share_by_three_in_n():
    assert Check(probe="p", claim="c", state="clean", checks=1000, requests=1).bound == 0.003
    assert Check(probe="p", claim="c", state="clean", checks=0, requests=0).bound == 1.0


def test_the_answer_fits_its_schema():
    jsonschema.validate(msgspec.to_builtins(outcome(findings=[FOUND])), json_schema())


def test_every_kind_has_a_claim():
    assert set(CLAIMS) == set(Finding.__annotations__ and msgspec.json.schema(Finding)["$defs"]["Finding"]["properties"]["kind"]["enum"])
