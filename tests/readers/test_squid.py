import pytest

from whosaw.errors import ConfigError
from whosaw.layout.pattern import unescape
from whosaw.readers.squid import SQUID, layout

NATIVE = "1326150000.123     42 192.0.2.1 TCP_MISS/200 258 GET http://site.example/ {} HIER_DIRECT/198.51.100.1 text/html"


def test_seconds_and_their_fraction_are_one_time(engine_fields):
    form = layout("")
    fields = engine_fields(form, NATIVE.format("u1"))
    assert (fields["time"], fields["response_time"], form.clock) == ("1326150000.123", "42", "epoch")
    assert (fields["squid_status"], fields["server"], fields["content_type"]) == ("TCP_MISS", "198.51.100.1", "text/html")


@pytest.mark.parametrize("login", ["ann smith", "ann a/b", "ann %5b09/jan/2012", "x - y", 'x "'])
def test_a_login_name_with_a_space_is_rejected(login):
    assert isinstance(SQUID.careful(layout(""), NATIVE.format(login).encode()), str)


def test_a_login_name_at_the_end_is_not_cut():
    form = layout("logformat x %{%Y-%m-%dT%H:%M:%S%z}tl %>a %un")
    assert SQUID.careful(form, b"2012-01-09T23:00:00+0000 192.0.2.1 ann smith") == "text after `login`"


def test_headers_notes_widths_and_quotes_are_read(engine_fields):
    form = layout('%ts.%03tu %>a:%>p %Ss/%03>Hs %rm %ru "%{User-Agent}>h" %{X-MSISDN}>h %{X-Customer}<h %{msisdn}note %-10rm|')
    line = r'1326150000.123 2001:db8::1:443 TCP_MISS/200 GET http://m.example/ "Mozilla \"5.0\"" 447700900123 - 447700900777 GET       |'
    fields = engine_fields(form, line)
    assert (fields["client"], fields["client_port"]) == ("2001:db8::1", "443")
    assert unescape(fields["request_header_user_agent"], form.unquote) == 'Mozilla "5.0"'
    assert fields["note_msisdn"] == "447700900777"
    assert fields["method_2"] == "GET"
    assert form.headers == {"user-agent": "request_header_user_agent", "x-msisdn": "request_header_x_msisdn"}
    assert form.responses == {"x-customer": "response_header_x_customer"}


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "NONE/0.0"])
def test_the_built_in_formats_are_read(protocol):
    line = f'192.0.2.1 - u1 [09/Jan/2012:23:00:00 +0000] "GET http://m.example/ {protocol}" 200 5 TCP_MISS:HIER_DIRECT'
    assert SQUID.careful(layout("common"), line.encode())["protocol"] == protocol
    assert SQUID.sniff([line.encode()]).seen == "Squid log format common"


def test_a_format_without_a_time_is_refused():
    with pytest.raises(ConfigError, match="no time"):
        layout("%>a %ru")
