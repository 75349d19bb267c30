"""Which shape has each unentitled disclosure? Each belongs to the first leak type that claims it."""

import pytest

from relations import ENGINES, fill, judged
from whosaw.detectors import DETECTORS
from whosaw.errors import ConfigError
from whosaw.judge import detect

OWN = [{"basis": "ownership", "recipient": "ann", "customer": "A1"}]


@pytest.fixture(scope="module")
def engine():
    engine = ENGINES["duckdb"]()
    yield engine
    engine.close()


def claimed(engine, rows, **relations):
    fill(engine, disclosures=rows, **({"entitlements": OWN} | relations))
    judged(engine)
    return [name for (name,) in engine.rows("select detector from claims order by disclosure")]


def test_what_several_would_claim_goes_to_the_first_on_the_list(engine):
    canary = [{"recipient": "ann", "customer": "X", "self_route": "yes", "cache": "hit", "filler_session": "f", "session": "s"}]
    assert claimed(engine, canary, canaries=[{"customer": "X"}]) == ["canary-touch"]
    assert claimed(engine, canary) == ["cached-page"]


def test_nothing_unentitled_goes_unnamed_and_nothing_entitled_is_named(engine):
    rows = [{"recipient": "ann", "customer": "A1"}, {"recipient": "ann", "customer": "B1"}, {"recipient": "", "customer": "C1"}]
    assert claimed(engine, rows) == ["foreign-record", "anonymous-read"]
    assert engine.one("select count(*) = count(distinct disclosure) from claims")[0]


def test_what_cannot_be_judged_is_claimed_by_nobody(engine):
    rows = [{"recipient": "ann", "customer": "B1", "vantage": "proxy_in"}, {"recipient": "ann", "object": "O", "object_type": "bill"}]
    assert claimed(engine, rows) == []


def test_a_missing_row_is_a_repair_and_no_incident(engine):
    rows = [{"seen_at": f"2012-01-1{d} 12:00", "recipient": "eve", "customer": "E1", "self_route": "yes"} for d in range(3)]
    assert claimed(engine, rows) == []
    assert engine.one("select count(*) from repair_rows")[0] == 3


def test_an_unknown_leak_type_or_setting_is_a_config_error_that_lists_the_known(engine):
    fill(engine)
    with pytest.raises(ConfigError, match=r"`detector\.rain` is no detector") as problem:
        detect.detect(engine, DETECTORS, {"rain": {}})
    assert "account-mixup" in problem.value.hint
    with pytest.raises(ConfigError, match=r"`detector\.object-walk\.customres` is not known") as problem:
        detect.detect(engine, DETECTORS, {"object-walk": {"customres": 1}})
    assert "customers" in problem.value.hint


def test_a_setting_changes_what_is_claimed(engine):
    walk = [
        {
            "seen_at": f"2012-01-10 12:0{i}",
            "recipient": "ann",
            "customer": f"W{i}",
            "object": f"O{i}",
            "object_type": "bill",
            "route": "/b/{bill}",
        }
        for i in range(1, 4)
    ]
    owners = [{"object_type": "bill", "object": f"O{i}", "customer": f"W{i}"} for i in range(1, 4)]
    fill(engine, disclosures=walk, owners=owners, entitlements=OWN)
    judged(engine, {"object-walk": {"customers": 9}})
    assert {name for (name,) in engine.rows("select detector from claims")} == {"foreign-record"}
    judged(engine)
    assert {name for (name,) in engine.rows("select detector from claims")} == {"object-walk"}
