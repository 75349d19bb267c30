import pytest

from whosaw.errors import ConfigError
from whosaw.layout import unescape
from whosaw.readers.nginx import NGINX, layout

COMBINED = layout("")
LINE = '192.0.2.1 - {} [09/Jan/2012:23:00:00 +0000] "{}" 200 6 "-" "{}"'


def read(text, form=COMBINED):
    return NGINX.careful(form, text.encode())


def test_the_combined_format_gives_every_role():
    found = read(LINE.format("u1", "GET /bills/1?a=1 HTTP/1.1", "Mozilla/5.0"))
    assert {role: found[field] for role, field in COMBINED.roles.items()} == {
        "time": "09/Jan/2012:23:00:00 +0000",
        "client": "192.0.2.1",
        "recipient": "u1",
        "method": "GET",
        "uri": "/bills/1?a=1",
        "status": "200",
        "bytes": "6",
        "agent": "Mozilla/5.0",
        "referer": "-",
    }


def test_an_escaped_quote_stays_inside_its_field(engine_fields):
    line = LINE.format("-", r"GET /a?b=\x22c\x22 HTTP/1.1", r"Mozilla \x225.0\x22 (x)\x5C \xC3\xA9")
    fields = engine_fields(COMBINED, line)
    assert fields["uri"] == r"/a?b=\x22c\x22"
    assert unescape(fields["http_user_agent"], COMBINED.unquote) == 'Mozilla "5.0" (x)\\ é'


@pytest.mark.parametrize(
    ("request_line", "method", "uri"),
    [
        ("GET / HTTP/1.1", "GET", "/"),
        ("GET /", "GET", "/"),
        ("GET /a b c HTTP/1.1", "GET", "/a b c"),
        ("", "", ""),
        ("-", "-", ""),
        (r"\x16\x03\x01\x02\x00 abc", r"\x16\x03\x01\x02\x00", "abc"),
    ],
)
def test_every_request_that_nginx_logs_is_read(request_line, method, uri):
    found = read(LINE.format("-", request_line, "-"))
    assert (found["method"], found["uri"]) == (method, uri)


def test_a_forged_time_in_the_login_name_is_rejected():
    assert isinstance(read(LINE.format("ann [09/Jan/2011:00:00:00 +0000] x", "GET / HTTP/1.1", "-")), str)


@pytest.mark.parametrize("form", ["$remote_user $remote_addr [$time_local]", "$http_x_name $remote_user [$time_local]"])
def test_a_space_in_front_of_another_field_is_not_pushed_into_it(form):
    assert isinstance(read("ann smith 192.0.2.1 [09/Jan/2012:23:00:00 +0000]", layout(form)), str)


def test_further_fields_behind_the_last_quote_are_passed_over():
    line = LINE.format("u1", "GET / HTTP/1.1", "x")
    assert read(line + ' 0.003 "more"') == read(line)
    assert read(line + "more") == "text after `http_user_agent`"


def test_latin_1_bytes_are_read():
    assert NGINX.careful(COMBINED, LINE.format("u1", "GET /caf\xe9 HTTP/1.1", "x").encode("latin-1"))["uri"] == "/café"


def test_a_directive_is_read_as_it_stands_in_the_configuration(engine_fields):
    form = layout("""log_format main '$remote_addr:$remote_port [$time_iso8601] '
                     '"$request_method $scheme://$host$request_uri" '
                     '$status $upstream_addr $upstream_status $request_time '
                     '"$http_x_msisdn" "$sent_http_x_customer" $upstream_cache_status';""")
    line = (
        '2001:db8::1:443 [2012-01-09T23:00:00+00:00] "GET http://m.example/bill?x=1" 502 10.0.0.1:80, 10.0.0.2:80 502, 502 0.003 '
        '"447700900123" "-" HIT'
    )
    fields = engine_fields(form, line)
    assert (fields["remote_addr"], fields["remote_port"]) == ("2001:db8::1", "443")
    assert (fields["host"], fields["request_uri"]) == ("m.example", "/bill?x=1")
    assert fields["upstream_addr"] == "10.0.0.1:80, 10.0.0.2:80"
    assert form.headers == {"x-msisdn": "http_x_msisdn"}
    assert form.responses == {"x-customer": "sent_http_x_customer"}
    assert (form.roles["cache"], form.roles["uri"], form.clock) == ("upstream_cache_status", "request_uri", "iso")


def test_values_between_bars_may_hold_spaces_but_no_bar():
    form = layout("$msec|$http_user_agent|$status")
    assert read("1326150000.123|a b c|200", form)["http_user_agent"] == "a b c"
    assert isinstance(read("1326150000.123|a|b|200", form), str)


def test_the_most_exact_time_is_the_time():
    assert layout("$time_local $msec").clock == "epoch"
    with pytest.raises(ConfigError, match="no time"):
        layout("$remote_addr $status")


def test_unescaped_logs_are_left_as_they_are():
    assert layout("log_format x escape=none '$msec $uri';").unquote == "none"


def test_further_quoted_fields_are_named_when_recognised():
    line = LINE.format("u1", "GET / HTTP/1.1", "x").encode()
    assert NGINX.sniff([line + b' "203.0.113.9, 10.0.0.1"']).layout.headers["x-forwarded-for"] == "http_x_forwarded_for"
    extra = NGINX.sniff([line + b' "447700900123" 0.1'])
    assert extra.layout.fields[-2:] == ("extra_1", "extra_2")
    assert extra.confidence == 1
