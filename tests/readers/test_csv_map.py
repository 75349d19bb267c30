import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import ConfigError
from whosaw.layout.pattern import unescape
from whosaw.readers.csv_map import CSV

FORM = CSV.layout("time,page,note")


@given(
    cells=st.lists(
        st.text(alphabet=st.characters(blacklist_characters="\r\n\0", blacklist_categories=["Cs"]), max_size=20), min_size=2, max_size=2
    )
)
def test_what_a_csv_writer_writes_is_read_back(engine_fields, cells):
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(["2012-01-09 23:00:00", *cells])
    fields = engine_fields(FORM, out.getvalue())
    assert [unescape(fields[name], FORM.unquote) for name in ("page", "note")] == cells
    assert CSV.careful(FORM, out.getvalue().encode()) == fields


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('2012-01-09 23:00:00,"first line', "quoted field spans lines"),
        ("2012-01-09 23:00:00,/x", "line ends before `note`"),
        ("2012-01-09 23:00:00,/x,y,z", "more columns than the heading"),
        ("yesterday,/x,y", "time cannot be read"),
        ("", "empty line"),
        ("\0\x01", "binary data"),
    ],
)
def test_a_line_that_does_not_fit_has_its_reason(line, reason):
    assert CSV.careful(FORM, line.encode()) == reason


def test_a_stray_quote_inside_a_bare_cell_is_read_by_the_careful_path(engine_fields):
    line = '2012-01-09 23:00:00,5" screen,x'
    assert engine_fields(FORM, line) is None
    assert CSV.careful(FORM, line.encode())["page"] == '5" screen'


def test_a_blank_in_front_of_a_bare_cell_belongs_to_it():
    assert CSV.careful(FORM, b"2012-01-09 23:00:00,, 0")["note"] == " 0"


def test_a_quoted_cell_behind_a_blank_is_not_cut_at_its_comma():
    assert isinstance(CSV.careful(FORM, b'2012-01-09 23:00:00, "a, b"'), str)


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        (b"time;a;b", b"2012-01-09 23:00:00;x,y;z"),
        (b"time\ta\tb", b"2012-01-09 23:00:00\tx y\tz"),
        (b"time|a|b", b"2012-01-09 23:00:00|x|z"),
    ],
)
def test_the_separator_is_guessed(engine_fields, heading, line):
    guess = CSV.sniff([heading, line])
    assert guess.confidence == 1
    assert engine_fields(guess.layout, line.decode())["b"] == "z"


def test_the_guess_says_how_many_columns_were_seen_and_how_many_lines_fit():
    guess = CSV.sniff([b"time,page", b"2012-01-09 23:00:00,/x", b"2012-01-09 23:00:00,/x,y"])
    assert (guess.reader, guess.seen, guess.confidence) == ("csv", "a table with 2 columns", 0.5)


@pytest.mark.parametrize("sample", [[], [b""], [b"time,page"], [b"time,page", b"soon,/x"], [b"msisdn", b"447700900123"]])
def test_a_heading_without_lines_that_fit_is_no_table(sample):
    assert CSV.sniff(sample) is None


def test_a_byte_order_mark_and_carriage_returns_are_passed_over():
    guess = CSV.sniff([b"\xef\xbb\xbftime,page\r\n", b"2012-01-09 23:00:00,/x\r\n"])
    assert (guess.confidence, guess.layout.roles) == (1, {"time": "time", "uri": "page"})


def test_a_file_without_a_heading_is_read_by_the_names_the_operator_gives(engine_fields):
    form = CSV.layout("no heading: time,page,note")
    assert (form.skip, form.pattern) == (0, FORM.pattern)
    assert engine_fields(form, "2012-01-09 23:00:00,/x,")["page"] == "/x"


def test_a_quoted_time_is_a_time():
    assert CSV.sniff([b'"when","page"', b'"2012-01-09 23:00:00","/x"']).confidence == 1


def test_a_table_without_a_time_is_not_recognised():
    assert CSV.sniff([b"number,customer", b"447700900123,c1"]) is None
    with pytest.raises(ConfigError, match="not a heading"):
        CSV.layout("1,2")
