import pytest

from whosaw import readers
from whosaw.errors import ConfigError
from whosaw.layout.pattern import unescape
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


# --- formats that nobody named: combined, and behind it whatever an operator added --------------------------------

EXTENDED = '192.0.2.1 - {user} [09/Jan/2012:23:00:0{i} +0000] "GET /account HTTP/1.1" 200 612 "-" "Mozilla/5.0 (x)"'
SHORTENED = '192.0.2.1 - {user} [09/Jan/2012:23:00:0{i} +0000] "GET /account HTTP/1.1" 200 612'

PORTAL = ' sid="s{i}" shown="A-100{i}" cache="{cache}"'


def lines(extra, *, base=EXTENDED, user="u1", caches=("MISS", "HIT", "-")):
    return [(base + extra).format(user=user, i=i, cache=cache).encode() for i, cache in enumerate(caches)]


def read_with(guess, line):
    found = NGINX.careful(guess.layout, line)
    assert not isinstance(found, str), found
    return found


def test_named_extras_become_fields_with_their_roles():
    sample = lines(PORTAL)
    guess = NGINX.sniff(sample)
    assert guess.layout.fields[-3:] == ("sid", "shown", "cache")
    assert {role: guess.layout.roles[role] for role in ("session", "customer", "cache", "recipient")} == {
        "session": "sid",
        "customer": "shown",
        "cache": "cache",
        "recipient": "remote_user",
    }
    assert [read_with(guess, line)["shown"] for line in sample] == ["A-1000", "A-1001", "A-1002"]


def test_a_role_that_rests_on_a_name_is_never_certain():
    assert NGINX.sniff(lines(PORTAL)).confidence == pytest.approx(0.95)
    assert NGINX.sniff(lines(" rt=0.00{i}")).confidence == 1


def test_confidence_is_the_share_of_lines_that_agree():
    odd = lines(PORTAL) * 3 + [b'192.0.2.1 - - [09/Jan/2012:23:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x" something else']
    assert NGINX.sniff(odd).confidence == pytest.approx(0.95 * 9 / 10)


@pytest.mark.parametrize(
    ("extra", "names"),
    [
        (" 0.00{i} 0.001", ("extra_1", "extra_2")),
        (' "447700900123" 0.1', ("extra_1", "extra_2")),
        (' rt=0.00{i} uct="0.001" urt=-', ("rt", "uct", "urt")),
        (' rt=0.001 "x y" z', ("rt", "extra_1", "extra_2")),
        (' "203.0.113.9, 10.0.0.1" rt=0.1', ("http_x_forwarded_for", "rt")),
        (" 512 0.010 [care-portal-80] [] 10.0.0.7:80 612 0.010 200 5f0c", tuple(f"extra_{n}" for n in range(1, 10))),
        (" X-Request-Id=abc{i}", ("x_request_id",)),
    ],
)
def test_extras_are_cut_whole(extra, names):
    guess = NGINX.sniff(lines(extra))
    assert guess.layout.fields[-len(names) :] == names
    assert guess.confidence == 1


def test_a_list_of_upstreams_stays_one_value():
    guess = NGINX.sniff(lines(" 10.0.0.{i}:80 0.001"))
    retried = EXTENDED.format(user="u1", i=1) + " 10.0.0.1:80, 10.0.0.2:80 0.001, 0.002"
    found = read_with(guess, retried.encode())
    assert (found["extra_1"], found["extra_2"]) == ("10.0.0.1:80, 10.0.0.2:80", "0.001, 0.002")


def test_a_list_that_stands_in_the_sample_does_not_disturb_the_shape():
    sample = [*lines(" 10.0.0.{i}:80 0.001"), (EXTENDED.format(user="u1", i=1) + " 10.0.0.1:80, 10.0.0.2:80 0.001 : 0.002").encode()]
    guess = NGINX.sniff(sample)
    assert (guess.confidence, guess.layout.fields[-2:]) == (1, ("extra_1", "extra_2"))


def test_names_that_differ_from_line_to_line_are_no_names():
    sample = [line + f" dGVz{i}=q".encode() for i, line in enumerate(lines(" 0.1"))]
    guess = NGINX.sniff(sample)
    assert (guess.confidence, guess.layout.fields[-2:]) == (1, ("extra_1", "extra_2"))


def test_a_value_of_the_log_is_never_told():
    guess = NGINX.sniff(lines(PORTAL + ' "447700900123"'))
    assert guess.seen == "nginx log format combined with further fields sid, shown, cache, extra_1"


def test_a_login_field_is_the_recipient_only_where_the_server_knew_none():
    logged = ' login="u{i}"'
    assert NGINX.sniff(lines(logged, user="-")).layout.roles["recipient"] == "login"
    assert NGINX.sniff(lines(logged, user="u1")).layout.roles["recipient"] == "remote_user"


def test_extras_may_follow_where_referer_and_agent_are_not_logged():
    guess = NGINX.sniff(lines(PORTAL, base=SHORTENED))
    assert guess.layout.fields[-4:] == ("body_bytes_sent", "sid", "shown", "cache")
    assert "http_referer" not in guess.layout.fields


def test_a_header_that_is_named_like_its_variable_can_be_picked_as_a_header():
    guess = NGINX.sniff(lines(' sent_http_x_customer="A-{i}" http_x_msisdn="-"'))
    assert guess.layout.responses == {"x-customer": "sent_http_x_customer"}
    assert guess.layout.headers["x-msisdn"] == "http_x_msisdn"


def test_the_fast_path_cuts_a_derived_layout_like_the_careful_one(engine_fields):
    line = lines(PORTAL + " [pool-1] 10.0.0.1:80, 10.0.0.2:80")[1]
    guessed = NGINX.sniff([line]).layout
    assert engine_fields(guessed, line.decode()) == NGINX.careful(guessed, line)


def test_plain_formats_are_recognised_as_before():
    assert NGINX.sniff(lines("")).seen == "nginx log format combined"
    assert NGINX.sniff(lines(' "203.0.113.9"')).seen == "nginx log format main (combined and a forwarded address)"
    assert NGINX.sniff([b"no log line at all"]) is None
    assert NGINX.sniff([]) is None


def test_of_all_readers_nginx_takes_a_portal_log():
    assert readers.detect(lines(PORTAL))[0].reader == "nginx"


def test_squids_combined_format_stays_squids():
    line = EXTENDED.format(user="-", i=1).encode() + b" TCP_MISS:HIER_DIRECT"
    assert readers.detect([line])[0].reader == "squid"


def test_the_address_of_the_request_is_meant_and_not_the_rewritten_one_beside_it(engine_fields):
    form = layout('$remote_addr [$time_local] $uri "$request" $status')
    fields = engine_fields(form, '192.0.2.1 [09/Jan/2012:23:00:00 +0000] /index.php "GET /bill?msisdn=447700900123 HTTP/1.1" 200')
    assert fields[form.roles["uri"]] == "/bill?msisdn=447700900123"
    assert layout("$msec $uri").roles["uri"] == "uri"
