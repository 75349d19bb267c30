"""The law of the index: for any disclosure and any registries it gives the verdict and the reason that the judge gives afterwards."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relations import ENGINES, fill, row_id
from whosaw.edge.decide import index
from whosaw.edge.decide.index import Index, Question, Reason, micros, site_names
from whosaw.identifiers import Pseudonymiser
from whosaw.judge import verdict
from whosaw.model import DataClass, RecipientKind, Verdict, data_mask

DAY = datetime(2012, 1, 1, tzinfo=UTC)
NAMES = Pseudonymiser(bytes(range(32)))

WHO, WHOSE, DATA = ["ann", "bob"], ["A1", "A2"], ["account", "bill"]
SITES = ["music.example", "m.music.example", "example", "music.example.net", "a.b.c.example"]
RULES = ["music.example", ".music.example", "*.music.example", ".example", "*.example", "*.c.example", "other.example"]


def day(number):
    return DAY + timedelta(days=number)


SPAN = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted)
SEEN = st.fixed_dictionaries(
    {
        "seen": st.integers(0, 4),
        "recipient": st.sampled_from([*WHO, *WHO, "", *SITES]),
        "customer": st.sampled_from([*WHOSE, "", ""]),
        "object": st.sampled_from(["O1", "O1", "O2", "O9", ""]),
        "data": st.sets(st.sampled_from(DATA), max_size=2),
        "kind": st.sampled_from(["customer_login", "customer_login", "employee", "unknown", "anonymous"]),
    }
)
ALLOWED = st.fixed_dictionaries(
    {
        "basis": st.sampled_from(["ownership", "contact", "test_account", "partner"]),
        "recipient": st.sampled_from(WHO),
        "site": st.sampled_from(RULES),
        "customer": st.sampled_from(WHOSE),
        "span": SPAN,
        "grade": st.sampled_from("AACDE"),
        "data": st.sets(st.sampled_from(DATA), max_size=2),
    }
)
OWNED = st.fixed_dictionaries({"object": st.sampled_from(["O1", "O2"]), "customer": st.sampled_from(WHOSE), "span": SPAN})
BLIND = st.fixed_dictionaries({"basis": st.sampled_from(["ownership", "contact"]), "span": SPAN})


@pytest.fixture(scope="module")
def engine():
    engine = ENGINES["duckdb"]()
    yield engine
    engine.close()


def spelled(row):
    found = {key: value for key, value in row.items() if key not in {"span", "data", "site"}}
    if row.get("basis") == "partner":
        found["recipient"] = row["site"]
    begin, end = (str(day(n))[:19] for n in row["span"])
    return found | {"data": " ".join(row.get("data", ())), "since": begin, "until": end}


def disclosure(row):
    site = row["recipient"] if row["recipient"] in SITES else ""
    return {
        "seen_at": str(day(row["seen"]))[:19],
        "recipient": row["recipient"],
        "site": site,
        "customer": row["customer"],
        "object": row["object"],
        "object_type": "object" if row["object"] else "",
        "data": " ".join(row["data"]),
        "vantage": "app",
        "recipient_kind": "site" if site else row["kind"],
    }


def question(row):
    site = row["recipient"] if row["recipient"] in SITES else ""
    return Question(
        kind=RecipientKind.SITE if site else RecipientKind(row["kind"]),
        recipient=NAMES.key("r", row["recipient"]) if row["recipient"] else None,
        moment=micros(day(row["seen"])),
        data=data_mask(DataClass(name) for name in row["data"]),
        customer=NAMES.key("c", row["customer"]) if row["customer"] else None,
        object=NAMES.key("o", f"object:{row['object']}") if row["object"] else None,
        site=site,
    )


def given_to(engine, seen, allowed=(), owned=(), blind=(), *, configured=True):
    fill(
        engine,
        disclosures=[disclosure(row) for row in seen],
        entitlements=[spelled(row) for row in allowed],
        owners=[spelled(row) for row in owned],
        gaps=[spelled(row) for row in blind],
        configured=configured,
    )


def of_the_judge(engine, count):
    verdict.resolve(engine)
    verdict.judge(engine)
    rest = dict(engine.rows("select id, why from rest"))
    found = []
    for number in range(1, count + 1):
        why = rest.get(row_id(number), "")
        entitled = row_id(number) not in rest
        found.append((Verdict.ENTITLED, "") if entitled else (Verdict.CANNOT_JUDGE, why) if why else (Verdict.UNENTITLED, ""))
    return found


def of_the_index(engine, seen):
    judge = Index(engine).judge
    found = [judge(question(row)) for row in seen]
    return [(one.verdict, one.why if one.verdict is Verdict.CANNOT_JUDGE else "") for one in found]


def test_what_is_asked_before_gets_the_verdict_that_is_given_afterwards(engine):
    relations = (st.lists(ALLOWED, max_size=6), st.lists(OWNED, max_size=4), st.lists(BLIND, max_size=1), st.booleans())

    @settings(max_examples=80)
    @given(st.lists(SEEN, min_size=1, max_size=12), *relations)
    def law(seen, allowed, owned, blind, configured):
        given_to(engine, seen, allowed, owned, blind, configured=configured)
        assert of_the_index(engine, seen) == of_the_judge(engine, len(seen))

    law()


def test_what_is_taken_over_in_parts_is_what_is_taken_over_at_once(engine, monkeypatch):
    given_to(engine, [])
    always = "timestamp '0001-01-01', timestamp '9999-12-31'"
    ends = f"select unnest([{-(1 << 63)}, {(1 << 63) - 1}]) as key, 0 as i"
    spread = f"({ends} union all select hash(i)::hugeint - (1::hugeint << 63), i from range(500) t(i))"
    engine.run(f"insert into grants select 1, key, i, {always}, 1, null, i, true from {spread}")
    engine.run(f"insert into held select key, i, {always}, false from {spread}")
    whole = Index(engine)
    monkeypatch.setattr(index, "AT_ONCE", 7)
    parts = Index(engine)
    for columns in ("_pairs", "_held"):
        one, other = getattr(whole, columns), getattr(parts, columns)
        assert {name: list(column) for name, column in one.items()} == {name: list(column) for name, column in other.items()}
    assert len(parts._held["object"]) == len(parts._pairs["pair"]) == 502


def test_an_answer_names_the_rows_it_rests_on(engine):
    row = {"seen": 2, "recipient": "ann", "customer": "A1", "object": "", "data": {"bill"}, "kind": "customer_login"}
    allowed = [
        {"basis": "ownership", "recipient": "ann", "customer": "A1", "span": (0, 6), "grade": "A", "data": set(), "site": ""},
        {"basis": "contact", "recipient": "ann", "customer": "A1", "span": (0, 1), "grade": "B", "data": set(), "site": ""},
    ]
    given_to(engine, [row], allowed)
    assert Index(engine).judge(question(row)).reasons == (Reason("ownership", "A", "registry", 0),)


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({"span": (3, 6)}, "not yet"),
        ({"span": (0, 2)}, "ended"),
        ({"data": {"account"}}, "other data"),
        ({"grade": "D"}, "grade"),
    ],
)
def test_a_row_that_does_not_cover_it_says_what_it_lacks(engine, changes, lacks):
    row = {"seen": 2, "recipient": "ann", "customer": "A1", "object": "", "data": {"bill"}, "kind": "customer_login"}
    allowed = {
        "basis": "ownership",
        "recipient": "ann",
        "customer": "A1",
        "span": (0, 6),
        "grade": "A",
        "data": set(),
        "site": "",
    } | changes
    given_to(engine, [row], [allowed])
    found = Index(engine).judge(question(row))
    assert (found.verdict, [reason.lacks for reason in found.reasons]) == (Verdict.UNENTITLED, [lacks])


def test_pairs_whose_pseudonyms_have_the_same_difference_are_told_apart(engine):
    given_to(engine, [])
    engine.run("insert into rules values (1, 'ownership', 'A', '', 'registry', true)")
    engine.run("insert into grants select 1, 12, 10, timestamp '0001-01-01', timestamp '9999-12-31', 2147483647, null, 0, true")
    judge = Index(engine).judge
    asked = Question(RecipientKind.EMPLOYEE, 12, 0, 1, customer=10)
    assert judge(asked).verdict is Verdict.ENTITLED
    assert judge(asked._replace(recipient=10, customer=12)).verdict is Verdict.UNENTITLED
    assert judge(asked._replace(recipient=12 ^ 10 ^ 99, customer=99)).verdict is Verdict.UNENTITLED


def test_a_site_answers_to_its_own_name_and_to_those_above_it():
    assert list(site_names("m.music.example")) == [
        "m.music.example",
        "*m.music.example",
        ".m.music.example",
        ".music.example",
        "*.music.example",
        ".example",
        "*.example",
    ]
