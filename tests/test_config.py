"""What has the operator told us? An error names the key."""

import contextlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_operator import BILL_OWNER, OWNERSHIP, portal, settings
from whosaw import config
from whosaw.errors import ConfigError


def refused(data):
    with pytest.raises(ConfigError) as problem:
        config.parse(data)
    assert problem.value.hint
    assert problem.value.exit_code == 4
    return problem.value


def with_source(**changes):
    return {"source": [portal(**changes)]}


def with_entitlement(**changes):
    return {"entitlement": [OWNERSHIP | changes]}


@pytest.mark.parametrize(
    ("data", "said", "hinted"),
    [
        ({"sauce": []}, "`sauce` is not a known key", "did you mean `source`"),
        (with_source(recipent="login"), "`source[0].recipent` is not a known key", "did you mean `recipient`"),
        ({"source": [{"name": "a"}]}, "`source[0]` lacks `channel`", "whole example"),
        (with_source(vantage="moon"), "`source[0].vantage`: invalid enum value 'moon'", ""),
        (with_source(files=[]), "`source[0].files` is empty", "logs/portal"),
        (with_source(files="a.log"), "`source[0].files`: expected `array`", ""),
        (with_source(timezone="Asia/Rangon"), "`source[0].timezone` is `Asia/Rangon`", "Asia/Rangoon"),
        ({"operator": {"timezone": "Mars"}}, "`operator.timezone` is `Mars`", "for example"),
        (with_source(scan=["uri"]), "`source[0].scan` is set without `source[0].object_type`", 'object_type = "number"'),
        (with_source(columns={"tiem": "when"}), "`source[0].columns.tiem` is not known", "time"),
        (with_source(route=[{"template": "/b/{x}", "object": "bill"}]), "has no `{bill}`", "placeholder"),
        (with_source(route=[{"template": "/b", "self": True, "public": True}]), "both self and public", "nobody's"),
        ({"source": [portal(), portal()]}, "`source.name` `portal` stands twice", "own name"),
        (with_entitlement(basis="friendship"), "`entitlement[0].basis`: invalid enum value 'friendship'", ""),
        (with_entitlement(grade="F"), "`entitlement[0].grade`", ""),
        (with_entitlement(before="soon"), "`entitlement[0].before` is `soon`", '"30m"'),
        (with_entitlement(after="400000000d"), "at most a thousand years", ""),
        (with_entitlement(file=""), "`entitlement[0]` needs either `file` or `query`", ""),
        (with_entitlement(query="select 1"), "`entitlement[0]` needs either `file` or `query`", ""),
        (
            with_entitlement(columns={"recipient": "login"}),
            "does not say which column is `customer`",
            'customer = "<column of logins.csv>"',
        ),
        (with_entitlement(columns=OWNERSHIP["columns"] | {"who": "x"}), "`entitlement[0].columns.who` is not known", "recipient"),
        ({"owner": [BILL_OWNER | {"columns": {"object": "bill"}}]}, "`owner[0].columns` does not say which column is `customer`", ""),
        ({"canary": [{"file": "c.csv", "columns": {}}]}, "`canary[0].columns` does not say which column is `customer`", ""),
        ({"limits": {"incident_gap": "3 weeks"}}, "`limits.incident_gap` is `3 weeks`", '"48h"'),
        ({"limits": {"min_coverage": 50}}, "`limits.min_coverage` is `50.0`, expected a share", "from 0 to 1"),
        ({"limits": {"gap_lines": 0}}, "`limits.gap_lines` is `0`", ""),
        ({"limits": {"memory": "4 gigabytes"}}, "`limits.memory` is `4 gigabytes`", '"4GB"'),
        ({"limits": {"memory": "10MB"}}, "`limits.memory` is `10MB`, expected at least 100MB", '"4GB"'),
        (with_source(gaps=[[datetime(2012, 1, 1), datetime(2012, 1, 2)]]), "has a time without a zone", "2012-01-09T23:00:00Z"),  # noqa: DTZ001 - that is the fault
    ],
)
def test_a_mistake_is_named_with_its_key_and_what_to_do(data, said, hinted):
    problem = refused(data)
    assert said in problem.message
    assert hinted in problem.hint


