"""Questions about an answer: why this row, what scope, who saw this customer, and vouching for a missing entitlement."""

import io
import re

import pytest

from small_operator import line, written
from whosaw.ledger import Ledger


def name_of(text, pattern):
    return re.search(pattern, text)[0]


# --- explain --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("portal.log:1", "entitled: ownership: holds from 2012-01-01"),
        ("portal.log:2", "unentitled: no entitlement covers it"),
        ("portal:3", "unentitled"),
    ],
)
def test_a_line_is_explained_by_its_place(run, judged, asked, verdict):
    said = run("explain", asked)
    assert said.code == 0
    assert said.out.startswith("D-")
    assert verdict in said.out.split("\n", 1)[0]
    assert "entitlements tried" in said.out
    assert "logins.csv" in said.out


def test_a_disclosure_is_explained_by_its_name(run, judged):
    first = run("explain", "portal.log:2").out
    again = run("explain", name_of(first, r"D-[0-9a-f]{8}\.2")).out
    assert again == first


def test_an_incident_is_explained_by_its_scope_and_its_first_row(run, judged):
    said = run("explain", "INC-1")
    assert "INC-1  account-mixup in portal" in said.out
    assert "portal.log:2" in said.out
    assert "part of INC-1" in said.out


def test_a_leak_type_is_explained_with_its_settings_and_what_was_found(run, judged):
    said = run("explain", "account-mixup")
    assert "settings: customers = 2" in said.out
    assert "found here: INC-1" in said.out


@pytest.mark.parametrize(
    "asked",
    ["D-00000000.1", "D-ffffffffffffffff.1", "D-", "portal.log:5", "portal.log:99999999999999999999", "portal.log:²", "nothing", "INC-99"],
)
def test_what_is_not_there_is_1_with_what_may_be_asked(run, judged, asked):
    said = run("explain", asked)
    assert said.code == 1
    assert said.message[1]


def test_nothing_that_is_explained_is_in_clear(run, judged):
    for asked in ("portal.log:1", "portal.log:2", "portal.log:3", "INC-1"):
        said = run("explain", asked)
        assert not re.search(r"\b(anna|bert|A1|A2|B1|B2)\b", said.out + said.err)


# --- scope ----------------------------------------------------------------------------------------------------------


def test_a_scope_has_its_bounds_and_their_reasons(run, judged):
    said = run("scope", "account-mixup")
    assert "since      2012-01-10 10:01:00 UTC certain (older is possible)" in said.out
    assert "customers  at least 1, at most" in said.out
    assert "because" in said.out


def test_a_scope_as_of_a_time_counts_only_what_was_shown_before(run, small):
    rows = [line(f"2012-01-{d}T10:00:00Z", who, account=whose) for d in (10, 11, 12) for who, whose in (("anna", "A1"), ("bert", "A1"))]
    written(small, portal_log=rows)
    run("judge", "--quiet")
    shown = {day: run("scope", "account-mixup", "--as-of", day) for day in ("2012-01-11", "2012-01-11T12:00:00Z", "2012-01-20")}
    assert [name_of(said.out, r"shown +\d+ times") for said in shown.values()] == [
        "shown      1 times",
        "shown      2 times",
        "shown      3 times",
    ]
    early = run("scope", "account-mixup", "--as-of", "2012-01-01")
    assert early.code == 1
    assert early.message[1]


def test_an_incident_that_is_not_there_is_1_and_lists_those_that_are(run, judged):
    said = run("scope", "INC-9")
    assert said.code == 1
    assert "INC-1" in said.message[1]


# --- saw ------------------------------------------------------------------------------------------------------------


def test_a_customer_is_asked_for_in_clear_or_by_pseudonym_or_unseen(run, judged):
    clear = run("saw", "A1", "--reason", "complaint 7")
    assert clear.code == 0
    pseudonym = name_of(clear.out, r"c:[0-9a-f]{12}")
    assert not re.search(r"\bA1\b", clear.out)
    for answer in (run("saw", pseudonym, "--reason", "r"), run("saw", "-", "--reason", "r", stdin=io.StringIO("A1\n"))):
        assert answer.code == 0
        assert pseudonym in answer.out
        assert "no entitlement covers it" in answer.out


