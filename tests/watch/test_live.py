"""Do verdicts that are kept stay true, whatever comes late, is withdrawn, or breaks?"""

import pytest

from small_operator import LOGINS, OWNERSHIP, judged, line, operator
from watch.watched import append, unnamed, watched
from whosaw.errors import StorageError

LEAK = [line("10:00", "anna", account="A2"), line("10:01", "bert", account="A1"), line("10:02", "anna", account="A2")]
CALM = [line("09:00", "anna", account="A1"), line("09:01", "bert", account="A2")]

TICKETS = {
    "basis": "ticket",
    "grade": "B",
    "file": "tickets.csv",
    "columns": {"recipient": "who", "customer": "whose", "since": "since", "until": "until"},
}
WITH_TICKETS = {"entitlement": [OWNERSHIP, TICKETS]}
NO_TICKET = "who,whose,since,until\n"


def test_a_late_ticket_takes_an_incident_back_and_says_why(tmp_path):
    operator(tmp_path, CALM + LEAK[:1], tickets_csv=NO_TICKET)
    with watched(tmp_path, WITH_TICKETS) as hands:
        assert hands.answer().verdicts.unentitled == 1
        append(tmp_path / "tickets.csv", "anna,A2,2012-01-10T09:55:00Z,2012-01-10T10:05:00Z")
        hands.step(2)
        assert hands.answer(1).verdicts.unentitled == 1, "it may still be being written"
        result = hands.answer(5)
        assert (result.verdicts.unentitled, result.incidents) == (0, [])
        assert hands.told[-1].kind == "withdrawn"
        assert hands.told[-1].changes == ["every disclosure of it has been explained since"]


def test_an_entitlement_that_is_withdrawn_makes_a_leak_of_what_it_covered(tmp_path):
    rows = "".join(f"u{i},X{i},,\n" for i in range(30))
    operator(tmp_path, CALM, logins_csv=LOGINS + rows)
    with watched(tmp_path) as hands:
        assert hands.answer().verdicts.unentitled == 0
        (tmp_path / "logins.csv").write_text(LOGINS.replace("bert,A2,2012-01-01,", "bert,A2,2012-01-01,2012-01-02") + rows)
        hands.step()
        assert hands.answer().verdicts.unentitled == 1


def test_a_bill_whose_owner_is_listed_late_can_be_judged_then(tmp_path):
    operator(tmp_path, [line("10:00", "anna", uri="/bill/B9")])
    with watched(tmp_path) as hands:
        assert hands.answer().verdicts.cannot_judge == 1
        append(tmp_path / "bills.csv", "B9,A2,2012-01-01,")
        hands.step()
        assert hands.answer().verdicts.unentitled == 1


def test_what_a_person_vouches_for_counts_from_then_on(tmp_path):
    operator(tmp_path, LEAK[:1])
    with watched(tmp_path) as hands:
        assert hands.answer().verdicts.unentitled == 1
        work = hands.watch._work
        (recipient, customer) = work.engine.one("select recipient, customer from rest")
        work.ledger.vouch([("ownership", recipient, customer, None, "2012-01-01 00:00:00", "a reason", "somebody", "2012-01-11")])
        assert hands.answer().verdicts.unentitled == 0


@pytest.mark.parametrize(
    ("tickets", "says"),
    [
        (NO_TICKET + "x,y,,\n", "had 40 before"),
        ("", "had 40 before"),
        ("nobody,whose,since,until\n", "names column `who`"),
    ],
)
def test_a_registry_that_lost_its_rows_is_not_believed_and_that_is_said(tmp_path, tickets, says):
    good = NO_TICKET + "anna,A2,2012-01-10T09:55:00Z,2012-01-10T10:05:00Z\n" + "".join(f"u{i},A2,,\n" for i in range(39))
    operator(tmp_path, LEAK[:1], tickets_csv=good)
    with watched(tmp_path, WITH_TICKETS) as hands:
        assert hands.answer().verdicts.unentitled == 0
        (tmp_path / "tickets.csv").write_text(tickets)
        hands.step()
        assert hands.answer().verdicts.unentitled == 0
        assert says in hands.troubles()
        (tmp_path / "tickets.csv").write_text(good + "carl,A2,,\n")
        hands.step()
        hands.answer()
        assert hands.troubles() == ""


def test_a_part_of_the_ledger_that_is_damaged_meanwhile_cannot_be_judged_any_more(tmp_path):
    operator(tmp_path, CALM + LEAK)
    with watched(tmp_path) as hands:
        assert hands.answer().verdicts.unentitled == 3
        (part,) = (tmp_path / "ledger" / "disclosures").rglob("*.parquet")
        part.write_bytes(part.read_bytes()[:-40])
        append(tmp_path / "portal.log", line("11:00", "anna", account="A1"))
        result = hands.answer()
    assert (result.verdicts.entitled, result.verdicts.unentitled, result.verdicts.cannot_judge) == (1, 0, 5)
    assert any("cannot be read" in doubt for doubt in result.doubts)


def test_many_batches_make_few_parts_and_the_answer_stays(tmp_path):
    operator(tmp_path, CALM)
    with watched(tmp_path) as hands:
        hands.answer()
        for i in range(40):
            append(tmp_path / "portal.log", line(f"10:{i:02}", "anna", account="A2"))
            hands.step(1)
        many = hands.watch.status.parts
        hands.step(200)
        result = hands.answer()
        assert hands.watch.status.parts < many
        assert result.verdicts.unentitled == 40
    assert unnamed(judged(tmp_path, ledger="whole"))[:3] == unnamed(result)[:3]


def test_a_registry_for_which_there_was_no_room_is_loaded_once_there_is(tmp_path, monkeypatch):
    operator(tmp_path, LEAK[:1], tickets_csv=NO_TICKET)
    with watched(tmp_path, WITH_TICKETS) as hands:
        hands.answer()
        append(tmp_path / "tickets.csv", "anna,A2,2012-01-10T09:55:00Z,2012-01-10T10:05:00Z")
        hands.step()
        with monkeypatch.context() as patch:

            def refuse(*_):
                raise StorageError("the disk is full", hint="free some space")

            patch.setattr("whosaw.watch.live.entitlements.load_again", refuse)
            hands.step()
            assert "the disk is full" in hands.troubles()
        assert hands.answer().verdicts.unentitled == 0
        assert hands.troubles() == ""
