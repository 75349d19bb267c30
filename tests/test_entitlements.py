"""Who may see whose data, why, from when to when?"""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from small_operator import BILL_OWNER, LOGINS, MADE, OWNERSHIP, case, counts, judged, line, operator, portal, written
from whosaw import config, entitlements
from whosaw.engine.duckdb import Engine
from whosaw.errors import ConfigError
from whosaw.judge import judged as again
from whosaw.judge import verdict
from whosaw.judge.work import opened

HERS, ALIEN = line("10:00", "anna", account="A1"), line("10:00", "bert", account="A1")
BILL = line("10:00", "anna", uri="/bill/B1")


@pytest.fixture(scope="module")
def engine():
    engine = Engine(secret=b"k" * 32)
    yield engine
    engine.close()


def loaded(engine, folder, **tables):
    return entitlements.Loaded.together(entitlements.load(engine, config.parse(tables), folder).values())


def verdicts(engine, folder, seen="2012-01-10 10:00", **tables):
    """The verdict of anna being shown A1, and how the rows of the registries fared."""
    found = loaded(engine, folder, **tables)
    engine.run(SHOWN.format(seen=seen))
    verdict.resolve(engine)
    verdict.judge(engine)
    counted = verdict.count(engine).verdicts
    name = "entitled" if counted.entitled else "unentitled" if counted.unentitled else "cannot judge"
    return name, (found.rows, found.kept, found.rejected_count)


SHOWN = """
create or replace temp view disclosures_read as
select 1::bigint as id, timestamp '{seen}' as seen_at, 'app' as vantage, 'customer_login' as recipient_kind,
    pseudonym('r', 'anna') as recipient, null::varchar as site, pseudonym('c', 'A1') as customer, null::bigint as object, 8 as data
"""


def registry(folder, rows, heading="login,account,since,until", name="logins.csv"):
    (folder / name).write_text("\n".join([heading, *rows]) + "\n")


# --- rows that make no sense ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("anna,A1,2012-02-01,2012-01-01", "interval ends before it begins"),
        ("anna,A1,yesterday,", "begin is not a time"),
        ("anna,A1,,tomorrow", "end is not a time"),
        (",A1,,", "a needed column is empty"),
        ("anna,,,", "a needed column is empty"),
        ("anna,A1", "expected 4 columns"),
        ("anna,A1,,,,", "expected 4 columns"),
    ],
)
def test_a_row_that_makes_no_sense_is_rejected_with_its_place_and_never_entitles(engine, tmp_path, row, reason):
    registry(tmp_path, [row, "bert,A2,,"])
    assert verdicts(engine, tmp_path, entitlement=[OWNERSHIP]) == ("unentitled", (2, 1, 1))
    (bad,) = loaded(engine, tmp_path, entitlement=[OWNERSHIP]).rejected
    assert (bad.source, bad.file, bad.line, bad.reason) == ("entitlement[0]", "logins.csv", 2, reason)
    assert "A1" not in repr(bad)


def test_a_registry_is_the_same_without_the_pattern(tmp_path, monkeypatch):
    engine = Engine(secret=b"k" * 32)
    rows = [b"anna,A1,,", b'"anna ""x""",A1,,', b"", b",,,", b"anna,A1\r", b"anna,A1,,\r", b"ann\xe9,A1,,", "ann\u00e9,A1,,".encode()]
    rows += [b"  ", b"a b,A1,2012-01-01T00:00:00Z,2012-02-01", b'b"ert,A2,,', b"anna\0,A1,,", b"anna,A1,,,", b"x,A1,,"]

    def read():
        found = loaded(engine, tmp_path, entitlement=[OWNERSHIP])
        return engine.rows("select * from grants order by all"), found

    cell = st.sampled_from(["anna", "", " ", '"', '"a"', "-", "A1", ",", "\r", "2012-01-01"])

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.lists(cell, max_size=5).map(lambda cells: ",".join(cells).encode()), max_size=5))
    @example(rows)
    def law(lines):
        (tmp_path / "logins.csv").write_bytes(b"login,account,since,until\n" + b"\n".join(lines))
        without = read()
        with monkeypatch.context() as changed:
            changed.setattr(entitlements, "shape_of", lambda *_: None)
            assert read() == without

    law()


