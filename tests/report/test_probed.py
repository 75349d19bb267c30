"""A person reads the verdict first, then the doubts, then each proof; what was not looked at never looks like none."""

import io

from rich.console import Console

from report import probe_sample as sample
from whosaw.report.probed import headline, render, told


def page(outcome):
    out = io.StringIO()
    render(outcome, Console(file=out, width=100, highlight=False))
    return out.getvalue()


def test_the_verdict_stands_first_and_the_proof_below_it():
    text = page(sample.outcome())
    lines = text.splitlines()
    assert lines[0] == "1 LEAK PROVED: self-care portal"
    assert "1,234 requests" in text
    assert text.index("one answer was cut") < text.index("P-1 foreign-record  GET /bills/{bill}")
    assert "`bob` (other tenant) saw `ann`" in text
    assert "and 1 more proof" in text
    assert "$BOB_COOKIE" in text
    assert max(map(len, lines)) <= 100


def test_a_weakness_of_many_pages_is_one_row():
    assert "GET /a, GET /b, GET /c and 2 more" in " ".join(page(sample.outcome()).split())


def test_the_four_verdicts():
    clean = sample.outcome(findings=[])
    assert headline(clean) == "NO LEAK FOUND in what could be asked"
    assert headline(sample.outcome(findings=[], partial=True)).startswith("NO LEAK FOUND in a part")
    assert headline(sample.outcome(findings=[], void=True)).startswith("NOTHING IS PROVED")
    assert headline(sample.outcome(findings=sample.outcome().findings * 2)) == "2 LEAKS PROVED"


def test_a_clean_check_says_what_that_is_worth_and_a_void_one_why():
    found, clean, void, skipped = sample.outcome().checks
    assert told(clean) == "clean; 18 answers held against the markers; a share above 16.7 % would have been seen (95 %)"
    assert told(found) == "found; 120 answers held against the markers"
    assert told(void).startswith("void; 0 answers held")
    assert told(skipped) == "not asked; no `absent` id"


def test_nothing_of_a_system_reaches_the_terminal_as_a_control():
    assert "\x1b" not in page(sample.outcome())