def test_a_gap_that_ends_before_it_begins_is_refused():
    when = datetime.fromisoformat
    for key, gaps in (("source", with_source), ("entitlement", with_entitlement)):
        problem = refused(gaps(gaps=[[when("2012-01-02T00:00:00Z"), when("2012-01-01T00:00:00Z")]]))
        assert problem.message == f"`{key}[0].gaps` has a gap that ends before it begins"


def test_a_group_needs_its_members_with_group_and_customer():
    grouped = {"basis": "delegation", "file": "u.csv", "columns": {"recipient": "u", "group": "c"}}
    config.parse({"entitlement": [grouped | {"members": {"file": "m.csv", "columns": {"group": "c", "customer": "a"}}}]})
    problem = refused({"entitlement": [grouped | {"members": {"file": "m.csv", "columns": {"group": "c"}}}]})
    assert "`entitlement[0].members.columns` does not say which column is `customer`" in problem.message


def test_a_partner_needs_no_customer_and_a_test_account_no_recipient():
    config.parse({"entitlement": [{"basis": "partner", "file": "p.csv", "columns": {"recipient": "site"}}]})
    config.parse({"entitlement": [{"basis": "test_account", "file": "t.csv", "columns": {"customer": "account"}}]})


@given(st.integers(0, 365_000), st.sampled_from("smhd"))
def test_a_duration_is_a_number_and_its_unit(number, unit):
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    assert config.seconds(f"{number}{unit}", "k") == config.seconds(f" {number} {unit} ", "k") == number * factor


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.datetimes(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=8,
    )
)
def test_whatever_toml_holds_the_answer_is_a_configuration_or_a_config_error(value):
    for key in ("source", "operator", "entitlement", "limits", "detector"):
        with contextlib.suppress(ConfigError):  # both outcomes are right, no third is
            config.parse({key: value})


@pytest.mark.parametrize(
    ("pick", "expected"),
    [
        ("login", [("field", "login")]),
        ("header:X-MSISDN", [("header", "X-MSISDN")]),
        ("response:X-Cache", [("response", "X-Cache")]),
        ("cookie:sid", [("cookie", "sid")]),
        ("query:q", [("query", "q")]),
        ("=header:x", [("constant", "header:x")]),
        ("request.headers:x", [("field", "request.headers:x")]),
        (["", "a", "=b"], [("field", "a"), ("constant", "b")]),
        ([], []),
    ],
)
def test_a_pick_says_where_a_fact_stands_in_the_order_it_is_tried(pick, expected):
    assert config.picks(pick) == expected


def test_a_file_is_loaded_with_the_hash_of_its_text(tmp_path):
    path = tmp_path / "whosaw.toml"
    path.write_text('[operator]\nname = "one"\n')
    loaded, one = config.load(path)
    assert loaded.operator.name == "one"
    path.write_text('[operator]\nname = "one" \n')
    assert config.load(path)[1] != one


@pytest.mark.parametrize(
    ("content", "said"), [(b"a = ", "is not TOML"), (b"\xff\xfe", "cannot read the configuration"), (b"a = 1\na = 2", "is not TOML")]
)
def test_a_file_that_is_no_toml_is_named_as_it_is_written(tmp_path, content, said):
    path = tmp_path / "WhoSaw.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as problem:
        config.load(path)
    assert str(path) in problem.value.message


def test_a_missing_configuration_is_answered_with_the_way_to_write_one(tmp_path):
    with pytest.raises(ConfigError, match="no such file") as problem:
        config.load(tmp_path / "whosaw.toml")
    assert "whosaw init" in problem.value.hint


def test_no_repr_shows_the_salts_and_keys():
    made = config.parse(settings(operator={"name": "o", "salts": ["a-secret-salt"], "hash_keys": ["a-secret-key"]}))
    for shown in (repr(made), repr(made.operator)):
        assert "a-secret" not in shown