def test_rows_add_up_whatever_a_registry_holds(tmp_path_factory):
    engine = Engine(secret=b"k" * 32)

    @settings(max_examples=40)
    @given(st.binary(max_size=120))
    def law(data):
        folder = tmp_path_factory.mktemp("any")
        (folder / "logins.csv").write_bytes(b"login,account,since,until\n" + data)
        found = loaded(engine, folder, entitlement=[OWNERSHIP])
        assert found.rows == found.kept + found.rejected_count
        assert found.rejected_count == len(found.rejected)

    law()
    engine.close()


@pytest.mark.parametrize("content", ["", "\n\n", "\x00\x01"])
def test_an_empty_registry_is_a_doubt_and_entitles_nobody(engine, tmp_path, content):
    (tmp_path / "logins.csv").write_text(content)
    assert verdicts(engine, tmp_path, entitlement=[OWNERSHIP])[0] == "unentitled"
    assert "is empty or has no heading" in loaded(engine, tmp_path, entitlement=[OWNERSHIP]).doubts[0]


def test_a_missing_registry_is_a_config_error_that_names_the_key(engine, tmp_path):
    with pytest.raises(ConfigError, match=r"`entitlement\[0\]\.file`: nothing matches `logins\.csv`") as problem:
        loaded(engine, tmp_path, entitlement=[OWNERSHIP])
    assert str(tmp_path) in problem.value.hint


def test_a_column_that_is_not_there_is_a_config_error_that_lists_what_is(engine, tmp_path):
    registry(tmp_path, ["anna,A1"], "user,account")
    with pytest.raises(ConfigError, match=r"`entitlement\[0\]\.columns\.recipient` names column `login`") as problem:
        loaded(engine, tmp_path, entitlement=[OWNERSHIP])
    assert "user, account" in problem.value.hint


# --- how registries are written -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"login,account,since,until\nanna,A1,,\n",
        b"login;account;since;until\nanna;A1;;\n",
        b"login\taccount\tsince\tuntil\nanna\tA1\t\t\n",
        b"\xef\xbb\xbflogin,account,since,until\r\nanna,A1,,\r\n",
        b"\n\nlogin,account,since,until\nanna,A1,,",
        b'"login","account","since","until"\n"anna","A1","",""\n',
        b"login,account,since,until\nJos\xe9,A3,,\nanna,A1,,\n",
        b"login,account,since,until\nanna,A1,2012-01-01,infinity\n",
        b"login,account,since,until\nanna,A1,-infinity,9999-12-31 23:59:59\n",
        b"login,account,since,until\nanna,A1,2012-01-01 00:00:00+00,2012-02-01 00:00:00+00\n",
    ],
)
def test_a_registry_may_be_written_in_any_usual_way(engine, tmp_path, content):
    (tmp_path / "logins.csv").write_bytes(content)
    name, (rows, kept, _) = verdicts(engine, tmp_path, entitlement=[OWNERSHIP], operator={"timezone": "America/New_York"})
    assert name == "entitled"
    assert rows == kept


def test_a_name_that_is_not_utf8_is_the_same_name(engine, tmp_path):
    (tmp_path / "logins.csv").write_bytes("login,account,since,until\nJosé,A1,,\n".encode("latin-1"))
    loaded(engine, tmp_path, entitlement=[OWNERSHIP])
    assert engine.one("select count(*) from grants where recipient = pseudonym('r', 'José')")[0] == 1


def test_a_registry_of_one_column_lists_test_accounts(engine, tmp_path):
    registry(tmp_path, ["A1", "", "A7"], "account", "tests.csv")
    test = {"basis": "test_account", "file": "tests.csv", "columns": {"customer": "account"}}
    assert verdicts(engine, tmp_path, entitlement=[test]) == ("entitled", (2, 2, 0))


def test_a_compressed_registry_is_the_same_and_its_damage_a_doubt(engine, tmp_path):
    import gzip

    packed = gzip.compress(b"login,account,since,until\nanna,A1,,\n")
    entitlement = OWNERSHIP | {"file": "logins.csv.gz"}
    (tmp_path / "logins.csv.gz").write_bytes(packed)
    assert verdicts(engine, tmp_path, entitlement=[entitlement])[0] == "entitled"
    (tmp_path / "logins.csv.gz").write_bytes(packed[:-4])
    assert "damaged or ends early" in loaded(engine, tmp_path, entitlement=[entitlement]).doubts[0]


