"""What belongs together, since when, until when, and how many customers?"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relations import ENGINES, fill
from relations import judged as detected
from small_operator import BILLS, LOGINS, judged, line, operator, portal
from whosaw import incidents
from whosaw.detectors import DETECTORS
from whosaw.model import SENSITIVE, Coverage, Evidence, Gap

NOON = datetime(2012, 1, 10, 12, tzinfo=UTC)
FILES = {1: "portal.log"}
OWN = [{"basis": "ownership", "recipient": f"r{i}", "customer": f"C{i}"} for i in range(9)]


@pytest.fixture(scope="module")
def engine():
    engine = ENGINES["duckdb"]()
    yield engine
    engine.close()


def shown(recipient, customer, minutes=0, **more):
    moment = f"{NOON + timedelta(minutes=minutes):%Y-%m-%d %H:%M}"
    return {"seen_at": moment, "recipient": recipient, "customer": customer, "self_route": "yes"} | more


def coverage(since=NOON - timedelta(days=9), until=NOON + timedelta(days=9), gaps=(), source="log", channel="portal"):
    return Coverage(source, channel, 1, 1, 0, since, until, list(gaps))


def grouped(engine, rows, covered=None, hours=72, **relations):
    fill(engine, disclosures=rows, **({"entitlements": OWN} | relations))
    detected(engine)
    return incidents.group(engine, DETECTORS, [coverage()] if covered is None else covered, FILES, hours * 3600)


# --- grouping -------------------------------------------------------------------------------------------------------

ROW = st.builds(
    shown,
    st.sampled_from(["r1", "r2", "r3"]),
    st.sampled_from(["C1", "C2", "C3"]),
    st.integers(0, 20_000),
    self_route=st.sampled_from(["yes", "no"]),
    route=st.sampled_from(["/a", "/b"]),
    recipient_kind=st.sampled_from(["customer_login", "employee"]),
)


def told(found):
    """An answer without the lines it cites, which depend on the order of writing."""
    return [
        (
            i.id,
            i.detector,
            i.cause,
            i.since,
            i.until,
            i.disclosures,
            i.customers,
            i.recipients.count,
            i.data,
            i.severity,
            len(i.evidence),
            i.timeline,
        )
        for i in found
    ]


def test_grouping_does_not_depend_on_the_order_of_rows(engine):
    @settings(max_examples=8)
    @given(st.lists(ROW, min_size=1, max_size=8), st.randoms(use_true_random=False))
    def law(rows, random):
        one = told(grouped(engine, rows))
        random.shuffle(rows)
        assert told(grouped(engine, rows)) == one

    law()


def test_each_unentitled_row_is_in_one_incident_or_one_repair(engine):
    @settings(max_examples=8)
    @given(st.lists(ROW, min_size=1, max_size=8))
    def law(rows):
        found = grouped(engine, rows)
        unentitled, repairs = engine.one("select (select count(*) from unentitled), (select count(distinct disclosure) from repair_rows)")
        assert sum(i.disclosures for i in found) + repairs == unentitled
        assert all(i.disclosures == sum(n for _, n in i.timeline) for i in found)

    law()


def test_more_rows_of_one_leak_never_make_its_scope_smaller(engine):
    @settings(max_examples=7)
    @given(st.lists(st.tuples(st.integers(1, 4), st.integers(5, 8), st.integers(0, 600)), min_size=2, max_size=8))
    def law(pairs):
        rows = [shown(f"r{r}", f"C{c}", m) for r, c, m in pairs]
        (whole,) = grouped(engine, rows)
        (part,) = grouped(engine, rows[:-1])
        assert whole.since <= part.since <= part.until <= whole.until
        assert whole.customers.at_least >= part.customers.at_least
        assert whole.customers.at_most >= part.customers.at_most
        assert whole.recipients.count >= part.recipients.count
        assert whole.disclosures == part.disclosures + 1
        assert whole.severity.low >= part.severity.low

    law()


def test_a_pause_longer_than_the_limit_begins_a_new_incident(engine):
    rows = [shown("r1", "C2", 0), shown("r1", "C3", 60 * 72), shown("r1", "C4", 60 * 144 + 1)]
    assert [i.disclosures for i in grouped(engine, rows)] == [2, 1]
    assert [i.disclosures for i in grouped(engine, rows, hours=1)] == [1, 1, 1]


def test_an_incident_ends_exactly_where_a_silence_is_longer_than_the_limit(engine):
    @settings(max_examples=25)
    @given(st.lists(st.integers(0, 9) | st.integers(0, 200_000), min_size=1, max_size=6), st.sampled_from([0, 1, 5, 59, 60, 3600, 90_000]))
    def law(seconds, gap):
        rows = [shown("", f"C{second}", seen_at=f"{NOON + timedelta(seconds=second):%Y-%m-%d %H:%M:%S}") for second in seconds]
        fill(engine, disclosures=rows, entitlements=OWN)
        detected(engine)
        in_order = sorted(seconds)
        pauses = sum(later - earlier > gap for earlier, later in pairwise(in_order))
        found = incidents.group(engine, DETECTORS, [], FILES, gap)
        assert len(found) == pauses + 1
        assert sum(i.disclosures for i in found) == len(rows)

    law()


def test_channels_are_never_mixed(engine):
    rows = [shown("r1", "C2", channel="portal"), shown("r1", "C2", channel="bills")]
    assert sorted(i.channel for i in grouped(engine, rows)) == ["bills", "portal"]


# --- since when -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("covered", "expected"),
    [
        ([coverage()], NOON),
        ([coverage(since=NOON)], None),
        ([coverage(since=NOON - timedelta(minutes=59))], None),
        ([coverage(since=NOON - timedelta(minutes=61))], NOON),
        ([coverage(gaps=[Gap(NOON - timedelta(hours=9), NOON - timedelta(minutes=5), 99)])], NOON - timedelta(hours=9)),
        ([coverage(gaps=[Gap(NOON - timedelta(hours=9), NOON - timedelta(hours=2), 99)])], NOON),
        ([coverage(gaps=[Gap(NOON, NOON + timedelta(hours=2), 99)])], NOON),
        ([coverage(gaps=[Gap(NOON - timedelta(hours=9), NOON - timedelta(minutes=5), 99)], channel="bills")], NOON),
        ([coverage(), coverage(since=NOON, source="other")], NOON),
        ([coverage(source="other"), coverage(since=NOON)], None),
        ([], NOON),
    ],
)
def test_a_leak_began_with_its_first_row_unless_the_logs_could_not_have_shown_it_before(engine, covered, expected):
    (incident,) = grouped(engine, [shown("r1", "C2"), shown("r2", "C3", 5)], covered)
    assert (incident.since, incident.since_earliest, incident.until) == (NOON, expected, NOON + timedelta(minutes=5))
    assert expected == NOON or incident.why


# --- how many -------------------------------------------------------------------------------------------------------


def test_without_gaps_and_unresolved_rows_the_count_is_exact(engine):
    (incident,) = grouped(engine, [shown("r1", "C2"), shown("r1", "C3"), shown("r2", "C3", 5)])
    assert (incident.customers.at_least, incident.customers.at_most) == (2, 2)
    assert (incident.recipients.count, incident.recipients.kinds) == (2, {"customer_login": 2})


def test_a_gap_within_a_leak_may_hide_every_known_customer(engine):
    gap = Gap(NOON + timedelta(minutes=1), NOON + timedelta(minutes=50), 99)
    (incident,) = grouped(engine, [shown("r1", "C2"), shown("r1", "C3", 60)], [coverage(gaps=[gap])])
    assert (incident.customers.at_least, incident.customers.at_most) == (2, 9)
    assert any("any of the 9 known customers" in why for why in incident.why)


def test_a_gap_before_or_after_a_leak_hides_nobody(engine):
    gaps = [Gap(NOON - timedelta(hours=9), NOON - timedelta(hours=3), 99), Gap(NOON + timedelta(hours=3), NOON + timedelta(hours=9), 99)]
    (incident,) = grouped(engine, [shown("r1", "C2"), shown("r1", "C3", 60)], [coverage(gaps=gaps)])
    assert (incident.customers.at_least, incident.customers.at_most) == (2, 2)


def test_rows_whose_customer_is_not_known_may_each_be_another_customer(engine):
    unknown = [shown("r1", "", 1, object=f"O{i}", object_type="bill") for i in (1, 2, 2)]
    (incident,) = grouped(engine, [shown("r1", "C2"), shown("r1", "C3", 5), *unknown])
    assert (incident.customers.at_least, incident.customers.at_most) == (2, 4)
    assert incident.why == ["2 more records of the same kind were shown whose customer is not known"]


def test_unresolved_rows_of_another_page_or_time_add_nothing(engine):
    elsewhere = [shown("r1", "", 1, object="O1", object_type="bill", route="/other"), shown("r1", "", 500, object="O1", object_type="bill")]
    (incident,) = grouped(engine, [shown("r1", "C2"), shown("r1", "C3", 5), *elsewhere])
    assert incident.customers.at_most == 2


def test_only_the_same_employees_unresolved_rows_widen_an_employees_incident(engine):
    staff = {"recipient_kind": "employee", "data": "call_detail"}
    unknown = [shown(who, "", 10, object=f"O-{who}", object_type="bill", **staff) for who in ("e1", "e2")]
    (incident,) = grouped(engine, [shown("e1", "C2", **staff), shown("e1", "C2", 1500, **staff), *unknown])
    assert incident.cause.kind == "recipient"
    assert (incident.customers.at_least, incident.customers.at_most) == (1, 2)


def test_registered_test_accounts_among_the_customers_are_counted(engine):
    allowed = [*OWN, {"basis": "test_account", "customer": "C3", "until": "2012-01-09"}]
    (incident,) = grouped(engine, [shown("r1", "C2"), shown("r1", "C3", 5)], entitlements=allowed)
    assert incident.test_accounts == 1


def test_visitors_without_a_name_are_counted_one_by_one(engine):
    rows = [shown("", "C2", i, recipient_kind="anonymous") for i in range(3)]
    (incident,) = grouped(engine, rows)
    assert incident.recipients.kinds == {"anonymous": 3}


# --- ranking --------------------------------------------------------------------------------------------------------


def test_incidents_are_ranked_by_what_they_prove_and_never_by_count(engine):
    many = [shown("r1", f"C{i}", i, self_route="no", route="/weak", channel="weak") for i in range(2, 5)]
    found = grouped(engine, [*many, *many, shown("r1", "C2", cache="hit", filler_session="s1", session="s2")])
    assert [i.id for i in found] == [f"INC-{n}" for n in range(1, len(found) + 1)]
    kinds = [list(Evidence).index(i.evidence_kind) for i in found]
    assert kinds == sorted(kinds)
    assert found[0].evidence_kind is Evidence.CERTAIN
    assert found[0].disclosures < found[-1].disclosures


def test_of_equal_proof_the_more_sensitive_stands_first(engine):
    rows = [
        shown("r1", "C2", channel="a", data="account"),
        shown("r1", "C2", channel="b", data="call_detail"),
        shown("r1", "C3", 1, channel="a"),
    ]
    found = grouped(engine, rows)
    assert found[0].channel == "b"
    assert found[0].data == ["call_detail"]
    assert SENSITIVE[0].value == "call_detail"


def test_severity_is_an_interval_that_grows_with_data_and_numbers(engine):
    assert (incidents._severity(1, 1, 1).low, incidents._severity(1, 1, 101).high) == (1, 2)
    assert incidents._severity(32, 101, 101).low == 4
    assert incidents._severity(0, 1, 1).low == 2, "unknown data are not harmless data"
    assert incidents._severity(3, 1, 1).low == 2


# --- evidence -------------------------------------------------------------------------------------------------------


def test_an_incident_cites_the_lines_that_prove_it_oldest_first(tmp_path):
    operator(tmp_path, [line("10:05", "bert", account="A1"), line("10:00", "anna", account="A1"), line("10:01", "bert", account="A1")])
    (incident,) = judged(tmp_path).incidents
    assert incident.evidence == ["portal.log:3", "portal.log:1"]
    assert incident.where == [("/home", 2)]


def test_the_order_in_which_sources_are_configured_changes_nothing(tmp_path):
    operator(
        tmp_path, [line("10:05", "bert", account="A1")], bills_log=[line("10:00", "bert", account="A1")], logins_csv=LOGINS, bills_csv=BILLS
    )
    two = [portal(), portal(name="bills", channel="bills", files=["bills.log"])]
    assert judged(tmp_path, {"source": two}, ledger="one") == judged(tmp_path, {"source": two[::-1]}, ledger="two")


def test_nothing_unentitled_makes_no_incident(engine):
    assert grouped(engine, [shown("r1", "C1")]) == []
    assert grouped(engine, []) == []
