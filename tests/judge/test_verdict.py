"""Was each disclosure all right? The same verdict for each row as a judge who reads the rules one by one."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relations import ENGINES, fill, judged, row_id
from small_operator import case, counts, line, operator, portal
from small_operator import judged as answer
from whosaw import judge
from whosaw.judge import verdict
from whosaw.judge.work import opened
from whosaw.model import Verdict

DAY = datetime.fromisoformat("2012-01-01")

WHO, WHOSE, DATA = ["ann", "bob"], ["A1", "A2"], ["account", "bill"]


def day(number):
    return str(DAY + timedelta(days=number))


SPAN = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted)
SEEN = st.fixed_dictionaries(
    {
        "seen": st.integers(0, 6),
        "recipient": st.sampled_from([*WHO, ""]),
        "customer": st.sampled_from([*WHOSE, ""]),
        "object": st.sampled_from(["O1", "O2", ""]),
        "data": st.sets(st.sampled_from(DATA), max_size=2),
        "vantage": st.sampled_from(["app", "app", "app", "proxy_in"]),
        "kind": st.sampled_from(["customer_login", "customer_login", "employee", "unknown"]),
    }
)
ALLOWED = st.fixed_dictionaries(
    {
        "basis": st.sampled_from(["ownership", "contact", "test_account"]),
        "recipient": st.sampled_from(WHO),
        "customer": st.sampled_from(WHOSE),
        "span": SPAN,
        "grade": st.sampled_from("AACDE"),
        "data": st.sets(st.sampled_from(DATA), max_size=2),
    }
)
OWNED = st.fixed_dictionaries({"object": st.sampled_from(["O1", "O2"]), "customer": st.sampled_from(WHOSE), "span": SPAN})
BLIND = st.fixed_dictionaries({"basis": st.sampled_from(["ownership", "contact"]), "span": SPAN})


# --- the naive judge ------------------------------------------------------------------------------------------------


def within(row, span):
    return span[0] <= row["seen"] < span[1]


def owners_of(row, owned):
    if row["customer"]:
        return {row["customer"]}
    return {o["customer"] for o in owned if o["object"] == row["object"] and within(row, o["span"])} if row["object"] else set()


def covers(allowed, row, customer):
    about = allowed["basis"] == "test_account" or (row["recipient"] and allowed["recipient"] == row["recipient"])
    data = not allowed["data"] or (bool(row["data"]) and row["data"] <= allowed["data"])
    return bool(about) and allowed["customer"] == customer and within(row, allowed["span"]) and data and allowed["grade"] in "ABC"


def naive(row, allowed, owned, blind, *, configured):
    owners = owners_of(row, owned)
    if not (configured or allowed) or row["vantage"] == "proxy_in" or len(owners) != 1 or row["kind"] == "unknown":
        return Verdict.CANNOT_JUDGE
    if any(covers(a, row, next(iter(owners))) for a in allowed):
        return Verdict.ENTITLED
    limited = [dict(a, data="") for a in allowed]
    if not row["data"] and any(covers(a, row, next(iter(owners))) for a in limited):
        return Verdict.CANNOT_JUDGE
    excused = any(within(row, b["span"]) and (b["basis"] == "ownership" or row["kind"] == "employee") for b in blind)
    return Verdict.CANNOT_JUDGE if excused else Verdict.UNENTITLED


def spelled(rows):
    return [
        {
            **{k: v for k, v in row.items() if k not in {"span", "data"}},
            "data": " ".join(row.get("data", ())),
            "since": day(row["span"][0]),
            "until": day(row["span"][1]),
        }
        for row in rows
    ]


@pytest.fixture(scope="module")
def engine():
    engine = ENGINES["duckdb"]()
    yield engine
    engine.close()


def engines_verdicts(engine, seen, allowed, owned, blind, *, configured=True):
    disclosures = [
        {
            "seen_at": day(row["seen"]),
            "recipient": row["recipient"],
            "customer": row["customer"],
            "object": row["object"],
            "object_type": "object" if row["object"] else "",
            "data": " ".join(row["data"]) or "number",
            "vantage": row["vantage"],
            "recipient_kind": row["kind"],
        }
        for row in seen
    ]
    fill(engine, disclosures=disclosures, entitlements=spelled(allowed), owners=spelled(owned), gaps=spelled(blind), configured=configured)
    verdict.resolve(engine)
    verdict.judge(engine)
    rest = dict(engine.rows("select id, why from rest"))
    assert len(rest) == engine.one("select count(*) from rest")[0], "no row is judged twice"
    counted = verdict.count(engine)
    found = []
    for n in range(1, len(seen) + 1):
        why = rest.get(row_id(n), "entitled")
        found.append(Verdict.ENTITLED if why == "entitled" else Verdict.CANNOT_JUDGE if why else Verdict.UNENTITLED)
    assert (counted.verdicts.entitled, counted.verdicts.unentitled, counted.verdicts.cannot_judge) == tuple(found.count(v) for v in Verdict)
    assert sum(counted.reasons.values()) == counted.verdicts.cannot_judge
    assert [sum(d[i] for d in counted.days) for i in (1, 2, 3)] == [found.count(v) for v in Verdict]
    return found


RELATIONS = (
    st.lists(SEEN, min_size=1, max_size=6),
    st.lists(ALLOWED, max_size=4),
    st.lists(OWNED, max_size=3),
    st.lists(BLIND, max_size=1),
)


def test_each_row_gets_the_verdict_of_a_judge_who_reads_the_rules_one_by_one(engine):
    @settings(max_examples=40)
    @given(*RELATIONS, st.booleans())
    def law(seen, allowed, owned, blind, configured):
        seen = [row | {"data": row["data"] or {"number"}} for row in seen]
        expected = [naive(row, allowed, owned, blind, configured=configured) for row in seen]
        assert engines_verdicts(engine, seen, allowed, owned, blind, configured=configured) == expected

    law()


def test_taking_an_entitlement_away_never_clears_and_adding_one_never_accuses(engine):
    @settings(max_examples=15)
    @given(st.lists(SEEN, min_size=1, max_size=5), st.lists(ALLOWED, min_size=1, max_size=4), st.lists(OWNED, max_size=2), st.data())
    def law(seen, allowed, owned, draw):
        gone = draw.draw(st.integers(0, len(allowed) - 1))
        more = engines_verdicts(engine, seen, allowed, owned, [])
        less = engines_verdicts(engine, seen, allowed[:gone] + allowed[gone + 1 :], owned, [])
        for with_it, without_it in zip(more, less, strict=True):
            assert (with_it is Verdict.CANNOT_JUDGE) == (without_it is Verdict.CANNOT_JUDGE)
            assert without_it is not Verdict.ENTITLED or with_it is Verdict.ENTITLED

    law()


def test_the_order_of_rows_and_rules_changes_no_verdict(engine):
    @settings(max_examples=8)
    @given(st.lists(SEEN, min_size=2, max_size=5), st.lists(ALLOWED, min_size=2, max_size=4), st.lists(OWNED, max_size=3))
    def law(seen, allowed, owned):
        there = engines_verdicts(engine, seen, allowed, owned, [])
        assert engines_verdicts(engine, seen[::-1], allowed[::-1], owned[::-1], [])[::-1] == there

    law()


# --- reasons --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"vantage": "client"}, verdict.NOT_SENT),
        ({"vantage": "proxy_in"}, verdict.NOT_SENT),
        ({"customer": "", "object": "O9"}, verdict.NO_CUSTOMER),
        ({"recipient_kind": "unknown"}, verdict.NO_RECIPIENT),
    ],
)
def test_what_cannot_be_judged_says_why(engine, changes, why):
    fill(engine, disclosures=[{"recipient": "ann", "customer": "A1"} | changes])
    judged(engine)
    assert verdict.count(engine).reasons == {why: 1}
    assert engine.one("select count(*) from claims")[0] == 0, "nothing is claimed of it"


def test_an_entitlement_to_some_data_neither_covers_nor_condemns_what_is_not_known(engine):
    seen = [{"recipient": "ann", "customer": "A1", "data": data} for data in ("", "bill", "location")]
    fill(engine, disclosures=seen, entitlements=[{"basis": "ownership", "recipient": "ann", "customer": "A1", "data": "bill"}])
    judged(engine)
    assert verdict.count(engine).reasons == {verdict.UNKNOWN_DATA: 1}
    assert engine.rows("select id from unentitled") == [(row_id(3),)]


def test_the_same_holds_for_a_partner_and_for_a_test_account(engine):
    seen = [
        {"recipient_kind": "site", "site": "pay.example", "recipient": "pay.example", "customer": "A1", "data": data}
        for data in ("", "number", "location")
    ]
    seen += [{"recipient": "ann", "customer": "T1", "data": data} for data in ("", "bill", "location")]
    allowed = [
        {"basis": "partner", "recipient": "pay.example", "data": "number"},
        {"basis": "test_account", "customer": "T1", "data": "bill"},
    ]
    fill(engine, disclosures=seen, entitlements=allowed)
    judged(engine)
    assert verdict.count(engine).reasons == {verdict.UNKNOWN_DATA: 2}
    assert engine.rows("select id from unentitled order by id") == [(row_id(3),), (row_id(6),)]


def test_an_anonymous_visitor_is_entitled_by_nothing_but_a_test_account(engine):
    seen = [{"recipient": "", "customer": "A1"}, {"recipient": "", "customer": "A2"}]
    fill(engine, disclosures=seen, entitlements=[{"basis": "test_account", "customer": "A1"}])
    verdict.resolve(engine)
    verdict.judge(engine)
    assert engine.rows("select id from unentitled") == [(row_id(2),)]


def test_days_are_counted_in_utc(tmp_path):
    operator(tmp_path, [line("2012-01-10T23:30:00-0100", "anna", account="A1"), line("2012-01-10T10:00:00Z", "bert", account="A1")])
    assert [(f"{d:%Y-%m-%d}", e, u, c) for d, e, u, c in answer(tmp_path).timeline] == [("2012-01-10", 0, 1, 0), ("2012-01-11", 1, 0, 0)]


def test_a_recycled_number_is_judged_by_who_had_it_then(tmp_path):
    bills = "bill,account,since,until\nB1,A1,2012-01-01,2012-01-10\nB1,A2,2012-01-10,\n"
    operator(
        tmp_path, [line(f"2012-01-{d}T10:00:00Z", who, uri="/bill/B1") for d in ("09", "10") for who in ("anna", "bert")], bills_csv=bills
    )
    result = answer(tmp_path)
    assert counts(result) == (2, 2, 0)
    with opened(case(tmp_path)) as work:
        judge.judged(work, made=result.made, command="test")
        assert [n for (n,) in work.engine.rows("select source_line from unentitled order by 1")] == [2, 3]


def test_a_log_of_a_place_before_the_gateway_accuses_nobody(tmp_path):
    operator(tmp_path, [line("10:00", "bert", account="A1")])
    result = answer(tmp_path, {"source": [portal(vantage="proxy_in")]})
    assert (counts(result), result.incidents) == ((0, 0, 1), [])


def test_rows_that_come_later_are_judged_as_if_they_had_been_there(engine):
    @settings(max_examples=15)
    @given(st.lists(SEEN, min_size=2, max_size=8), *RELATIONS[1:], st.data())
    def law(seen, allowed, owned, blind, draw):
        cut = draw.draw(st.integers(0, len(seen)))
        engines_verdicts(engine, seen, allowed, owned, blind)
        together = sorted(engine.rows("select * from rest"))
        verdict.resolve(engine, rows=f"(select * from disclosures_read where id <= {row_id(cut)})")
        verdict.judge(engine)
        verdict.judge_more(engine, f"disclosures_read where id > {row_id(cut)}")
        assert sorted(engine.rows("select * from rest")) == together

    law()


SITES = st.sampled_from(["a.example", "b.a.example", "c.b.a.example", "example", "ba.example", ".a.example", "10.0.0.1"])
RULES = st.sampled_from(["a.example", ".a.example", "*.a.example", ".example", "*.b.a.example", ".com", "10.0.0.1", "0.1"])


def answers(site, rule):
    """Whether a partner's site rule means a site, said without SQL."""
    if rule.startswith("*"):
        return site.endswith(rule[1:]) and site != rule[2:]
    return site == rule or (rule.startswith(".") and f".{site}".endswith(rule))