def test_a_parquet_registry_is_read_and_a_damaged_one_named(engine, tmp_path):
    entitlement = OWNERSHIP | {"file": "logins.parquet"}
    path = tmp_path / "logins.parquet"
    engine.run(
        "copy (select 'anna' as login, 'A1' as account, timestamptz '2012-01-01 00:00+00' as since, null::date as until) "
        f"to '{path}' (format parquet)"
    )
    assert verdicts(engine, tmp_path, entitlement=[entitlement]) == ("entitled", (1, 1, 0))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ConfigError, match=r"`entitlement\[0\]\.file`: `logins\.parquet` is a damaged Parquet file"):
        loaded(engine, tmp_path, entitlement=[entitlement])


def test_many_files_are_one_relation(engine, tmp_path):
    registry(tmp_path, ["anna,A1,,"], name="logins-1.csv")
    registry(tmp_path, ["bert,A2,,"], name="logins-2.csv")
    assert verdicts(engine, tmp_path, entitlement=[OWNERSHIP | {"file": "logins-*.csv"}]) == ("entitled", (2, 2, 0))


def test_a_query_over_files_is_a_relation(engine, tmp_path):
    (tmp_path / "crm.csv").write_text("u,a\nanna,A1\n")
    query = "select u as recipient, a as customer from 'crm.csv';\n"
    assert verdicts(engine, tmp_path, entitlement=[{"basis": "ownership", "query": query}]) == ("entitled", (1, 1, 0))


@pytest.mark.parametrize(
    ("query", "said", "hinted"),
    [
        ("select 'anna' as who, 'A1' as customer", "returns a column `who`", "recipient, customer"),
        ("select 'anna' as recipient", "returns no column `customer`", "its columns are recipient"),
        ("select * from 'none.csv'", r"`entitlement\[0\]\.query` fails", "try it"),
        ("selekt", r"`entitlement\[0\]\.query` fails", "try it"),
        ("select cast('447700900123x' as integer) as recipient, 'A1' as customer", r"`entitlement\[0\]\.query` fails", "try it"),
    ],
)
def test_a_query_that_does_not_fit_is_a_config_error_that_names_it(engine, tmp_path, query, said, hinted):
    with pytest.raises(ConfigError, match=said) as problem:
        loaded(engine, tmp_path, entitlement=[{"basis": "ownership", "query": query}])
    assert hinted in problem.value.hint
    assert "7700900123" not in problem.value.message


# --- validity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "seen", "expected"),
    [
        ("2012-01-10 10:00", "", "2012-01-10 10:00", "entitled"),
        ("2012-01-10 10:01", "", "2012-01-10 10:00", "unentitled"),
        ("", "2012-01-10 10:00", "2012-01-10 10:00", "unentitled"),
        ("", "2012-01-10 10:01", "2012-01-10 10:00", "entitled"),
        ("2012-01-10 10:00", "2012-01-10 10:00", "2012-01-10 10:00", "unentitled"),
        ("", "", "2012-01-10 10:00", "entitled"),
    ],
)
def test_an_entitlement_holds_from_its_begin_up_to_its_end(engine, tmp_path, since, until, seen, expected):
    registry(tmp_path, [f"anna,A1,{since},{until}"])
    assert verdicts(engine, tmp_path, seen, entitlement=[OWNERSHIP])[0] == expected


@pytest.mark.parametrize(
    ("seen", "expected"), [("09:29", "unentitled"), ("09:30", "entitled"), ("12:59", "entitled"), ("13:00", "unentitled")]
)
def test_a_contact_entitles_from_before_it_began_until_after_it_ended(engine, tmp_path, seen, expected):
    registry(tmp_path, ["anna,A1,2012-01-10 10:00,2012-01-10 12:00"])
    contact = OWNERSHIP | {"basis": "contact", "before": "30m", "after": "1h"}
    assert verdicts(engine, tmp_path, f"2012-01-10 {seen}", entitlement=[contact])[0] == expected


