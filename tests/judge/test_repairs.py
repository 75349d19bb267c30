"""Which unentitled disclosures look like an entitlement that is missing on file?"""

import pytest

from relations import ENGINES, fill, judged
from small_operator import MADE, case, counts, line, operator
from small_operator import judged as answer
from whosaw import judge
from whosaw.errors import NotFoundError
from whosaw.judge import repairs
from whosaw.judge.work import opened

OWN_PAGE = [line(f"2012-01-{d}T10:00:00Z", who, account=whose) for d in (10, 11, 12) for who, whose in (("anna", "A1"), ("carla", "A3"))]


@pytest.fixture(scope="module")
def engine():
    engine = ENGINES["duckdb"]()
    yield engine
    engine.close()


def test_a_suggestion_names_who_how_many_since_when_and_the_command(tmp_path):
    operator(tmp_path, OWN_PAGE)
    (found,) = answer(tmp_path).repairs
    assert (found.id, found.basis, found.customers, found.disclosures) == ("REP-1", "ownership", 1, 3)
    assert (f"{found.since:%d}", f"{found.until:%d}") == ("10", "12")
    assert found.command == 'whosaw repair REP-1 --reason "..."'
    assert found.recipient.startswith("r:")
    assert found.recipient in found.sentence
    assert "carla" not in repr(found)


def test_who_was_shown_two_customers_as_often_is_no_missing_row(tmp_path):
    both = [line(f"2012-01-{d}T10:00:00Z", "carla", account=whose) for d in (10, 11) for whose in ("A1", "A3")]
    operator(tmp_path, [line("08:00", "anna", account="A1"), *both])
    result = answer(tmp_path)
    assert result.repairs == []
    assert [i.disclosures for i in result.incidents] == [4]


def test_a_stray_page_beside_the_own_one_is_no_part_of_the_repair(tmp_path):
    operator(tmp_path, [*OWN_PAGE, line("2012-01-13T10:00:00Z", "carla", account="A1")])
    result = answer(tmp_path)
    assert [repair.disclosures for repair in result.repairs] == [3]
    assert [i.disclosures for i in result.incidents] == [1]


def test_a_site_that_is_sent_numbers_daily_like_partners_are_is_suggested_as_one(engine):
    days = [f"2012-01-{d:02} 12:00" for d in range(1, 8)]
    rows = [{"seen_at": day, "site": site, "customer": "A1"} for day in days for site in ("one.example", "new.example")]
    partners = [{"basis": "partner", "recipient": f"{name}.example"} for name in ("one", "two", "three", "four", "five")]
    fill(engine, disclosures=rows, entitlements=partners)
    (found,) = judged(engine)
    assert (found.basis, found.recipient, found.disclosures) == ("partner", "new.example", 7)
    fill(engine, disclosures=rows, entitlements=partners[:2])
    assert judged(engine) == []


def confirmed(folder, name="REP-1"):
    with opened(case(folder)) as work:
        judge.judged(work, made=MADE, command="test")
        return repairs.confirm(work.engine, work.ledger, name, reason="contract", by="ada", at="2012-03-01T00:00:00+00:00")


def test_what_a_person_vouches_for_is_judged_from_then_on_and_stays_on_record(tmp_path):
    operator(tmp_path, OWN_PAGE)
    assert counts(answer(tmp_path)) == (3, 3, 0)
    assert confirmed(tmp_path) == 1
    after = answer(tmp_path)
    assert (counts(after), after.repairs) == ((6, 0, 0), [])
    with opened(case(tmp_path)) as work:
        ((basis, _, _, site, since, reason, by),) = work.ledger.vouched()
        assert (basis, site, reason, by) == ("ownership", None, "contract", "ada")
        assert since.startswith("2012-01-10 10:00:00")
        judge.prepare(work)
        assert work.engine.rows("select grade, source from rules where rule >= 10000") == [("B", "vouched for by ada")]


def test_a_voucher_does_not_reach_back_before_what_was_seen(tmp_path):
    operator(tmp_path, OWN_PAGE)
    answer(tmp_path)
    confirmed(tmp_path)
    operator(tmp_path, [*OWN_PAGE, line("2012-01-09T10:00:00Z", "carla", account="A3")])
    assert counts(answer(tmp_path)) == (6, 1, 0)


def test_a_repair_that_is_not_open_is_not_found_and_nothing_is_recorded(tmp_path):
    operator(tmp_path, OWN_PAGE)
    answer(tmp_path)
    with pytest.raises(NotFoundError, match="`REP-7` is no open repair"):
        confirmed(tmp_path, "REP-7")
    assert counts(answer(tmp_path)) == (3, 3, 0)
