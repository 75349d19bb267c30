"""Formats that nobody named: combined, and behind it whatever an operator added."""

import pytest

from whosaw import readers
from whosaw.readers.nginx import NGINX

COMBINED = '192.0.2.1 - {user} [09/Jan/2012:23:00:0{i} +0000] "GET /account HTTP/1.1" 200 612 "-" "Mozilla/5.0 (x)"'
COMMON = '192.0.2.1 - {user} [09/Jan/2012:23:00:0{i} +0000] "GET /account HTTP/1.1" 200 612'

PORTAL = ' sid="s{i}" shown="A-100{i}" cache="{cache}"'


def lines(extra, *, base=COMBINED, user="u1", caches=("MISS", "HIT", "-")):
    return [(base + extra).format(user=user, i=i, cache=cache).encode() for i, cache in enumerate(caches)]


def read(guess, line):
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
    assert [read(guess, line)["shown"] for line in sample] == ["A-1000", "A-1001", "A-1002"]


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
    retried = COMBINED.format(user="u1", i=1) + " 10.0.0.1:80, 10.0.0.2:80 0.001, 0.002"
    found = read(guess, retried.encode())
    assert (found["extra_1"], found["extra_2"]) == ("10.0.0.1:80, 10.0.0.2:80", "0.001, 0.002")


def test_a_list_that_stands_in_the_sample_does_not_disturb_the_shape():
    sample = [*lines(" 10.0.0.{i}:80 0.001"), (COMBINED.format(user="u1", i=1) + " 10.0.0.1:80, 10.0.0.2:80 0.001 : 0.002").encode()]
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
    guess = NGINX.sniff(lines(PORTAL, base=COMMON))
    assert guess.layout.fields[-4:] == ("body_bytes_sent", "sid", "shown", "cache")
    assert "http_referer" not in guess.layout.fields


def test_a_header_that_is_named_like_its_variable_can_be_picked_as_a_header():
    guess = NGINX.sniff(lines(' sent_http_x_customer="A-{i}" http_x_msisdn="-"'))
    assert guess.layout.responses == {"x-customer": "sent_http_x_customer"}
    assert guess.layout.headers["x-msisdn"] == "http_x_msisdn"


def test_the_fast_path_cuts_a_derived_layout_like_the_careful_one():
    import duckdb

    line = lines(PORTAL + " [pool-1] 10.0.0.1:80, 10.0.0.2:80")[1]
    layout = NGINX.sniff([line]).layout
    names = [f"f{i}" for i in range(len(layout.fields))]
    (cut,) = duckdb.execute("select regexp_extract(?, ?, ?)", [line.decode(), layout.pattern, names]).fetchone()
    assert dict(zip(layout.fields, cut.values(), strict=True)) == NGINX.careful(layout, line)


def test_plain_formats_are_recognised_as_before():
    assert NGINX.sniff(lines("")).seen == "nginx log format combined"
    assert NGINX.sniff(lines(' "203.0.113.9"')).seen == "nginx log format main (combined and a forwarded address)"
    assert NGINX.sniff([b"no log line at all"]) is None
    assert NGINX.sniff([]) is None


def test_of_all_readers_nginx_takes_a_portal_log():
    assert readers.detect(lines(PORTAL))[0].reader == "nginx"


def test_squids_combined_format_stays_squids():
    line = COMBINED.format(user="-", i=1).encode() + b" TCP_MISS:HIER_DIRECT"
    assert readers.detect([line])[0].reader == "squid"