def test_open_ends_stay_open_whatever_comes_before_and_after(engine, tmp_path):
    registry(tmp_path, ["anna,A1,,"])
    assert verdicts(engine, tmp_path, entitlement=[OWNERSHIP | {"before": "900d", "after": "365000d"}])[0] == "entitled"
    assert [str(t) for t in engine.one("select since, until from grants")] == ["0001-01-01 00:00:00", "9999-12-31 00:00:00"]


def test_a_time_without_a_zone_is_the_operators(engine, tmp_path):
    registry(tmp_path, ["anna,A1,2012-01-10 16:30,"])
    for zone, expected in (("Asia/Yangon", "entitled"), ("UTC", "unentitled")):
        assert verdicts(engine, tmp_path, operator={"timezone": zone}, entitlement=[OWNERSHIP])[0] == expected


GROUPED = {
    "basis": "delegation",
    "file": "admins.csv",
    "columns": {"recipient": "admin", "group": "company", "since": "since", "until": "until"},
    "members": {"file": "members.csv", "columns": {"group": "company", "customer": "account", "since": "since", "until": "until"}},
}


@pytest.mark.parametrize(
    ("admin", "member", "expected"),
    [
        (",", ",", "entitled"),
        ("2012-01-01,2012-02-01", "2012-01-05,", "entitled"),
        ("2012-01-01,2012-01-05", "2012-01-05,", "unentitled"),
        (",", "2012-01-11,", "unentitled"),
        (",", ",2012-01-10", "unentitled"),
        ("2012-01-11,", ",", "unentitled"),
    ],
)
def test_a_group_entitles_while_both_the_delegation_and_the_membership_hold(engine, tmp_path, admin, member, expected):
    registry(tmp_path, [f"anna,Ltd,{admin}"], "admin,company,since,until", "admins.csv")
    registry(tmp_path, [f"Ltd,A1,{member}", "Other,A2,,"], "company,account,since,until", "members.csv")
    assert verdicts(engine, tmp_path, entitlement=[GROUPED])[0] == expected


def test_a_group_has_its_time_before_and_after_too(engine, tmp_path):
    registry(tmp_path, ["anna,Ltd,2012-01-10 10:30,"], "admin,company,since,until", "admins.csv")
    registry(tmp_path, ["Ltd,A1,,"], "company,account,since,until", "members.csv")
    assert verdicts(engine, tmp_path, entitlement=[GROUPED])[0] == "unentitled"
    assert verdicts(engine, tmp_path, entitlement=[GROUPED | {"before": "1h"}])[0] == "entitled"


def test_another_group_does_not_entitle(engine, tmp_path):
    registry(tmp_path, ["anna,Other,,"], "admin,company,since,until", "admins.csv")
    registry(tmp_path, ["Ltd,A1,,"], "company,account,since,until", "members.csv")
    assert verdicts(engine, tmp_path, entitlement=[GROUPED])[0] == "unentitled"


# --- grades, data, rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grade", "expected"), [("A", "entitled"), ("B", "entitled"), ("C", "entitled"), ("D", "unentitled"), ("E", "unentitled")]
)
@pytest.mark.parametrize("basis", ["ownership", "test_account"])
def test_only_grades_a_to_c_entitle(engine, tmp_path, grade, expected, basis):
    registry(tmp_path, ["anna,A1,,"])
    columns = {"customer": "account"} if basis == "test_account" else OWNERSHIP["columns"]
    assert (
        verdicts(engine, tmp_path, entitlement=[{"basis": basis, "grade": grade, "file": "logins.csv", "columns": columns}])[0] == expected
    )


@pytest.mark.parametrize(
    ("data", "expected"), [([], "entitled"), (["account"], "entitled"), (["account", "bill"], "entitled"), (["bill"], "unentitled")]
)
def test_an_entitlement_limited_to_some_data_covers_no_other(engine, tmp_path, data, expected):
    registry(tmp_path, ["anna,A1,,"])
    assert verdicts(engine, tmp_path, entitlement=[OWNERSHIP | {"data": data}])[0] == expected


