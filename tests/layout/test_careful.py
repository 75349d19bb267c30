import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.layout import NUMBER, REQUEST, Field, Text, compose, fit, read_line, time_field
from whosaw.layout.careful import first_reason
from whosaw.model import Layout

PATTERN, FIELDS = compose(
    [
        Field(("client",)),
        Text(" ["),
        time_field("time", "clf"),
        Text('] "'),
        Field(("page",)),
        Text('" '),
        Field(("status",), NUMBER),
        Text(' "'),
        Field(("agent",)),
        Text('"'),
    ]
)
SAMPLE = Layout(kind="pattern", fields=FIELDS, roles={"time": "time"}, pattern=PATTERN)
GOOD = '10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" 200 "a"'


def combined(*before):
    """A layout with a login name before the bracket of the time, and these fields in front."""
    front = [part for name in before for part in (Field((name,)), Text(" "))]
    rest = [Field(("login",)), Text(" ["), time_field("time", "clf"), Text('] "'), Field(("method", "uri"), REQUEST), Text('"')]
    pattern, fields = compose([*front, *rest])
    return Layout(kind="pattern", fields=fields, roles={"time": "time", "recipient": "login"}, pattern=pattern)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("10.0.0.1", "line ends before `time`"),
        ("10.0.0.1 [09/Jan", "line ends inside `time`"),
        ("10.0.0.1 [yesterday] ", "time cannot be read"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x', "line ends inside `page`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x"', "line ends before `status`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" ok "a"', "`status` is not a number"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" 20x "a"', "`status` is not a number"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" 200', "line ends before `agent`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x" 200 "a', "line ends inside `agent`"),
        ('10.0.0.1 [09/Jan/2012:23:00:00 +0000] "/x"y" 200 "a"', "unbalanced quote after `page`"),
        (f"{GOOD}b", "text after `agent`"),
        ("a b", "`client` does not end where it should"),
        ("\x16\x03\x01", "binary data"),
    ],
)
def test_the_reason_names_the_field_and_never_quotes_the_line(line, reason):
    assert first_reason(SAMPLE, line) == reason
    assert read_line(SAMPLE, line.encode()) == reason


def test_a_fixed_beginning_that_is_missing_is_said_so():
    pattern, fields = compose([Text("log: "), Field(("client",)), Text(" "), time_field("time", "epoch")])
    layout = Layout(kind="pattern", fields=fields, roles={"time": "time"}, pattern=pattern, clock="epoch")
    assert first_reason(layout, "other 1") == "line does not begin with `client`"
    assert read_line(layout, b"log: a 1326150000") == {"client": "a", "time": "1326150000"}


def test_a_time_of_the_right_shape_that_never_was_cannot_be_read():
    assert read_line(SAMPLE, GOOD.replace("09/Jan", "31/Feb").encode()) == "time cannot be read"


@pytest.mark.parametrize("raw", [b"", b"   \r\n", b"\0\0\0"])
def test_a_line_without_text_is_empty(raw):
    assert read_line(SAMPLE, raw) == "empty line"


@pytest.mark.parametrize("raw", [b"\0" * 100 + GOOD.encode(), GOOD.encode() + b"\r\n", GOOD.encode() + b' "more" fields'])
def test_what_stands_around_a_good_line_is_passed_over(raw):
    assert read_line(SAMPLE, raw) == {
        "client": "10.0.0.1",
        "time": "09/Jan/2012:23:00:00 +0000",
        "page": "/x",
        "status": "200",
        "agent": "a",
    }


def test_bytes_that_are_not_utf_8_are_read():
    assert read_line(SAMPLE, GOOD.replace("/x", "/é").encode("latin-1"))["page"] == "/é"


REQUEST_LINE = '[09/Jan/2012:23:00:00 +0000] "GET /x HTTP/1.1"'


@pytest.mark.parametrize("before", [(), ("client",), ("client", "host")])
def test_a_login_name_with_spaces_ends_at_the_bracket_of_the_time(before):
    line = " ".join([*("x" for _ in before), "ann mary smith", REQUEST_LINE])
    assert read_line(combined(*before), line.encode())["login"] == "ann mary smith"


def test_a_login_name_with_spaces_is_rejected_where_its_beginning_is_not_certain():
    assert isinstance(read_line(combined("department"), f"sales ann smith {REQUEST_LINE}".encode()), str)
    assert isinstance(read_line(combined("ident"), f"id1 ann smith {REQUEST_LINE}".encode()), str)
    assert read_line(combined("ident"), f"- ann smith {REQUEST_LINE}".encode())["login"] == "ann smith"


def test_an_address_with_spaces_ends_at_its_protocol():
    line = f"u1 {REQUEST_LINE.replace('/x', '/a b c')}"
    assert read_line(combined(), line.encode())["uri"] == "/a b c"


@given(line=st.text(alphabet=st.sampled_from('a1 []"\\/:+\0é\x16'), max_size=60) | st.integers(0, 60).map(lambda n: GOOD[:n]))
def test_a_line_has_all_its_fields_or_a_reason(line):
    found = read_line(SAMPLE, line.encode())
    assert found if isinstance(found, str) else tuple(found) == FIELDS


def test_the_fit_is_the_share_of_lines_that_are_read_with_their_time():
    good = GOOD.encode()
    assert fit(SAMPLE, [good, b"", good + b"\r", b"x", good.replace(b"09/Jan", b"31/Feb")]) == 0.5
    assert fit(SAMPLE, []) == fit(SAMPLE, [b"", b" "]) == 0.0


def test_a_heading_does_not_count_against_the_fit():
    headed = Layout(kind="pattern", fields=FIELDS, roles={"time": "time"}, pattern=PATTERN, skip=1)
    assert fit(headed, [b"client,time", GOOD.encode()]) == 1
