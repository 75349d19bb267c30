import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import ConfigError
from whosaw.layout.pattern import unescape
from whosaw.readers import detect
from whosaw.readers.crm import CRM
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


def test_a_quoted_time_is_a_time():
    assert CSV.sniff([b'"when","page"', b'"2012-01-09 23:00:00","/x"']).confidence == 1


def test_a_table_without_a_time_is_not_recognised():
    assert CSV.sniff([b"number,customer", b"447700900123,c1"]) is None
    with pytest.raises(ConfigError, match="not a heading"):
        CSV.layout("1,2")


ESPO = [
    b'"id","userId","targetType","targetId","action","createdAt","ipAddress"',
    b'"1","u7","Contact","c9","read","2012-01-09 23:00:00","192.0.2.1"',
]
SALESFORCE = [
    b'"EVENT_TYPE","TIMESTAMP","USER_ID","URI","SESSION_KEY","CLIENT_IP","TIMESTAMP_DERIVED","URI_ID_DERIVED"',
    b'"URI","20120109230000.123","005u7","/001c9","s1","192.0.2.1","2012-01-09T23:00:00.123Z","001c9"',
]


@pytest.mark.parametrize(
    ("sample", "roles"),
    [
        (
            ESPO,
            {
                "time": "createdAt",
                "recipient": "userId",
                "customer": "targetId",
                "object_type": "targetType",
                "action": "action",
                "client": "ipAddress",
            },
        ),
        (
            SALESFORCE,
            {
                "time": "TIMESTAMP_DERIVED",
                "recipient": "USER_ID",
                "customer": "URI_ID_DERIVED",
                "action": "EVENT_TYPE",
                "session": "SESSION_KEY",
                "client": "CLIENT_IP",
                "uri": "URI",
            },
        ),
        (
            [b'{"time":"2012-01-09T23:00:00Z","agent":"a1","action":"view","account":"ac1","ticket":"t1"}'],
            {"time": "time", "recipient": "agent", "action": "action", "customer": "account", "claim": "ticket"},
        ),
    ],
)
def test_a_crm_audit_trail_says_who_looked_at_whom(sample, roles):
    guess = detect(sample)[0]
    assert (guess.reader, guess.confidence) == ("crm", 1)
    assert dict(guess.layout.roles) == roles
    assert CRM.careful(guess.layout, sample[-1])[roles["recipient"]].strip('"')


def test_a_table_that_names_no_customer_is_no_audit_trail():
    assert CRM.sniff([b"time,agent,action", b"2012-01-09 23:00:00,a1,view"]) is None


def test_a_heading_or_a_json_line_is_a_layout():
    assert CRM.layout("time,agent,action,msisdn").roles["customer"] == "msisdn"
    assert CRM.layout('{"time":"2012-01-09T23:00:00Z","agent":"a1","msisdn":"447700900123"}').kind == "json"