def test_two_limited_entitlements_do_not_add_up_to_one(engine, tmp_path):
    registry(tmp_path, ["anna,A1,,"])
    engine.run(SHOWN.format(seen="2012-01-10").replace("8 as data", "24 as data"))
    loaded(engine, tmp_path, entitlement=[OWNERSHIP | {"data": ["account"]}, OWNERSHIP | {"data": ["bill"]}])
    verdict.resolve(engine)
    verdict.judge(engine)
    assert verdict.count(engine).verdicts.unentitled == 1


def test_without_any_rule_nothing_can_be_judged_and_with_one_an_absent_rule_means_no(engine, tmp_path):
    assert verdicts(engine, tmp_path)[0] == "cannot judge"
    registry(tmp_path, [])
    assert verdicts(engine, tmp_path, entitlement=[OWNERSHIP])[0] == "unentitled"


# --- partners, test accounts ----------------------------------------------------------------------------------------

SITE_LOG = {
    "name": "gateway", "files": ["gateway.log"], "channel": "gateway", "format": "jsonl", "recipient_kind": "site",
    "customer": "account", "data": ["number"], "vantage": "proxy_out",
}  # fmt: skip
PARTNER = {"basis": "partner", "file": "partners.csv", "columns": {"recipient": "site", "since": "since", "until": "until"}}


def sent_to(folder, site, *rules, when="2012-01-10T10:00:00Z"):
    written(folder, gateway_log=[line(when, uri=f"http://{site}/x", account="A1")], partners_csv=["site,since,until", *rules])
    return counts(judged(folder, {"source": [SITE_LOG], "owner": [], "entitlement": [PARTNER]}))


@pytest.mark.parametrize(
    ("site", "rule", "covered"),
    [
        ("pay.example", "pay.example", True),
        ("PAY.example:8080", "Pay.Example", True),
        ("pay.example.", "pay.example", True),
        ("www.pay.example", "pay.example", False),
        ("www.pay.example", "*.pay.example", True),
        ("a.b.pay.example", "*.pay.example", True),
        ("pay.example", "*.pay.example", False),
        ("pay.example", ".pay.example", True),
        ("notpay.example", "*.pay.example", False),
        ("pay.example.evil.example", "*.pay.example", False),
    ],
)
def test_a_partner_is_one_site_or_all_below_a_name(tmp_path, site, rule, covered):
    assert sent_to(tmp_path, site, f"{rule},,") == ((1, 0, 0) if covered else (0, 1, 0))


def test_an_agreement_that_has_ended_or_not_begun_covers_nothing(tmp_path):
    assert sent_to(tmp_path, "pay.example", "pay.example,2012-01-01,2012-01-10", "pay.example,2012-01-11,") == (0, 1, 0)


def test_a_test_account_may_be_shown_to_anyone_while_it_is_registered(tmp_path):
    operator(tmp_path, [ALIEN], tests_csv="account,until\nA1,2012-01-10T10:00:01Z\n")
    test = {"basis": "test_account", "file": "tests.csv", "columns": {"customer": "account", "until": "until"}}
    assert counts(judged(tmp_path, {"entitlement": [OWNERSHIP, test]})) == (1, 0, 0)
    (tmp_path / "tests.csv").write_text("account,until\nA1,2012-01-10T10:00:00Z\n")
    assert counts(judged(tmp_path, {"entitlement": [OWNERSHIP, test]})) == (0, 1, 0)


# --- owners ---------------------------------------------------------------------------------------------------------


def owners(engine, folder, *rows):
    registry(folder, rows, "bill,account,since,until", "bills.csv")
    found = loaded(engine, folder, owner=[BILL_OWNER])
    held = engine.rows(
        "select (select any_value(o.line) from owners o where o.customer = h.customer), since::date::varchar, until::date::varchar, contested "
        "from held h order by since"
    )
    return found, held


def owner_at(engine, day):
    rows = engine.rows(
        f"select customer, contested from held where object = object_key('bill', 'B') and timestamp '{day}' >= since and timestamp '{day}' < until"
    )
    assert len(rows) <= 1, "at most one answer at any time"
    if not rows:
        return None
    customer, contested = rows[0]
    return "contested" if contested else next(a for a in ("A1", "A2", "A3") if engine.one("select pseudonym('c', ?)", [a])[0] == customer)


