"""Is what a late or withdrawn entitlement touches judged again, and nothing else?"""

import pytest

from small_operator import BILL_OWNER, LOGINS, OWNERSHIP, case, line, operator
from whosaw import entitlements
from whosaw.judge import again, prepare, read_all, verdict
from whosaw.judge.plan import plan
from whosaw.judge.work import opened

LINES = [
    line("09:00", "anna", account="A1"),
    line("10:00", "anna", account="A2"),
    line("11:00", "anna", account="A2"),
    line("12:00", "bert", account="A1"),
    line("12:30", "bert", uri="/bill/B1"),
]
TICKETS = {
    "basis": "ticket",
    "grade": "B",
    "file": "tickets.csv",
    "columns": {"recipient": "who", "customer": "whose", "since": "a", "until": "b"},
}
TESTS = {"basis": "test_account", "file": "tests.csv", "columns": {"customer": "account", "since": "a"}}


@pytest.fixture
def shop(tmp_path):
    """A judged case whose files a test changes, and what is judged again when a relation is loaded anew."""
    operator(tmp_path, LINES, tickets_csv="who,whose,a,b\n", tests_csv="account,a\n")
    one = case(tmp_path, {"entitlement": [OWNERSHIP, TICKETS, TESTS], "owner": [BILL_OWNER]})
    with opened(one, write=True) as work:
        work.tasks, _ = plan(one.config, tmp_path)
        read_all(work, lambda *_: None)
        prepare(work)
        verdict.judge(work.engine)
        yield work


def changed(work, rules=(), *, owners=False, **files):
    """Write files, load what they are of anew, and return how many rows were judged again, and what is left over then."""
    for name, text in files.items():
        (work.case.folder / f"{name}.csv").write_text(text)
    keys = [f"entitlement[{i}]" for i in rules] + (["owner[0]"] if owners else [])
    with again.judged_again(work.engine, rules, owners=owners) as changes:
        entitlements.load_again(work.engine, work.case.config, work.case.folder, keys)
    left = work.engine.rows("select source_line from rest where why is null order by 1")
    as_ever = work.engine.rows("select id, why from rest order by all")
    verdict.judge(work.engine)
    assert work.engine.rows("select id, why from rest order by all") == as_ever
    return changes.rows, [n for (n,) in left]


def test_nothing_is_judged_again_when_nothing_changed(shop):
    assert changed(shop, [0, 1, 2], owners=True) == (0, [2, 3, 4, 5])


def test_only_the_rows_between_those_two_in_that_time_are(shop):
    tickets = "who,whose,a,b\nanna,A2,2012-01-10T09:55:00Z,2012-01-10T10:05:00Z\n"
    assert changed(shop, [1], tickets=tickets) == (1, [3, 4, 5])
    assert changed(shop, [1], tickets="who,whose,a,b\n") == (1, [2, 3, 4, 5])


def test_an_end_that_is_set_later_touches_what_came_after_it(shop):
    assert changed(shop, [0], logins=LOGINS.replace("anna,A1,2012-01-01,", "anna,A1,2012-01-01,2012-01-10")) == (1, [1, 2, 3, 4, 5])


def test_a_test_account_touches_whoever_saw_it(shop):
    assert changed(shop, [2], tests="account,a\nA2,2012-01-01\n") == (2, [4, 5])


def test_an_object_with_another_owner_touches_who_was_shown_it(shop):
    assert changed(shop, owners=True, bills="bill,account,since,until\nB1,A2,2012-01-01,\n") == (1, [2, 3, 4])


def test_a_partner_whose_agreement_comes_late_touches_its_sites(tmp_path):
    sites = {
        "name": "gate",
        "files": ["gate.log"],
        "channel": "gate",
        "format": "jsonl",
        "recipient_kind": "site",
        "customer": "account",
        "route": [{"template": "/home", "data": ["account"]}],
    }
    partner = {"basis": "partner", "file": "partners.csv", "columns": {"recipient": "host", "since": "a"}}
    hosts = [line("10:00", host=host, account="A1") for host in ("a.shop.example", "other.example")]
    operator(tmp_path, [], gate_log=hosts, partners_csv="host,a\nold.example,2012-01-01\n")
    one = case(tmp_path, {"source": [sites], "entitlement": [partner]})
    with opened(one, write=True) as work:
        work.tasks, _ = plan(one.config, tmp_path)
        read_all(work, lambda *_: None)
        prepare(work)
        verdict.judge(work.engine)
        assert changed(work, [0], partners="host,a\n.shop.example,2012-01-01\n") == (2, [2])
        assert changed(work, [0], partners="host,a\nold.example,2012-01-01\n") == (2, [1, 2])


def fails(engine):
    """Take all entitlements away, and fail."""
    with engine.together(), again.judged_again(engine, [0], owners=True):
        engine.run("delete from grants")
        engine.run("create or replace temp table held as select * from held limit 0")
        raise ZeroDivisionError


def test_a_change_that_fails_leaves_everything_as_it_was(shop):
    before = shop.engine.rows("select id, why from rest order by all")
    with pytest.raises(ZeroDivisionError):
        fails(shop.engine)
    assert shop.engine.rows("select id, why from rest order by all") == before
    assert changed(shop, [0, 1, 2], owners=True) == (0, [2, 3, 4, 5])