def test_our_own_look_ups_are_disclosures_of_that_customer(run, judged):
    first = run("saw", "A1", "--all", "--reason", "complaint 7")
    assert "complaint 7" not in first.out
    assert "this look-up has been recorded: complaint 7" in first.err
    second = run("saw", "A1", "--all")
    assert "complaint 7" in second.out
    assert "whosaw: employee" in second.out
    assert "give --reason next time" in second.err
    third = run("saw", "A1")
    assert "no reason was given" in third.out, "a look without a reason cannot be judged"
    assert "complaint 7" not in third.out, "one with a reason is entitled"


def test_to_explain_a_row_is_a_look_at_its_customer(run, judged):
    run("explain", "portal.log:2")
    assert "review of a finding" in run("saw", "A1", "--all").out


def test_a_look_that_found_nothing_is_recorded_too(run, judged):
    said = run("saw", "A999", "--reason", "curious")
    assert (said.code, said.message[0]) == (1, "no disclosure of this customer is in the ledger")
    again = run("saw", "A999", "--reason", "curious", "--all")
    assert again.code == 0
    assert "curious" in again.out


def test_a_pseudonym_that_names_nobody_is_1(run, judged):
    said = run("saw", "c:0000000000")
    assert said.code == 1
    assert said.message[1]


def test_only_what_is_not_entitled_is_shown_unless_all_is_asked_for(run, judged):
    few, all_of_it = run("saw", "A1", "--reason", "r").out, run("saw", "A1", "--all", "--reason", "r").out
    assert few.count("UTC  entitled") == 0
    assert all_of_it.count("UTC  entitled") >= 2


def test_who_has_no_name_on_this_machine_is_a_number(run, judged, monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 4242")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert run("saw", "A1", "--reason", "r").code == 0
    assert "uid " in run("saw", "A1", "--all", "--reason", "r").out


# --- repair ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def unlisted(run, small, result):
    """Carla's own page always showed one account, and no row of the registry says that it is hers."""
    rows = [line(f"2012-01-{d}T10:00:00Z", who, account=whose) for d in (10, 11, 12) for who, whose in (("anna", "A1"), ("carla", "A3"))]
    written(small, portal_log=rows)
    run("judge", "--quiet")
    assert result()["verdicts"]["unentitled"] == 3
    assert [r["id"] for r in result()["repairs"]] == ["REP-1"]
    assert result()["incidents"] == []
    return small


def test_a_vouched_entitlement_is_recorded_and_the_next_answer_is_clean(run, unlisted, result):
    said = run("repair", "REP-1", "--reason", "contract on paper")
    assert said.code == 0
    assert "recorded: 1 pairs" in said.err
    assert run("judge", "--quiet", "--fail-on", "unentitled").code == 0
    assert result()["verdicts"] == {"entitled": 6, "unentitled": 0, "cannot_judge": 0}
    assert result()["repairs"] == []
    assert "grade B" in run("saw", "A3", "--all", "--reason", "r").out


def test_what_is_vouched_for_holds_from_the_first_row_and_for_that_pair_only(run, unlisted, result):
    run("repair", "REP-1", "--reason", "contract on paper")
    more = [
        line("2012-01-09T10:00:00Z", "carla", account="A3"),
        line("2012-01-13T10:00:00Z", "carla", account="A1"),
        line("2012-01-13T10:00:00Z", "carla", account="A3"),
    ]
    written(unlisted, **{"portal-b_log": more})
    run("judge", "--quiet")
    assert result()["verdicts"] == {"entitled": 7, "unentitled": 2, "cannot_judge": 0}


def test_a_repair_needs_a_reason_and_must_be_open(run, unlisted):
    assert run("repair", "REP-1").code == 2
    said = run("repair", "REP-9", "--reason", "r")
    assert (said.code, said.message[0]) == (1, "`REP-9` is no open repair")
    with Ledger(unlisted / "whosaw-out") as ledger:
        assert ledger.vouched() == []


# --- nothing to ask -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["explain", "INC-1"], ["scope", "INC-1"], ["saw", "A1"], ["repair", "REP-1", "--reason", "r"]])
def test_without_a_ledger_every_question_is_1(run, tmp_path, command):
    said = run(*command)
    assert said.code == 1
    assert said.message == ("there is no ledger in `whosaw-out`", "run `whosaw judge` first, or name its folder with --dir")
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_judged_without_a_configuration_is_4(run, small):
    run("judge", "portal.log", "--map", "recipient=login", "--map", "customer=account", "--quiet")
    said = run("saw", "A1")
    assert said.code == 4
    assert "whosaw init" in said.message[1]


def test_a_configuration_that_has_moved_away_is_4(run, judged):
    (judged / "whosaw.toml").rename(judged / "elsewhere.toml")
    assert run("saw", "A1").code == 4