def test_a_recycled_number_belongs_to_whoever_had_it_then(engine, tmp_path):
    owners(engine, tmp_path, "B,A1,2012-01-01,2012-01-10", "B,A2,2012-01-20,")
    assert [owner_at(engine, f"2012-01-{day}") for day in ("01", "09", "10", "19", "20")] == ["A1", "A1", None, None, "A2"]


def test_owners_one_after_the_other_do_not_contest(engine, tmp_path):
    found, _ = owners(engine, tmp_path, "B,A1,2012-01-01,2012-01-10", "B,A2,2012-01-10,2012-01-20", "B,A3,2012-01-20,")
    assert found.doubts == []
    assert [owner_at(engine, f"2012-01-{day}") for day in ("09", "10", "20")] == ["A1", "A2", "A3"]


def test_two_owners_at_a_time_contest_for_that_time_only(engine, tmp_path):
    found, _ = owners(engine, tmp_path, "B,A1,2012-01-01,2012-01-15", "B,A2,2012-01-10,")
    assert [owner_at(engine, f"2012-01-{day}") for day in ("09", "10", "14", "15")] == ["A1", "contested", "contested", "A2"]
    assert found.doubts == ["1 objects have two owners at the same time; what was shown of them then cannot be judged"]


def test_three_owners_contest_wherever_two_of_them_meet(engine, tmp_path):
    owners(engine, tmp_path, "B,A1,2012-01-01,2012-01-20", "B,A2,2012-01-05,2012-01-08", "B,A3,2012-01-07,2012-01-12")
    days = {"02": "A1", "05": "contested", "07": "contested", "11": "contested", "12": "A1", "20": None}
    assert {day: owner_at(engine, f"2012-01-{day}") for day in days} == days


def test_the_same_owner_on_file_twice_is_one_owner(engine, tmp_path):
    found, _ = owners(engine, tmp_path, "B,A1,2012-01-01,2012-01-20", "B,A1,2012-01-10,", "B,A1,2012-01-01,2012-01-20")
    assert found.doubts == []
    assert [owner_at(engine, f"2012-01-{day}") for day in ("01", "15", "30")] == ["A1"] * 3


def test_the_owner_at_any_time_is_what_the_rows_say(tmp_path_factory):
    engine = Engine(secret=b"k" * 32)
    spans = st.tuples(st.sampled_from(["A1", "A2", "A3"]), st.integers(1, 9), st.integers(0, 9))

    @settings(max_examples=25)
    @given(st.lists(spans, max_size=5))
    def law(rows):
        owners(engine, tmp_path_factory.mktemp("o"), *[f"B,{a},2012-01-{s:02},2012-01-{s + n:02}" for a, s, n in rows])
        for day in range(1, 19):
            mine = {a for a, s, n in rows if s <= day < s + n}
            expected = None if not mine else "contested" if len(mine) > 1 else mine.pop()
            assert owner_at(engine, f"2012-01-{day:02}") == expected

    law()
    engine.close()


def test_what_has_two_owners_or_none_cannot_be_judged(tmp_path):
    operator(tmp_path, [BILL, line("10:01", "anna", uri="/bill/B9")], bills_csv="bill,account,since,until\nB1,A1,,\nB1,A2,,\n")
    result = judged(tmp_path)
    assert counts(result) == (0, 0, 2)
    assert set(result.cannot_judge) == {verdict.TWO_OWNERS, verdict.NO_CUSTOMER}


# --- blind times ----------------------------------------------------------------------------------------------------


def test_what_a_gap_in_the_records_could_justify_cannot_be_judged(tmp_path):
    operator(tmp_path, [ALIEN, line("12:00", "bert", account="A1"), HERS])
    gap = [["2012-01-10T09:00:00Z", "2012-01-10T11:00:00Z"]]
    result = judged(tmp_path, {"entitlement": [OWNERSHIP | {"gaps": gap}]})
    assert counts(result) == (1, 1, 1)
    assert result.cannot_judge == {verdict.BLIND: 1}


