import io

import msgspec
import pytest
from rich.console import Console

from report import sample
from whosaw.report import terminal


def shown(result, *, width=100, **options):
    out = io.StringIO()
    terminal.render(result, Console(file=out, width=width, **options))
    return out.getvalue()


@pytest.mark.parametrize("name", sample.ALL)
def test_the_answer_reads_as_agreed(name, snapshot):
    assert shown(sample.ALL[name]()) == snapshot


@pytest.mark.parametrize("name", sample.ALL)
@pytest.mark.parametrize("width", [60, 100, 200])
def test_no_line_is_wider_than_the_terminal_or_a_hundred_columns(name, width):
    assert max(len(line) for line in shown(sample.ALL[name](), width=width).splitlines()) <= min(width, 100)


def test_what_would_mislead_stands_first():
    assert shown(sample.unjudged()).startswith("CAREFUL  This is not a finding that all was well")
    assert shown(sample.empty()).startswith("CAREFUL  This is not a finding that all was well")


def test_the_order_is_verdict_doubts_detail():
    text = shown(sample.rich())
    places = [text.index(word) for word in ("UNENTITLED DISCLOSURES FOUND", "DOUBTS", "INC-1", "LOOKS LIKE A MISSING ENTITLEMENT", "READ")]
    assert places == sorted(places)


def test_colour_only_repeats_what_the_words_say(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = shown(sample.rich(), force_terminal=True, color_system="truecolor")
    assert "\x1b[1;31m" in coloured
    plain = shown(sample.rich(), force_terminal=True, color_system="truecolor", no_color=True)
    assert "\x1b[1;31m" not in plain
    assert "UNENTITLED DISCLOSURES FOUND" in plain


@pytest.mark.parametrize("text", sample.HOSTILE)
def test_a_log_cannot_write_to_the_terminal(text):
    out = shown(sample.hostile(text))
    assert not set(out) & set("\x1b\x07\r\u202e\u202c\u200f\u061c")


def test_a_log_cannot_style_the_answer():
    assert "[bold]markup[/bold]" in shown(sample.hostile("[bold]markup[/bold]"), force_terminal=True, color_system="truecolor")


def test_many_incidents_are_cut_and_the_cut_is_told():
    result = msgspec.structs.replace(sample.rich(), incidents=[sample.lookup()] * 25)
    assert "... and 5 more incidents" in shown(result)
