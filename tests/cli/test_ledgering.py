"""Is the ledger still right, small, no older than it may be, and without who asked to be forgotten?"""

import io

import pytest

from small_operator import line
from whosaw.ledger import Ledger


def test_verify_says_first_whether_everything_is_as_it_was(run, judged):
    said = run("ledger", "verify", "--quiet")
    assert (said.code, said.out.splitlines()[0]) == (0, "everything is as it was recorded")
    assert "1 of 1 are there and give the same again" in said.out
    assert run("ledger", "verify", "whosaw.toml", "--quiet").out == said.out


def test_verify_ends_with_1_when_something_differs_and_with_3_when_something_is_gone(run, judged):
    log = judged / "portal.log"
    content = log.read_text()
    log.write_text(content.replace("anna", "enna"))
    said = run("ledger", "verify", "--quiet")
    assert (said.code, said.out.splitlines()[0]) == (1, "something is not as it was recorded")
    assert "changed     portal.log" in said.out
    log.unlink()
    said = run("ledger", "verify", "--quiet")
    assert (said.code, said.out.splitlines()[0]) == (3, "what can be looked at is as it was recorded; not all of it can")
    assert "gone        portal.log" in said.out


def test_compact_says_how_many_parts_there_are(run, judged):
    for i in range(3):
        with (judged / "portal.log").open("a") as f:
            f.write(line(f"12:0{i}", "anna", account="A1") + "\n")
        assert run("judge", "--quiet").code == 0
    said = run("ledger", "compact")
    assert (said.code, said.out) == (0, "1 parts where there were 4\n")


def test_retain_counts_what_goes_and_keeps_the_answer(run, judged, result):
    before = result()
    said = run("ledger", "retain", "--keep", "90d")
    assert said.code == 0
    assert "2 disclosures were entitled and are only counted now, 2 are kept with their verdict" in said.out
    assert result()["verdicts"] == before["verdicts"]
    assert [i["disclosures"] for i in result()["incidents"]] == [i["disclosures"] for i in before["incidents"]]
    assert run("ledger", "verify", "--quiet").code == 0
    assert run("ledger", "retain", "--keep", "soon").code == 4


def test_erase_leaves_nothing_to_find(run, judged, result):
    before = result()
    said = run("ledger", "erase", "A1", "--reason", "asked to be forgotten")
    assert said.code == 0
    assert "2 are kept with their verdict" in said.out
    assert "A1" not in said.out
    assert result()["verdicts"] == before["verdicts"]
    said = run("saw", "A1", "--reason", "to see that nothing is there")
    assert said.code == 1
    assert "no disclosure of this customer" in said.err


def test_erase_takes_the_person_from_standard_input_and_no_name_in_its_reason(run, judged):
    assert run("ledger", "erase", "-", "--reason", "asked", stdin=io.StringIO("A2\n")).code == 0
    said = run("ledger", "erase", "A1", "--reason", "A1 asked")
    assert said.code == 2
    assert "names the person" in said.err


def test_erase_wants_a_reason_and_records_who_gave_it(run, judged):
    assert run("ledger", "erase", "A1").code == 2
    run("ledger", "erase", "A1", "--reason", "asked")
    with Ledger(judged / "whosaw-out") as ledger:
        ((_, by, what, reason, _, _),) = ledger.settlements()
    assert (what, reason) == ("erase", "asked")
    assert by


def test_erase_says_when_somebody_is_still_reading(run, judged):
    with Ledger(judged / "whosaw-out"):
        said = run("ledger", "erase", "A1", "--reason", "asked")
    assert said.code == 3
    assert "somebody is reading the ledger" in said.err


@pytest.mark.parametrize("command", [["verify"], ["compact"], ["retain", "--keep", "1d"], ["erase", "A1", "--reason", "x"]])
def test_where_there_is_no_ledger_that_is_said(run, command):
    said = run("ledger", *command)
    assert said.code == 1
    assert "there is no ledger" in said.err
