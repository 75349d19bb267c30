import pytest

from whosaw.readers.haproxy import HAPROXY, layout

LINE = '{}192.0.2.1:33317 [09/Jan/2012:23:00:00.655] web be/s1 0/0/0/3/4 200 2750 SID=s1 - ---- 1/1/0/0/0 0/0 {}"GET / HTTP/1.1"'


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "Jan  9 23:00:00 gw haproxy[14389]: ",
        "<134>Jan  9 23:00:00 haproxy[1]: ",
        "haproxy[1]: ",
        "<134>1 2012-01-09T23:00:00Z gw haproxy 1 - - ",
    ],
)
def test_what_syslog_puts_in_front_is_passed_over(engine_fields, prefix):
    form = layout("")
    fields = engine_fields(form, LINE.format(prefix, ""))
    assert (fields["client"], fields["client_port"], fields["time"]) == ("192.0.2.1", "33317", "09/Jan/2012:23:00:00.655")
    assert fields[form.roles["session"]] == "SID=s1"


@pytest.mark.parametrize(("braces", "request_side", "response_side"), [("", "", ""), ("{a|b} ", "a|b", ""), ("{a b|} {c} ", "a b|", "c")])
def test_captures_are_kept_whole_where_their_names_are_not_known(engine_fields, braces, request_side, response_side):
    fields = engine_fields(layout(""), LINE.format("", braces))
    assert (fields["captured_request"], fields["captured_response"]) == (request_side, response_side)


def test_named_captures_become_headers(engine_fields):
    form = layout("captures: Host, X-MSISDN | X-Customer")
    fields = engine_fields(form, LINE.format("", "{m.example|447700900123} {447700900456} "))
    assert form.headers == {"host": "request_header_host", "x-msisdn": "request_header_x_msisdn"}
    assert fields[form.headers["x-msisdn"]] == "447700900123"
    assert fields[form.responses["x-customer"]] == "447700900456"


def test_a_bad_request_without_captures_is_read(engine_fields):
    form = layout("captures: host,x-msisdn | x-customer")
    line = '192.0.2.1:1 [09/Jan/2012:23:00:00.655] in in/<NOSRV> -1/-1/-1/-1/+0 400 0 - - PR-- 1/1/0/0/+3 0/0 "<BADREQ>"'
    fields = engine_fields(form, line)
    assert (fields["method"], fields["request_header_host"], fields["retries"]) == ("<BADREQ>", "", "+3")


def test_too_many_captures_are_rejected_and_not_shifted():
    form = layout("captures: host | x-customer")
    assert isinstance(HAPROXY.careful(form, LINE.format("", "{m.example|447700900123} {c} ").encode()), str)


def test_a_log_format_with_expressions_is_read(engine_fields):
    form = layout(
        "captures: x-msisdn\n"
        'log-format "%ci:%cp [%tr] %ft %ST %B %[var(txn.sub)] %[capture.req.hdr(0)] %[res.hdr(X-Customer)] %{+Q}[capture.req.ver] %{+Q}r"'
    )
    fields = engine_fields(form, '2001:db8::1:443 [09/Jan/2012:23:00:00.655] web 200 5 - 447700900123 - "HTTP/1.1" "GET /x HTTP/1.1"')
    assert (fields["client"], fields["client_port"]) == ("2001:db8::1", "443")
    assert fields["var_txn_sub"] == "-"
    assert fields[form.headers["x-msisdn"]] == "447700900123"
    assert form.responses == {"x-customer": "response_header_x_customer"}
    assert (fields["capture_req_ver"], fields["uri"]) == ("HTTP/1.1", "/x")


@pytest.mark.parametrize(
    "line",
    [
        '192.0.2.1 - - [09/Jan/2012:23:00:00 +0000] "GET / HTTP/1.1" 200 5 47920 "{a}"',
        '192.0.2.1 - - [09/Jan/2012:23:00:00 +0000] "<BADREQ>" 400 0 4 ',
    ],
)
def test_quoting_every_string_leaves_numbers_and_times_bare(engine_fields, line):
    form = layout("%{+Q}o %{-Q}ci - - [%trg] %r %ST %B %cp %hr")
    assert engine_fields(form, line)["client"] == "192.0.2.1"
