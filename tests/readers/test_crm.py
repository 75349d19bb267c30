import pytest

from whosaw.errors import ConfigError
from whosaw.readers import detect
from whosaw.readers.crm import CRM

JSON = b'{"time":"2012-01-09T23:00:00Z","agent":"a1","action":"view","account":"ac1","ticket":"t1"}'
TABLE = [b"time,agent,action,msisdn", b"2012-01-09 23:00:00,a1,view,447700900123"]
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
            [JSON],
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


def test_a_row_of_an_audit_trail_is_read_the_same_by_both_paths(engine_fields):
    for sample in (ESPO, SALESFORCE, TABLE, [JSON]):
        layout = CRM.sniff(sample).layout
        assert CRM.careful(layout, sample[-1]) == engine_fields(layout, sample[-1].decode())


def test_the_guess_names_the_two_columns_that_matter():
    assert CRM.sniff(TABLE).seen == "a CRM audit trail: `agent` and `msisdn`"


@pytest.mark.parametrize("missing", ["2012-01-09T23:00:00Z", "agent", "action", "account"])
def test_lines_that_do_not_say_when_who_did_what_with_whom_are_no_audit_trail(missing):
    assert CRM.sniff([JSON.replace(missing.encode(), b"note")]) is None


@pytest.mark.parametrize("sample", [[], [b""], [b"hello world"], TABLE[:1]])
def test_nothing_to_read_is_no_audit_trail(sample):
    assert CRM.sniff(sample) is None


def test_the_surety_is_the_share_of_lines_that_fit():
    assert CRM.sniff([*TABLE, b"soon,a1,view,447700900123"]).confidence == 0.5
    assert CRM.sniff([JSON, b"{"]).confidence == 0.5


@pytest.mark.parametrize(
    ("layout", "raw", "reason"),
    [
        (TABLE[0], b"2012-01-09 23:00:00,a1,view", "line ends before `msisdn`"),
        (TABLE[0], b'2012-01-09 23:00:00,a1,"view', "quoted field spans lines"),
        (JSON, b'{"agent":"a1"}', "`time` is missing"),
        (JSON, TABLE[1], "not a json object"),
    ],
)
def test_a_line_that_does_not_fit_has_the_reason_of_its_kind(layout, raw, reason):
    assert CRM.careful(CRM.layout(layout.decode()), raw) == reason


def test_a_layout_that_is_neither_heading_nor_json_is_refused():
    with pytest.raises(ConfigError, match="not a heading"):
        CRM.layout("agent")