@pytest.mark.parametrize(("kind", "expected"), [("employee", (0, 0, 1)), ("customer_login", (0, 1, 0))])
def test_a_gap_in_contacts_excuses_employees_only(tmp_path, kind, expected):
    operator(tmp_path, [ALIEN], calls_csv="agent,account\nsomeone,A9\n")
    contact = {
        "basis": "contact", "file": "calls.csv", "columns": {"recipient": "agent", "customer": "account"},
        "gaps": [["2012-01-10T09:00:00Z", "2012-01-10T11:00:00Z"]],
    }  # fmt: skip
    assert counts(judged(tmp_path, {"source": [portal(recipient_kind=kind)], "entitlement": [contact]})) == expected


# --- canaries, many vouchers ----------------------------------------------------------------------------------------


def test_whoever_is_shown_a_canary_is_found(tmp_path):
    operator(tmp_path, [line("10:00", "anna", account="C1")], canaries_csv="account\nC1\n")
    result = judged(tmp_path, {"canary": [{"file": "canaries.csv", "columns": {"customer": "account"}}]})
    assert [i.detector for i in result.incidents] == ["canary-touch"]


def test_there_may_be_more_vouchers_than_sixteen_bits_count(tmp_path):
    operator(tmp_path, [HERS])
    judged(tmp_path)
    with opened(case(tmp_path)) as work:
        work.ledger.vouch([("ownership", 1, 1, None, "2012-01-01", "r", "ada", "2012-01-01")] * 3)
        again(work, made=MADE, command="test")
        work.engine.run("insert into rules values (?, 'ownership', 'B', '', '', true)", [10_000 + 2**16])


def test_a_registry_of_logins_says_whose_account_is_whose(engine, tmp_path):
    (tmp_path / "logins.csv").write_text(LOGINS)
    assert verdicts(engine, tmp_path, entitlement=[OWNERSHIP]) == ("entitled", (2, 2, 0))


# --- agreements of the edge -----------------------------------------------------------------------------------------

POLICY = """
field = [{ name = "msisdn", header = "X-MSISDN" }, { name = "imsi", header = "X-IMSI", data = "device" }]
[[partner]]
agreement = "A-1"
hosts = ["music.example", ".songs.example"]
fields = ["msisdn"]
since = 2012-01-01T00:00:00Z
until = 2012-02-01T01:00:00+01:00
[[partner]]
agreement = "A-2"
hosts = ["bank.example"]
fields = ["msisdn", "imsi"]
"""


def test_the_agreements_of_a_policy_are_what_partners_may_be_told(engine, tmp_path):
    (tmp_path / "edge.toml").write_text(POLICY)
    found = loaded(engine, tmp_path, entitlement=[{"basis": "partner", "file": "edge.toml", "after": "1h"}])
    assert (found.rows, found.kept) == (3, 3)
    assert engine.rows("select site, since::varchar, until::varchar, data from site_rules order by line") == [
        ("music.example", "2012-01-01 00:00:00", "2012-02-01 01:00:00", 1),
        (".songs.example", "2012-01-01 00:00:00", "2012-02-01 01:00:00", 1),
        ("bank.example", "0001-01-01 00:00:00", "9999-12-31 00:00:00", 129),
    ]


def test_a_policy_that_contradicts_itself_is_named(engine, tmp_path):
    (tmp_path / "edge.toml").write_text("[[partner]]\n")
    with pytest.raises(ConfigError, match=r"partner\[0\]"):
        loaded(engine, tmp_path, entitlement=[{"basis": "partner", "file": "edge.toml"}])


def test_clear_names_are_kept_only_for_who_must_give_them_back(engine, tmp_path):
    operator(tmp_path)
    tables = config.parse({"owner": [BILL_OWNER], "entitlement": [OWNERSHIP], "canary": [{"query": "select 'A9' as customer"}]})
    entitlements.load(engine, tables, tmp_path)
    assert engine.rows("select * from names") == []
    entitlements.load(engine, tables, tmp_path, named=True)
    kept = engine.rows("select distinct kind, name from names order by all")
    assert kept == [
        ("customer", "A1"),
        ("customer", "A2"),
        ("object:bill", "B1"),
        ("object:bill", "B2"),
        ("recipient", "anna"),
        ("recipient", "bert"),
    ]
    assert engine.one("select count(*) from names n join grants g on g.customer = n.key and n.kind = 'customer'")[0] == 4
