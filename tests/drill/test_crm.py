import itertools
from collections import defaultdict
from datetime import datetime

from drill.second_opinion import Opinion, lines, registry, rows


def test_the_trail_is_a_table_with_quotes_where_needed(quarter):
    text = lines(quarter[0], "logs/crm/audit.csv")
    assert text[0] == "time,agent,action,screen,account,ticket"
    assert any('"view, itemised"' in line for line in text)
    assert {row["screen"] for *_, row in rows(quarter[0], "crm")} == {"search", "summary", "bill", "calls", "sim"}


def test_a_search_shows_nobody(quarter):
    assert all(bool(row["account"]) != (row["screen"] == "search") for *_, row in rows(quarter[0], "crm"))


def test_the_trail_is_in_order_of_time_but_for_slow_clocks_at_midnight(quiet):
    times = [t for _, _, t, _ in rows(quiet[0], "crm")]
    late = [(b, a) for a, b in itertools.pairwise(times) if b < a]
    assert all((a - b).total_seconds() < 60 and b.hour == 23 for b, a in late)


def test_a_claimed_ticket_is_that_agents_ticket_for_that_customer(quiet):
    tickets = {(row["ticket"], row["agent"], row["account"]) for row in registry(quiet[0], "tickets")}
    claimed = [(row["ticket"], row["agent"], row["account"]) for *_, row in rows(quiet[0], "crm") if row["ticket"]]
    assert claimed
    assert set(claimed) <= tickets


def test_every_kind_of_reason_is_needed(quiet):
    opinion = Opinion(quiet[0])
    found = [(t, row) for _, _, t, row in rows(quiet[0], "crm") if row["account"]]
    for part in ("tests", "portfolio", "windows"):
        kept = getattr(opinion, part)
        setattr(opinion, part, type(kept)())
        assert not all(opinion.crm(t, row) for t, row in found), part
        setattr(opinion, part, kept)
    assert all(opinion.crm(t, row) for t, row in found)


def test_clocks_differ_by_less_than_a_minute_and_not_for_everybody_alike(quiet):
    starts = defaultdict(list)
    for row in registry(quiet[0], "contacts"):
        starts[row["agent"], row["account"]].append(datetime.fromisoformat(row["start"]))
    leads = []
    for _, _, t, row in rows(quiet[0], "crm"):
        if row["screen"] == "summary" and not row["ticket"] and (row["agent"], row["account"]) in starts:
            leads.append(min(((t - start).total_seconds() for start in starts[row["agent"], row["account"]]), key=abs))
    assert -60 < min(leads) < 0, "some desks' clocks are behind the telephone system's"
    assert max(leads) > 30, "and some are ahead"


def test_mistyped_numbers_are_rare_and_show_only_a_summary(quarter):
    folder, truth = quarter
    trail = {(file, number): row for file, number, _, row in rows(folder, "crm")}
    looked_up = sum(bool(row["account"]) for row in trail.values())
    assert 1 <= len(truth.mistakes) <= looked_up * 0.0002
    assert {trail[place]["screen"] for place in truth.mistakes} == {"summary"}
