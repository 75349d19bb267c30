import pytest

from whosaw.errors import ConfigError
from whosaw.layout.clock import parse_time
from whosaw.layout.pattern import unescape
from whosaw.readers.apache import APACHE, layout


def test_an_escaped_quote_stays_inside_its_field(engine_fields):
    form = layout("combined")
    line = r'192.0.2.1 - u1 [09/Jan/2012:23:00:00 +0000] "GET /a\"b HTTP/1.1" 200 - "-" "Mozilla \"5.0\" \\"'
    fields = engine_fields(form, line)
    assert fields["uri"] == r"/a\"b"
    assert unescape(fields["request_header_user_agent"], form.unquote) == 'Mozilla "5.0" \\'
    assert fields["bytes"] == "-"
    assert APACHE.careful(form, line.encode()) == fields


def test_a_logformat_line_is_read_as_it_stands_in_the_configuration(engine_fields):
    form = layout(r'LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{X-MSISDN}i\" \"%{X-Customer}o\" %{SID}C %D" mine')
    line = 'm.example:443 2001:db8::1 - - [09/Jan/2012:23:00:00 +0000] "GET / HTTP/1.1" 200 77 "447700900123" "-" s1 1234'
    fields = engine_fields(form, line)
    assert fields["cookie_sid"] == "s1"
    assert fields["duration_us"] == "1234"
    assert form.headers == {"x-msisdn": "request_header_x_msisdn"}
    assert form.responses == {"x-customer": "response_header_x_customer"}
    assert {form.roles[r] for r in ("host", "client", "recipient", "bytes")} == {"host", "client", "login", "bytes_sent"}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%{%Y-%m-%dT%H:%M:%S%z}t %h", "2012-01-09T23:00:00+0000 192.0.2.1"),
        ("%{%F %T}t %h", "2012-01-09 23:00:00 192.0.2.1"),
        ("%{%d/%b/%Y %T}t.%{msec_frac}t %h", "09/Jan/2012 23:00:00.000 192.0.2.1"),
        ("%{sec}t %h", "1326150000 192.0.2.1"),
        ("%{msec}t %h", "1326150000000 192.0.2.1"),
        ("[%{begin:%d/%b/%Y:%H:%M:%S %z}t] %h", "[09/Jan/2012:23:00:00 +0000] 192.0.2.1"),
    ],
)
def test_every_time_format_is_read_back(form, text, engine_fields):
    made = layout(form)
    fields = engine_fields(made, text)
    assert fields["client"] == "192.0.2.1"
    assert parse_time(fields["time"], made.clock).isoformat() == "2012-01-09T23:00:00+00:00"


def test_a_time_that_cannot_be_read_back_is_refused():
    with pytest.raises(ConfigError, match="%Z"):
        layout("%{%H:%M %Z}t %h")
    with pytest.raises(ConfigError, match="no time"):
        layout("%h %u")


def test_common_lines_are_told_from_combined_ones():
    line = b'192.0.2.1 - u1 [09/Jan/2012:23:00:00 +0000] "GET / HTTP/1.1" 200 5'
    assert APACHE.sniff([line]).seen == "Apache log format common"
    assert APACHE.sniff([b"m.example:80 " + line + b' "-" "x"']).seen == "Apache log format vhost_combined"


def test_a_login_name_with_a_space_is_read_whole_unless_an_ident_stands_before_it():
    line = '192.0.2.1 {} [09/Jan/2012:23:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"'
    assert APACHE.careful(layout(""), line.format("- ann smith").encode())["login"] == "ann smith"
    assert isinstance(APACHE.careful(layout(""), line.format("id1 ann smith").encode()), str)