def test_a_rule_means_a_site_and_what_lies_below_it_also_for_sites_that_come_later(engine):
    @settings(max_examples=15)
    @given(st.lists(SITES, min_size=1, max_size=6), st.lists(RULES, min_size=1, max_size=3), st.integers(0, 6))
    def law(sites, rules, cut):
        seen = [{"site": site, "customer": "A1"} for site in sites]
        fill(engine, disclosures=seen, entitlements=[{"basis": "partner", "recipient": rule} for rule in rules])
        verdict.resolve(engine, rows=f"(select * from disclosures_read where id <= {row_id(cut)})")
        verdict.judge(engine)
        verdict.judge_more(engine, f"disclosures_read where id > {row_id(cut)}")
        expected = [row_id(n) for n, site in enumerate(sites, start=1) if not any(answers(site, rule) for rule in rules)]
        assert sorted(id_ for (id_,) in engine.rows("select id from unentitled")) == expected

    law()


def test_days_that_are_known_give_the_same_verdicts_as_days_that_are_counted(engine):
    @settings(max_examples=15)
    @given(st.lists(SEEN, min_size=1, max_size=8), *RELATIONS[1:])
    def law(seen, allowed, owned, blind):
        engines_verdicts(engine, seen, allowed, owned, blind)
        counted, rest = verdict.count(engine), sorted(engine.rows("select * from rest"))
        days = engine.rows("select cast(date_trunc('day', seen_at) as timestamp), count(*) from disclosures_read group by 1")
        verdict.judge(engine, days=days)
        assert (verdict.count(engine), sorted(engine.rows("select * from rest"))) == (counted, rest)

    law()
